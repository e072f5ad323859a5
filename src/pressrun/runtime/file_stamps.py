"""Whether a file has changed since it was read: for files that other programs replace while we run."""

from __future__ import annotations

from pathlib import Path

FileStamp = tuple[int, int, int]


def stamp_of(path: Path) -> FileStamp:
    """Differs once a file is written, replaced, or given to another user; raises OSError.

    A program that renews a file may let us read it only afterwards, which no longer changes its content.
    """
    status = path.stat()
    return status.st_ino, status.st_size, status.st_ctime_ns
