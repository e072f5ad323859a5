"""When the latest good backup was made: a small file in data_dir, which the daemon shows to monitoring.

It is not a row of the database: a backup needs no lock and writes nothing there, and works before a schema is migrated.
"""

from __future__ import annotations

import msgspec

from pressrun.store.files import replace_file
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
    replace_file(data.root / _NAME, msgspec.json.encode(backup))


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
