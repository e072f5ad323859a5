"""The database as services use it: each transaction is one synchronous function, run on the database's own thread.

`write` and `read` take a function of a `Transaction`. A write runs inside BEGIN IMMEDIATE, stays whole when the task
that awaits it is cancelled, and is durable (synchronous=FULL) when it returns. `share` is a write that waits for the
disk together with others. `record` is a write whose loss in a power cut would only repeat work: it survives a kill and
does not wait for the disk.

One connection writes and checkpoints, and another one reads (query_only): SQLite before 3.51.3 can damage a WAL that
two connections write and checkpoint.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from pressrun.core.errors import Unavailable
from pressrun.store.connection import BUSY_SECONDS, connect_as
from pressrun.store.database_thread import CallingConnection, DatabaseThread
from pressrun.store.group_commit import BatchItem, GroupCommit, Transact, one_by_one
from pressrun.store.maintenance import are_statistics_kept, drop_statistics
from pressrun.store.transaction import Transaction, in_transaction

P = ParamSpec("P")
T = TypeVar("T")
Item = TypeVar("Item")

CACHE_KIB = 1024  # of pages, for each connection of a daemon; the 2,000 that SQLite takes by itself make nothing faster


def _connect_daemon(path: Path, *, readonly: bool) -> CallingConnection:
    connection = connect_as(CallingConnection, path, readonly=readonly)
    try:
        connection.execute(f"pragma cache_size = -{CACHE_KIB}")
        if not readonly and are_statistics_kept(Transaction(connection)):
            in_transaction(connection, drop_statistics)
    except sqlite3.Error as problem:
        connection.close()
        raise Unavailable(f"the database {path} cannot be read: {problem}") from problem
    return connection


class Database:
    """The writing and the reading connection of a process, each on its own thread."""

    def __init__(self, writer: DatabaseThread, reader: DatabaseThread, path: Path) -> None:
        self._writer = writer
        self._reader = reader
        self._syncing = 0
        self._is_durable = True  # as `connect` leaves it
        self._batches = GroupCommit(self._write)
        self.path = path

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open a database whose schema is current; raises Unavailable."""
        writer = await DatabaseThread.start(partial(_connect_daemon, path, readonly=False))
        try:
            reader = await DatabaseThread.start(partial(_connect_daemon, path, readonly=True))
        except BaseException:
            await writer.close()
            raise
        return cls(writer, reader, path)

    async def write(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function as one durable transaction; raises what it raises, and Unavailable."""
        self._syncing += 1
        try:
            return await self._write(lambda transact: transact(lambda tx: work(tx, *args, **kwargs)))
        finally:
            self._syncing -= 1

    async def share(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Like `write`, but calls that come at the same time share one commit and one wait for the disk.

        For what many people do at once. `work` runs a second time when the error of another call undid the commit.
        """
        return await self.share_set(one_by_one, lambda tx: work(tx, *args, **kwargs))

    async def share_set(self, work: Callable[[Transaction, Sequence[Item]], Sequence[T]], item: Item) -> T:
        """Like `share`, for work that is cheaper for many items at once.

        `work` gets the items of all calls that come together and returns a value for each, in order.
        """
        self._syncing += 1
        try:
            value: T = await self._batches.join(BatchItem(work, item))
        except sqlite3.OperationalError as problem:
            raise _unavailable(problem) from problem
        finally:
            self._syncing -= 1
        return value

    @property
    def is_syncing(self) -> bool:
        """Whether a durable transaction is under way, which others would have to wait for."""
        return self._syncing > 0

    async def record(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Like `write`, without the wait for the disk: survives a kill, but perhaps not a power cut."""
        return await self._write(lambda transact: transact(lambda tx: work(tx, *args, **kwargs)), durable=False)

    async def _write(self, hop: Callable[[Transact], T], *, durable: bool = True) -> T:
        """Call `hop` on the writer's thread with a function that runs one transaction."""
        later = asyncio.get_running_loop().call_soon_threadsafe

        def on_thread(connection: sqlite3.Connection) -> T:
            if self._is_durable is not durable:
                connection.execute(f"pragma synchronous = {'full' if durable else 'normal'}")
                self._is_durable = durable
            return hop(lambda work: in_transaction(connection, work, later))

        return await _run(self._writer, on_thread)

    async def read(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function that only reads, on a consistent snapshot."""

        def hop(connection: sqlite3.Connection) -> T:
            connection.execute("begin")
            try:
                return work(Transaction(connection), *args, **kwargs)
            finally:
                if connection.in_transaction:  # some errors have ended it
                    connection.execute("rollback")

        return await _run(self._reader, hop)

    async def checkpoint(self) -> bool:
        """Move the WAL into the database file and empty it; False while a reader prevents that.

        After True everything committed before is on disk, including what was only recorded.
        """

        def hop(connection: sqlite3.Connection) -> bool:
            connection.execute("pragma busy_timeout = 0")  # do not wait for a long export
            try:
                is_busy = connection.execute("pragma wal_checkpoint(truncate)").fetchone()[0]
            finally:
                connection.execute(f"pragma busy_timeout = {int(BUSY_SECONDS * 1000)}")
            return not is_busy

        return await _run(self._writer, hop)

    async def close(self) -> None:
        """Close both connections; closing the last one empties the WAL."""
        await self._batches.close()
        await self._reader.close()
        await self._writer.close()


async def _run(thread: DatabaseThread, hop: Callable[[sqlite3.Connection], T]) -> T:
    try:
        return await thread.run(hop)
    except sqlite3.OperationalError as problem:
        raise _unavailable(problem) from problem


def _unavailable(problem: sqlite3.Error) -> Unavailable:
    return Unavailable(f"the database is unavailable: {problem}")
