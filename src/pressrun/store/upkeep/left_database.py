"""The file in data_dir that a move to a server has left: it holds everybody's addresses, and nothing erases them there.

So it is moved to the backups, where people look for such files, and replaced by a file that only says where the data
are. The command that moves the data does this. If it was killed, the next command does, or the next start on the
server.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pressrun.store.table_store import DRAFT
from pressrun.store.upkeep.data_lock import DataLock
from pressrun.store.upkeep.datadir import DataDir


def set_aside_left_database(data: DataDir) -> Path | None:
    """Once a daemon has ended: keep the file that a move has left among the backups; returns where, None for a server.

    Raises TryAgain when the data are still in use.
    """
    lock = DataLock.acquire(data)
    try:
        return data.database.set_aside(data.backups)
    finally:
        lock.release()


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


def drop_unfinished_copies(data: DataDir) -> None:
    """Delete the unfinished copy of a killed command, as no erasure would reach it. A running one keeps its own."""
    drafts = list(data.root.glob(f".*{DRAFT}*"))
    lock = DataLock.find_free(data.move_lock) if drafts else None
    if lock is None:
        return
    try:
        for path in drafts:
            path.unlink(missing_ok=True)
    finally:
        lock.release()
