"""Measures the disk below data_dir, and finds who keeps SQLite's write-ahead log from being emptied."""

from __future__ import annotations

import os
from pathlib import Path

from pressrun.core.upkeep.disk_room import StorageRoom
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.upkeep.datadir import DataDir

_LOCKS = Path("/proc/locks")
_READERS = range(123, 128)  # the octets of -shm that readers lock: WAL_READ_LOCK(0) to (4) in SQLite's wal.c


def measure_room(data: DataDir) -> StorageRoom:
    """The room below data_dir now; raises OSError. Of a database on a server it sees nothing but our own files."""
    file_system = os.statvfs(data.root)
    database = data.database
    path = database.path if isinstance(database, SqliteFile) else None
    return StorageRoom(
        free=file_system.f_bavail * file_system.f_frsize,
        inodes=file_system.f_favail if file_system.f_files else None,  # some file systems make inodes as they need them
        database=0 if path is None else _size(path),
        wal=0 if path is None else _size(path.with_name(f"{path.name}-wal")),
    )


def find_readers(data: DataDir) -> list[int]:
    """The ids of other processes that read the file now, by the kernel's table of locks; none where that is hidden."""
    if not isinstance(data.database, SqliteFile):
        return []
    try:
        status = data.database.path.with_name(f"{data.database.path.name}-shm").stat()
        locks = _LOCKS.read_text(encoding="ascii").splitlines()
    except OSError:
        return []
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    pids = set()
    for line in locks:
        _, kind, _, mode, pid, file, first, _ = line.replace("-> ", "").split()[:8]
        if (kind, mode, file) == ("POSIX", "READ", place) and int(first) in _READERS:
            pids.add(int(pid))
    return sorted(pids - {os.getpid()})


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
