"""When the last good backup was made: a small file in data_dir, which the daemon shows to whoever watches it.

It is no row of the database: a backup needs no lock and writes nothing there, and works before a schema is migrated.
"""

from __future__ import annotations

import os

import msgspec

from pressrun.store.files import sync_directory
from pressrun.store.upkeep.datadir import DataDir

_NAME = "last-backup.json"


class LastBackup(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that was written whole: the moment that it shows (UTC seconds), where it went, and its octets.

    `place` is `-` for one that went to another program.
    """

    at: int
    place: str
    size: int


def record(data: DataDir, backup: LastBackup) -> None:
    """Keep this as the last good backup."""
    path = data.root / _NAME
    draft = path.with_name(f".{_NAME}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(msgspec.json.encode(backup))
        handle.flush()
        os.fsync(handle.fileno())
    draft.replace(path)
    sync_directory(path.parent)


def find(data: DataDir) -> LastBackup | None:
    """The last good backup, or None where none is known."""
    try:
        return msgspec.json.decode((data.root / _NAME).read_bytes(), type=LastBackup)
    except (OSError, msgspec.DecodeError):
        return None


def last_backup_at(data: DataDir) -> int:
    """The moment that the last good backup shows (UTC seconds), or 0."""
    backup = find(data)
    return 0 if backup is None else backup.at
