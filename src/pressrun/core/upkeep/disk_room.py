"""How much space the disk of data_dir has, and below which level nothing that needs much of it may begin.

Two thresholds, because a warning that comes with the refusal comes too late. A level is left only once there is a tenth
more room than its threshold, so that it does not come and go with every file.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

_MARGIN = 1.1
FEWEST_INODES = 16  # a checkpoint and a backup need one or two each


class DiskLevel(StrEnum):
    """How full the disk is."""

    OK = "ok"
    LOW = "low"
    NEARLY_FULL = "nearly full"


class StorageRoom(Struct, frozen=True, kw_only=True):
    """Octets that an ordinary user may still write, free inodes (None: without limit), and sizes of our own files."""

    free: int
    inodes: int | None = None
    database: int = 0
    wal: int = 0  # SQLite's write-ahead log; 0 on a server


class RoomLimits(Struct, frozen=True, kw_only=True):
    """Octets: `warning` and `reserve` of free space, and how large the write-ahead log may be."""

    warning: int
    reserve: int
    wal_size: int


def decide_level(room: StorageRoom, before: DiskLevel, limits: RoomLimits) -> DiskLevel:
    """The present level; `before` is the previous one."""
    if why_nearly_full(room, limits, is_left=before is DiskLevel.NEARLY_FULL) is not None:
        return DiskLevel.NEARLY_FULL
    is_low = room.free < limits.warning * (1.0 if before is DiskLevel.OK else _MARGIN)
    return DiskLevel.LOW if is_low else DiskLevel.OK


def why_nearly_full(room: StorageRoom, limits: RoomLimits, *, is_left: bool) -> str | None:
    """What is running out, or None. With `is_left`, a little more space than that is required."""
    margin = _MARGIN if is_left else 1.0
    if room.free < limits.reserve * margin:
        return f"{_mebibytes(room.free)} are free, and [limits] disk_reserve keeps {_mebibytes(limits.reserve)}"
    if room.inodes is not None and room.inodes < FEWEST_INODES * margin:
        return f"{room.inodes} inodes are free"
    if room.wal * margin > limits.wal_size:
        return (
            f"the write-ahead log has {_mebibytes(room.wal)}, more than [limits] wal_size of "
            f"{_mebibytes(limits.wal_size)}: another process has been reading the database for long"
        )
    return None


def _mebibytes(octets: int) -> str:
    return f"{octets / 1024**2:,.0f} MiB"
