"""What tests of backups share: making one, and making ones that nobody would make."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

from pressrun.operations.backup.data_snapshot import open_snapshot
from pressrun.operations.backup.encodings import Compression, Encoding, open_backup
from pressrun.operations.backup.manifest import Manifest
from pressrun.operations.backup.rehearsal import Rehearsal, rehearse
from pressrun.operations.backup.write_backup import write_file
from pressrun.store.upkeep.datadir import DataDir

CONFIG = b"# a configuration\n"
PLAIN = Encoding(compression=Compression.NONE, recipients=())
Change = Callable[[dict[str, bytes]], None]


def make_backup(data: DataDir, target: Path, encoding: Encoding = PLAIN) -> Manifest:
    """A backup of these data."""
    with open_snapshot(data) as snapshot:
        return write_file(snapshot, CONFIG, target, encoding, lambda _: None)


def rehearsed(path: Path, folder: Path, identity: Path | None = None) -> Rehearsal:
    """A backup, unpacked and verified in a new folder."""
    folder.mkdir()
    with open_backup(path, identity) as backup:
        return rehearse(backup, folder, lambda _: None)


def rewrite(source: Path, target: Path, change: Change) -> Path:
    """A backup with other files, in the order of the dictionary; the manifest is what `change` leaves of it."""
    files = members(source)
    change(files)
    with tarfile.open(target, "w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in files.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
    return target


def members(source: Path) -> dict[str, bytes]:
    """The files of a backup that is not compressed, as an independent reader finds them."""
    with tarfile.open(source) as archive:
        files = {member.name: archive.extractfile(member) for member in archive}
        return {name: file.read() for name, file in files.items() if file is not None}
