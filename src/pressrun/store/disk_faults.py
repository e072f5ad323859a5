"""What an operator reads when the disk below the data is at fault, whatever failed on it."""

from __future__ import annotations

import os
from pathlib import Path

from pressrun.core.errors import NoRoom, Unavailable

_LEAST_ROOM_BYTES = 256 * 1024  # SQLite itself needs 32 KiB to open a file


def explain(what: str, folder: Path, problem: str) -> Unavailable:
    """That `what` failed with this problem, and why: the disk of the folder is read-only or full, or neither."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return Unavailable(f"{what} ({problem})")  # the folder is not there, or closed to us
    if disk.f_flag & os.ST_RDONLY:
        return Unavailable(
            f"{what}, because its disk is mounted read-only ({problem}): look into `dmesg` for the reason, then mount "
            "it for writing"
        )
    has_no_files_left = bool(disk.f_files) and not disk.f_favail  # file systems without inodes count none
    if has_no_files_left or disk.f_bavail * disk.f_frsize < _LEAST_ROOM_BYTES:
        return NoRoom(f"{what}, because its disk is full ({problem}): make room, then try again")
    return Unavailable(f"{what} ({problem})")
