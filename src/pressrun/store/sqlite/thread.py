"""A connection with a thread of its own, by aiosqlite: the only module that relies on what that library does inside.

aiosqlite carries one statement at a time to its thread. A whole transaction in one hop is 2 to 8 times faster and stays
whole when the awaiting task is cancelled. `execute_fetchall` passes its first argument to `execute` of the connection
unchanged and returns what `fetchall` of the result gives, so `CallingConnection` takes a function in place of a
statement. tests/store/sqlite/test_thread.py fails when the library stops doing so.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

import aiosqlite

from pressrun.core.errors import Unavailable
from pressrun.store.connection import EngineConnection
from pressrun.store.sqlite.connection import SqliteConnection, connect_as

T = TypeVar("T")

CACHE_KIB = 1024  # of pages, for each connection of a daemon; the 2,000 that SQLite takes by itself make nothing faster

logging.getLogger("aiosqlite").setLevel(logging.WARNING)  # its debug lines contain parameters


class _Returned:
    """The cursor that `execute_fetchall` gets for a function: holds the function's value."""

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    def fetchall(self) -> Any:
        return self._value


class CallingConnection(sqlite3.Connection):
    """A connection whose `execute` also takes a function, which it calls with itself."""

    def execute(self, sql: Any, parameters: Any = (), /) -> Any:
        if callable(sql):
            return _Returned(sql(self))
        return super().execute(sql, parameters)


class SqliteThread:
    """Runs functions of one connection on its thread, one after the other."""

    def __init__(self, thread: aiosqlite.Connection, connection: SqliteConnection) -> None:
        self._thread = thread
        self._connection = connection

    @classmethod
    async def start(cls, connect: Callable[[], CallingConnection], path: Path | None = None) -> Self:
        """Open a connection, to the file at `path` if it is to be watched, and start its thread; raises what `connect`
        raises.
        """
        # Opened before aiosqlite gets it: where opening fails, its thread would outlive us and end with an error.
        opened = await asyncio.to_thread(connect)
        connection = SqliteConnection(opened, path)
        return cls(await aiosqlite.Connection(lambda: opened, iter_chunk_size=64), connection)

    @classmethod
    async def open(cls, path: Path, *, readonly: bool) -> Self:
        """Open a file for a daemon: with little memory, and without statistics that mislead SQLite.

        Raises Unavailable.
        """
        return await cls.start(partial(_connect_daemon, path, readonly=readonly), path)

    async def run(self, function: Callable[[EngineConnection], T]) -> T:
        """Call the function on the thread; it runs to its end even when the awaiting task is cancelled."""
        statement: Any = lambda _: function(self._connection)  # noqa: E731 - not what the library says it takes
        result: Any = await self._thread.execute_fetchall(statement)
        value: T = result
        return value

    async def close(self) -> None:
        """Run what is queued, close the connection and end the thread."""
        await self._thread.close()


def _connect_daemon(path: Path, *, readonly: bool) -> CallingConnection:
    opened = connect_as(CallingConnection, path, readonly=readonly)
    connection = SqliteConnection(opened)
    try:
        opened.execute(f"pragma cache_size = -{CACHE_KIB}")
        if not readonly:
            # SQLite keeps pages as they were before a statement, in case a row breaks a constraint. A file for them
            # takes as long as the statement itself, and no statement of ours changes very many rows.
            opened.execute("pragma temp_store = memory")
            connection.drop_statistics()
    except sqlite3.Error as problem:
        connection.close()
        raise Unavailable(f"the database {path} cannot be read: {problem}") from problem
    return opened
