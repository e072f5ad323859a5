"""The database as the services see it: whole transactions, each in one hop on the database's own thread.

`write` and `read` take a synchronous function of a `Transaction`. A write runs inside BEGIN IMMEDIATE and is whole
even when the task that awaits it is cancelled; it is durable (synchronous=FULL) when it returns. `share` is a write
that waits for the disk together with others. `record` is a write whose loss in a power cut only repeats work: it
survives a kill, and skips the wait for the disk.

One connection writes and checkpoints, another one of the same process reads (query_only): SQLite before 3.51.3 can
damage a WAL that two connections write and checkpoint.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import aiosqlite

from pressrun.core.errors import Unavailable
from pressrun.core.searching import searchable
from pressrun.store.sharing import SharedCommits, Wish, one_by_one
from pressrun.store.statistics import are_statistics_kept, drop_statistics
from pressrun.store.transaction import Transaction, in_transaction

P = ParamSpec("P")
T = TypeVar("T")
Item = TypeVar("Item")

BUSY_SECONDS = 5.0  # how long a lock of another process (a backup tool, say) is waited for
CACHE_KIB = 1024  # of pages, for each connection of a daemon; with SQLite's own 2,000 no turn is quicker
MAX_WAL_BYTES = 64 * 1024 * 1024  # what a checkpoint leaves of the WAL file

logging.getLogger("aiosqlite").setLevel(logging.WARNING)  # its debug lines hold parameters


class _Answer:
    """What `execute_fetchall` makes of our callable: its value comes back unchanged."""

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    def fetchall(self) -> Any:
        return self._value


class HopConnection(sqlite3.Connection):
    """A connection whose `execute` also takes a callable: aiosqlite then carries a whole transaction to its thread."""

    def execute(self, sql: Any, parameters: Any = (), /) -> Any:
        if callable(sql):
            return _Answer(sql(self))
        return super().execute(sql, parameters)


def connect(path: Path, *, readonly: bool = False) -> HopConnection:
    """Open the file with our settings; for the daemon's threads and for command-line verbs alike."""
    mode = "ro" if readonly else "rwc"
    connection: HopConnection | None = None
    try:
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode={mode}",
            uri=True,
            factory=HopConnection,
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


def _connect_in_small(path: Path, *, readonly: bool) -> HopConnection:
    connection = connect(path, readonly=readonly)
    try:
        connection.execute(f"pragma cache_size = -{CACHE_KIB}")
        if not readonly and are_statistics_kept(Transaction(connection)):
            in_transaction(connection, drop_statistics)
    except sqlite3.Error as problem:
        connection.close()
        raise Unavailable(f"the database {path} cannot be read: {problem}") from problem
    return connection


async def _on_its_own_thread(path: Path, *, readonly: bool) -> aiosqlite.Connection:
    # Opened before aiosqlite gets it: where opening fails, its thread would outlive us and end with an error.
    opened = await asyncio.to_thread(_connect_in_small, path, readonly=readonly)
    return await aiosqlite.Connection(lambda: opened, iter_chunk_size=64)


class Database:
    """The writing and the reading connection of a process, each with its thread."""

    def __init__(self, writer: aiosqlite.Connection, reader: aiosqlite.Connection, path: Path) -> None:
        self._writer = writer
        self._reader = reader
        self._syncing = 0
        self._is_durable = True  # as `connect` leaves it
        self._shared = SharedCommits(self._durable_hop)
        self.path = path

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open a database whose schema is current; raises Unavailable."""
        writer = await _on_its_own_thread(path, readonly=False)
        try:
            reader = await _on_its_own_thread(path, readonly=True)
        except BaseException:
            await writer.close()
            raise
        return cls(writer, reader, path)

    async def write(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a store function as one durable transaction; raises what it raises, and Unavailable."""
        self._syncing += 1
        try:
            return await self._durable_hop(lambda on: in_transaction(on, lambda tx: work(tx, *args, **kwargs)))
        finally:
            self._syncing -= 1

    async def share(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Like `write`, with others that come at the same time: one wait for the disk serves all.

        For what many people do at once. When another one's fault undid it, `work` runs a second time: it must change
        nothing but the database.
        """
        return await self.share_set(one_by_one, lambda tx: work(tx, *args, **kwargs))

    async def share_set(self, work: Callable[[Transaction, Sequence[Item]], Sequence[T]], item: Item) -> T:
        """Like `share`, for what is cheaper for many at once: `work` takes the items of all who come together.

        It gives a value for each of them, in their order.
        """
        self._syncing += 1
        try:
            found: T = await self._shared.join(Wish(work, item))
        except sqlite3.OperationalError as problem:
            raise Unavailable(f"the database is unavailable: {problem}") from problem
        finally:
            self._syncing -= 1
        return found

    @property
    def is_syncing(self) -> bool:
        """Whether a durable transaction is under way, so that others wait for the disk behind it."""
        return self._syncing > 0

    async def record(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Like `write`, without the wait for the disk: kept through a kill, perhaps not through a power cut."""

        def hop(connection: sqlite3.Connection) -> T:
            self._set_durable(connection, wanted=False)
            return in_transaction(connection, lambda tx: work(tx, *args, **kwargs))

        return await self._hop(self._writer, hop)

    async def _durable_hop(self, hop: Callable[[sqlite3.Connection], T]) -> T:
        def durable(connection: sqlite3.Connection) -> T:
            self._set_durable(connection, wanted=True)
            return hop(connection)

        return await self._hop(self._writer, durable)

    def _set_durable(self, connection: sqlite3.Connection, *, wanted: bool) -> None:
        """On the writer's thread: whether its next commit waits for the disk."""
        if self._is_durable is not wanted:
            connection.execute(f"pragma synchronous = {'full' if wanted else 'normal'}")
            self._is_durable = wanted

    async def read(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a store function that only reads, on a consistent snapshot."""

        def hop(connection: sqlite3.Connection) -> T:
            connection.execute("begin")
            try:
                return work(Transaction(connection), *args, **kwargs)
            finally:
                if connection.in_transaction:  # not so after an error that ended it
                    connection.execute("rollback")

        return await self._hop(self._reader, hop)

    async def checkpoint(self) -> bool:
        """Move the WAL into the database file and cut it to nothing where no reader is in the way; False where one is.

        After True all that was committed before is on disk, also what was only recorded.
        """

        def hop(connection: sqlite3.Connection) -> bool:
            connection.execute("pragma busy_timeout = 0")  # a long export must not hold everybody up
            try:
                is_busy = connection.execute("pragma wal_checkpoint(truncate)").fetchone()[0]
            finally:
                connection.execute(f"pragma busy_timeout = {int(BUSY_SECONDS * 1000)}")
            return not is_busy

        return await self._hop(self._writer, hop)

    async def close(self) -> None:
        """Close both connections; the last one out empties the WAL."""
        await self._shared.close()
        await self._reader.close()
        await self._writer.close()

    @staticmethod
    async def _hop(connection: aiosqlite.Connection, hop: Callable[[sqlite3.Connection], T]) -> T:
        try:
            result: Any = await connection.execute_fetchall(hop)
        except sqlite3.OperationalError as problem:
            raise Unavailable(f"the database is unavailable: {problem}") from problem
        answer: T = result
        return answer
