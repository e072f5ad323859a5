"""The file in data_dir that a move to a server has left: it holds everybody's addresses, and nothing erases them there.

So it is moved to the backups, where people look for such files, and replaced by a file that only says where the data
are. The command that moves the data does this. If it was killed, the next command does, or the next start on the
server.
"""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path

from pressrun.core.errors import PressrunError
from pressrun.store.location import Location
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.table_store import DRAFT, MoveMark, MoveState
from pressrun.store.upkeep.data_lock import DataLock
from pressrun.store.upkeep.datadir import DataDir

_HEADER = b"SQLite format 3\0"  # the first bytes of each of its files


def set_aside_left_database(data: DataDir) -> Path | None:
    """Once a daemon has ended: keep the file that a move has left among the backups; returns where, None for a server.

    Raises TryAgain when the data are still in use.
    """
    with DataLock.acquire(data):
        return data.database.set_aside(data.backups)


def finish_setting_aside(data: DataDir) -> None:
    """With the lock held and the database in use: the same for a file whose data went there, if it is still in place.

    A start does not fail because of it; the next one tries again.
    """
    left = DataDir(data.root).database
    if data.server is None:
        return
    with suppress(OSError, left.dialect.errors):
        if left.left_for() == str(data.server):
            left.set_aside(data.backups)


def drop_unused_copies(data: DataDir) -> None:
    """Delete what a killed command has copied here, since no erasure would reach it; spare a running command's.

    That is an unfinished copy, or a complete one that never replaced the data on the server.
    """
    lock = DataLock.find_free(data.move_lock) if _unused_copies(data) else None
    if lock is None:
        return
    with lock:
        for path in _unused_copies(data):
            path.unlink(missing_ok=True)


def _unused_copies(data: DataDir) -> list[Path]:
    complete = [path for path in data.root.iterdir() if _is_copy(path, data)] if data.server is not None else []
    return [*data.root.glob(f".*{DRAFT}*"), *(complete if complete and _is_in_use(data.database) else ())]


def _is_copy(path: Path, data: DataDir) -> bool:
    """Whether a file is a complete copy of the database. It has a mark until it is used."""
    file = SqliteFile(path)
    with suppress(OSError, PressrunError, file.dialect.errors):
        if path.is_file() and _has_header(path):
            mark = _find_mark(file)
            return mark is not None and (mark.state, mark.place) == (MoveState.READY, str(data.database))
    return False


def _has_header(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_HEADER)) == _HEADER


def _is_in_use(database: Location) -> bool:
    """Whether the data are still there; False if that cannot be determined."""
    with suppress(PressrunError, database.dialect.errors):
        return _find_mark(database) is None
    return False


def _find_mark(database: Location) -> MoveMark | None:
    with closing(database.connect(readonly=True)) as connection:
        return connection.tables().mark()
