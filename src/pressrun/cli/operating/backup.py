"""`backup`: one archive of everything that an installation needs to live on elsewhere."""

from __future__ import annotations

import logging
import os
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from pressrun.cli.shared.invocation import Invocation
from pressrun.cli.shared.output import ProgressLine, echo, print_json, print_warning
from pressrun.cli.shared.owner import acting_as_owner
from pressrun.cli.shared.verb import verb
from pressrun.core.errors import BadQuantity, Refused, UsageError, reason_of
from pressrun.core.upkeep.backup_keep import KeepPart, parse_keep
from pressrun.observe import log as logs
from pressrun.observe.journal import is_journal
from pressrun.observe.log import event
from pressrun.operations.backup.data_snapshot import DataSnapshot, open_snapshot
from pressrun.operations.backup.encodings import Compression, Encoding, best_compression, compression_of
from pressrun.operations.backup.manifest import Manifest
from pressrun.operations.backup.thinning import name_backup, thin_out
from pressrun.operations.backup.write_backup import large_temporary_files, scratch_folder, write_file, write_stream
from pressrun.store.upkeep import last_backup
from pressrun.store.upkeep.last_backup import LastBackup

log = logging.getLogger("pressrun.backup")

STDOUT = "-"


def _parse_keep(_: click.Context, __: click.Parameter, value: str | None) -> tuple[KeepPart, ...] | None:
    """The periods of `--keep`."""
    try:
        return None if value is None else parse_keep(value)
    except BadQuantity as problem:
        raise UsageError(str(problem)) from None


@verb("backup")
@click.argument("target", metavar="FILE|DIR|-")
@click.option(
    "--keep",
    metavar="PERIODS",
    callback=_parse_keep,
    help="Then remove older backups of this installation from DIR: 7d,4w,12m keeps the newest of each of the "
    "last 7 days, 4 weeks and 12 months.",
)
def backup(invocation: Invocation, *, target: str, keep: tuple[KeepPart, ...] | None) -> None:
    """Write to a new FILE, to a new file in the folder DIR, or to stdout (-). A backup contains a snapshot of the
    database, the journal of copies that relays have accepted, the link keys, layouts, DKIM keys in data_dir,
    config.toml, and a manifest with the digest of each file. It is encrypted for the recipients in [backup].

    It is compressed with zstd, or with gzip if zstd is not installed. A FILE that ends in .tar, and stdout, are not
    compressed.
    """
    folder = Path(target) if target != STDOUT and Path(target).is_dir() else None
    _require_sense(target, folder, keep, as_json=invocation.as_json)
    started_at = time.monotonic()
    config = invocation.config_path.read_bytes()
    recipients = invocation.settings.backup.recipients
    try:
        with ProgressLine() as progress, _opened_snapshot(invocation) as snapshot:
            if target == STDOUT:
                manifest = _write_to_stdout(snapshot, config, recipients, progress)
                place, size = STDOUT, manifest.size
            else:
                manifest, path = _write_to_file(snapshot, config, Path(target), folder, recipients, progress)
                place, size = str(path.absolute()), path.stat().st_size
    except OSError as problem:
        why = _why_no_folder(Path(target).absolute().parent) or reason_of(problem)
        raise Refused(f"the backup was not written: {why}") from problem
    _note(invocation, LastBackup(at=snapshot.at, place=place, size=size))
    removed = [] if folder is None or keep is None else thin_out(folder, manifest.installation, keep)
    _report(invocation, manifest, place, size, time.monotonic() - started_at, removed)


def _note(invocation: Invocation, backup: LastBackup) -> None:
    """Let monitoring know. The backup is good even if data_dir cannot be written to, as on a faulty disk."""
    try:
        with acting_as_owner(invocation.data.root):
            last_backup.record(invocation.data, backup)
    except OSError as problem:
        why = reason_of(problem)
        print_warning(f"the backup is complete, but monitoring does not know of it: {invocation.data.root}: {why}")


def _why_no_folder(folder: Path) -> str | None:
    """Why nothing can be written into a folder: it does not exist, or something on the way to it is a file."""
    if folder.is_dir():
        return None
    file = next((path for path in (folder, *folder.parents) if path.is_file()), None)
    return f"the folder {folder} does not exist. Create it first" if file is None else f"{file} is a file, not a folder"


def _require_sense(target: str, folder: Path | None, keep: tuple[KeepPart, ...] | None, *, as_json: bool) -> None:
    if not target:
        raise UsageError("the name of the backup is empty. Name a file or folder")
    if keep is not None and folder is None:
        raise UsageError(f"--keep is for a folder, and there is none at {target}")
    if folder is None and target.endswith(os.sep):
        why = _why_no_folder(Path(target).absolute()) or "it cannot be reached"
        raise Refused(f"the backup was not written: {why}")
    if target == STDOUT and as_json:
        raise UsageError("stdout cannot take both the backup and --json")
    if target == STDOUT and sys.stdout.isatty():
        raise UsageError("a backup cannot be shown on a terminal. Name a file or folder, or add a pipe")
    if target == STDOUT and _leads_nowhere(sys.stdout.fileno()):
        raise UsageError("stdout is closed or /dev/null: nothing would be kept. Name a file or folder, or add a pipe")


def _leads_nowhere(descriptor: int) -> bool:
    """Whether it is /dev/null, which a closed stream is, too: such a backup would count as the last one."""
    status, nothing = os.fstat(descriptor), Path(os.devnull).stat()
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == nothing.st_rdev


@contextmanager
def _opened_snapshot(invocation: Invocation) -> Iterator[DataSnapshot]:
    """The snapshot, opened and closed as the owner of the data. What is written belongs to the caller."""
    root = invocation.data.root
    with ExitStack() as stack:
        with acting_as_owner(root):
            snapshot = stack.enter_context(open_snapshot(invocation.data))
        try:
            yield snapshot
        finally:
            with acting_as_owner(root):
                stack.close()


def _write_to_stdout(
    snapshot: DataSnapshot, config: bytes, recipients: Sequence[str], progress: ProgressLine
) -> Manifest:
    encoding = Encoding(compression=Compression.NONE, recipients=recipients)
    with scratch_folder(large_temporary_files(os.environ)) as scratch:
        return write_stream(snapshot, config, sys.stdout.buffer, encoding, scratch, progress)


def _write_to_file(
    snapshot: DataSnapshot,
    config: bytes,
    target: Path,
    folder: Path | None,
    recipients: Sequence[str],
    progress: ProgressLine,
) -> tuple[Manifest, Path]:
    """The manifest, and the path of the new file: `target`, or one in the folder."""
    compression = compression_of(target.name) if folder is None else best_compression()
    encoding, path = Encoding(compression=compression, recipients=recipients), target
    if folder is not None:
        path = folder / name_backup(snapshot.installation, snapshot.at, encoding.ending)
    return write_file(snapshot, config, path, encoding, progress), path


def _report(
    invocation: Invocation, manifest: Manifest, place: str, size: int, seconds: float, removed: Sequence[Path]
) -> None:
    if is_journal(sys.stderr, os.environ):  # elsewhere, stdout tells the caller
        logs.configure(invocation.settings.log, sys.stderr)
        event(log, "backup.written", place=place, size=size, seconds=round(seconds, 1), removed=len(removed))
    if invocation.as_json:
        print_json(
            {
                "file": place,
                "size": size,
                "created_at": manifest.created_at,
                "installation": manifest.installation,
                "schema": manifest.schema,
                "consent_head": manifest.consent_head,
                "seconds": round(seconds, 1),
                "removed": list(map(str, removed)),
            }
        )
    elif place != STDOUT:
        echo(f"wrote {place}, {size:,} octets, in {seconds:.1f} s")
        for path in removed:
            echo(f"removed {path}")
