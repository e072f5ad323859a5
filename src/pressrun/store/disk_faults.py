"""What an operator reads when something failed because of the disk that holds the data."""

from __future__ import annotations

import os
from pathlib import Path

from pressrun.core.errors import NoRoom, Unavailable

SEE_CHECK = "Run `pressrun check` as root to see the command that fixes this"

_LEAST_ROOM_BYTES = 256 * 1024  # SQLite itself needs 32 KiB to open a file


def explain(what: str, folder: Path, problem: str) -> Unavailable:
    """The error that `what` failed with this problem. It says so if the disk of the folder is read-only or full."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return Unavailable(f"{what} ({problem})")  # the folder does not exist, or we may not enter it
    if disk.f_flag & os.ST_RDONLY:
        writable = os.environ.get("STATE_DIRECTORY")  # of a service: systemd.exec(5)
        if writable is not None and not folder.is_relative_to(writable):
            return Unavailable(
                f"{what}, because systemd lets the service write only below {writable} ({problem}): run "
                f"`systemctl edit pressrun`, and add `ReadWritePaths={folder}` under [Service]"
            )
        return Unavailable(
            f"{what}, because its disk is mounted read-only ({problem}): look in `dmesg` for the reason, then mount "
            "it for writing"
        )
    has_no_files_left = bool(disk.f_files) and not disk.f_favail  # file systems without inodes count none
    if has_no_files_left or disk.f_bavail * disk.f_frsize < _LEAST_ROOM_BYTES:
        return NoRoom(f"{what}, because its disk is full ({problem}): make room, then try again")
    return Unavailable(f"{what} ({problem}){hint(problem)}")


def hint(problem: str) -> str:
    """What to do about a message that SQLite uses for several causes without naming any."""
    if "readonly database" in problem:
        return f". {SEE_CHECK}"
    if "disk I/O error" not in problem:
        return ""
    return ": look in `dmesg` for a failing disk, and check whether the owner of the data has used up a disk quota"
