"""What an operator reads when something failed because of the disk that holds the data."""

from __future__ import annotations

import os
from pathlib import Path

from pressrun.core.errors import NoRoom, Unavailable

_LEAST_ROOM_BYTES = 256 * 1024  # SQLite itself needs 32 KiB to open a file


def explain(what: str, folder: Path, problem: str) -> Unavailable:
    """The error that `what` failed with this problem. It says so if the disk of the folder is read-only or full."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return Unavailable(f"{what} ({problem})")  # the folder does not exist, or we may not enter it
    if disk.f_flag & os.ST_RDONLY:
        return Unavailable(
            f"{what}, because its disk is mounted read-only ({problem}): look in `dmesg` for the reason, then mount "
            "it for writing"
        )
    has_no_files_left = bool(disk.f_files) and not disk.f_favail  # file systems without inodes count none
    if has_no_files_left or disk.f_bavail * disk.f_frsize < _LEAST_ROOM_BYTES:
        return NoRoom(f"{what}, because its disk is full ({problem}): make room, then try again")
    return Unavailable(f"{what} ({problem}){hint(problem)}")


def hint(problem: str) -> str:
    """What to look at if the message is the one that SQLite has for a failing disk and for a used-up quota alike."""
    if "disk I/O error" not in problem:
        return ""
    return ": look in `dmesg` for a failing disk, and check whether the owner of the data has used up a disk quota"
