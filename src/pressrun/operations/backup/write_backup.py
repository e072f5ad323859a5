"""Makes a backup while the service goes on: a checked copy of the database, and the archive around it.

Until the archive is complete and on the disk, it does not have its name. Everything unfinished is in a hidden folder
beside it. If this backup is killed, a waiting shell removes that folder; after a power cut, the next backup does.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO

from pressrun import __version__
from pressrun.core.errors import OutputExists, Refused
from pressrun.core.timestamps import rfc3339
from pressrun.operations.backup.data_snapshot import DataSnapshot
from pressrun.operations.backup.encodings import Encoding, encoded
from pressrun.operations.backup.manifest import (
    CONFIG,
    DATABASE,
    NAME,
    BackupFile,
    Manifest,
    encode_manifest,
    fingerprints,
)
from pressrun.operations.backup.tar_stream import CHUNK, TarWriter
from pressrun.operations.row_copies import Progress, complete_mark, fill_database
from pressrun.store.files import name_new_file, new_private_file, sync_directory
from pressrun.store.readers import consent
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.sqlite.tables import SqliteTables

SCRATCH = ".pressrun-backup-"  # followed by some letters: the folder of an unfinished backup
_HAS_HEAD = "consent_head"
# `read` ends when the other end of its stdin is closed. A stop by systemd is a signal to all processes.
_REMOVE_LATER = 'trap "" HUP INT TERM; read -r _; rm -rf -- "$1"'


@contextmanager
def scratch_folder(beside: Path) -> Iterator[Path]:
    """This process's folder for unfinished files; the folders of killed backups are removed first.

    The lock on the folder ends with the process, however that ends.
    """
    for left in beside.glob(f"{SCRATCH}*"):
        _remove_if_left(left)
    while (made := _make_locked(beside)) is None:
        pass
    folder, descriptor = made
    with _removed_after_kill(folder):
        try:
            # Not by its name, which the owner of the folder around it may give to another one.
            yield Path(f"/proc/self/fd/{descriptor}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)


@contextmanager
def _removed_after_kill(folder: Path) -> Iterator[None]:
    """Have a shell remove the folder, which has keys and addresses in it, when this process ends, however it does."""
    try:
        shell = subprocess.Popen(  # noqa: S603 - the name of the folder is an argument, not part of the program
            ["/bin/sh", "-c", _REMOVE_LATER, "sh", folder.absolute()],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # out of reach of a terminal that is closed
        )
    except OSError:  # the next backup removes it
        yield
        return
    with shell:
        yield


def _make_locked(beside: Path) -> tuple[Path, int] | None:
    """A new folder and the descriptor that holds its lock; None if another process took it for a leftover folder."""
    folder = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=beside))
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    if folder.exists():
        return folder, descriptor
    os.close(descriptor)
    return None


def _remove_if_left(folder: Path) -> None:
    with suppress(OSError):  # another process has just removed it, or it belongs to somebody else
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
        finally:
            os.close(descriptor)


def write_file(snapshot: DataSnapshot, config: bytes, target: Path, encoding: Encoding, progress: Progress) -> Manifest:
    """Write a backup to a new file, whole or not at all. Raises OutputExists, and Refused for a damaged database."""
    _require_free(target)
    with scratch_folder(target.parent) as scratch:
        draft = scratch / "archive"
        with new_private_file(draft) as out:
            manifest = write_stream(snapshot, config, out, encoding, scratch, progress)
        _publish(draft, target)
    return manifest


def write_stream(
    snapshot: DataSnapshot, config: bytes, out: IO[bytes], encoding: Encoding, scratch: Path, progress: Progress
) -> Manifest:
    """Write a backup to a stream; `scratch` is for the copy of the database."""
    copy = scratch / DATABASE
    copy_database(snapshot, copy, progress)
    files = {CONFIG: config, **snapshot.files}
    manifest = describe(snapshot, copy, files, progress)
    progress("writing the archive")
    with encoded(out, encoding) as archive, copy.open("rb") as database:
        tar = TarWriter(archive)
        for name, content in {NAME: encode_manifest(manifest), **files}.items():
            tar.add(name, len(content), snapshot.at, io.BytesIO(content))
        tar.add(DATABASE, os.fstat(database.fileno()).st_size, snapshot.at, database)
        tar.close()
    out.flush()
    return manifest


def _require_free(target: Path) -> None:
    if os.path.lexists(target):
        raise OutputExists(f"{target} already exists. Name another file, or a folder")


def _publish(draft: Path, target: Path) -> None:
    try:
        name_new_file(draft, target)
    except FileExistsError:  # somebody has created it since
        _require_free(target)
    sync_directory(target.parent)


def copy_database(snapshot: DataSnapshot, copy: Path, progress: Progress) -> None:
    """Copy the database of a snapshot, of either engine, to a file; raises Refused if it is damaged."""
    if isinstance(snapshot.tables, SqliteTables):
        _copy_file(snapshot.tables, copy, progress)
    else:
        _copy_rows(snapshot, copy, progress)
    progress("checking the copy")
    damage = SqliteFile(copy).find_damage()
    if damage is not None:
        raise Refused(
            f"{snapshot.data.database} is damaged ({damage.words}): {damage.remedy}. Nothing was written. Keep your "
            "latest backups"
        )


def _copy_file(tables: SqliteTables, copy: Path, progress: Progress) -> None:
    def show(left: int, total: int) -> None:
        progress(f"copying the database, {100 * (total - left) // max(1, total)} %")

    tables.copy_file(copy, show)


def _copy_rows(snapshot: DataSnapshot, copy: Path, progress: Progress) -> None:
    """Copy all rows of a database on a server, as that snapshot has them, to a file."""
    with closing(SqliteFile(copy).open_target()) as target:
        fill_database(snapshot.tables, target, progress)
        target.publish(complete_mark(""))
        target.release(lambda _: None)


def describe(snapshot: DataSnapshot, copy: Path, files: dict[str, bytes], progress: Progress) -> Manifest:
    """The manifest of a backup with this copy of the database and these other files."""
    progress("counting rows")
    with closing(SqliteFile(copy).connect(readonly=True)) as connection:
        tables = connection.tables()
        rows = tables.count_all()
        head = consent.read_head(tables.tx) if _HAS_HEAD in rows else None
    progress("computing digests")
    described = [BackupFile(name, len(content), hashlib.sha256(content).hexdigest()) for name, content in files.items()]
    return Manifest(
        program=__version__,
        schema=snapshot.schema,
        engine=snapshot.engine,
        created_at=str(rfc3339(snapshot.at)),
        keys=fingerprints(snapshot.keys),
        consent_head=str(head) if head is not None and head.number else None,
        rows=rows,
        files=(*described, BackupFile(DATABASE, copy.stat().st_size, digest_file(copy))),
    )


def digest_file(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def large_temporary_files(environ: Mapping[str, str]) -> Path:
    """The folder for large temporary files: TMPDIR, or /var/tmp, as /tmp is often in memory."""
    return Path(environ.get("TMPDIR") or "/var/tmp")  # noqa: S108 - what we create in it is ours alone
