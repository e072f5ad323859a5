"""Connections to the database file with our settings: for the daemon's threads and for the verbs of the command line.

Nothing here needs asyncio, so verbs that only read start quickly.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from pressrun.core.errors import Unavailable
from pressrun.core.searching import searchable
from pressrun.store.transaction import Transaction

C = TypeVar("C", bound=sqlite3.Connection)

BUSY_SECONDS = 5.0  # how long to wait for a lock of another process, such as a backup tool
MAX_WAL_BYTES = 64 * 1024 * 1024  # what a checkpoint leaves of the WAL file


def connect(path: Path, *, readonly: bool = False) -> sqlite3.Connection:
    """Open the file; raises Unavailable."""
    return connect_as(sqlite3.Connection, path, readonly=readonly)


def connect_as(factory: type[C], path: Path, *, readonly: bool = False) -> C:
    """Open the file as a connection of this class; raises Unavailable."""
    mode = "ro" if readonly else "rwc"
    connection: C | None = None
    try:
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode={mode}",
            uri=True,
            factory=factory,
            isolation_level=None,
            timeout=BUSY_SECONDS,
            cached_statements=256,
            check_same_thread=False,
        )
        connection.row_factory = sqlite3.Row
        connection.create_function("searchable", 1, searchable, deterministic=True)
        connection.execute("pragma foreign_keys = on")
        connection.execute("pragma trusted_schema = off")
        if readonly:
            connection.execute("pragma query_only = on")
        else:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = full")
            connection.execute("pragma secure_delete = on")
            connection.execute(f"pragma journal_size_limit = {MAX_WAL_BYTES}")
    except sqlite3.Error as problem:
        if connection is not None:
            connection.close()
        raise Unavailable(f"the database {path} cannot be opened ({problem})") from problem
    return connection


@contextmanager
def open_for_reading(path: Path) -> Iterator[Transaction]:
    """One consistent snapshot of a database file; raises Unavailable when it cannot be read."""
    with closing(connect(path, readonly=True)) as connection:
        try:
            connection.execute("begin")
            yield Transaction(connection)
        except sqlite3.ProgrammingError:
            raise  # a mistake of ours
        except sqlite3.DatabaseError as problem:
            raise Unavailable(f"the database {path} cannot be read: {problem}") from problem
        finally:
            if connection.in_transaction:
                connection.execute("rollback")
