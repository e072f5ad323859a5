"""The database as services use it: each transaction is one synchronous function, run on a thread of the database.

`write` and `read` take a function of a `Transaction`. A write is one transaction, stays whole when the task that awaits
it is cancelled, and is durable when it returns. `share` is a write that waits for the disk together with others.
`record` is a write whose loss in a power cut would only repeat work: it survives a kill and does not wait for the disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Concatenate, ParamSpec, Self, TypeVar

from pressrun.core.errors import NoRoom, Unavailable
from pressrun.store.connection import ConnectionThread, EngineConnection
from pressrun.store.group_commit import BatchItem, GroupCommit, Transact, one_by_one
from pressrun.store.location import Location
from pressrun.store.people.audit import recorded, unrecorded_action
from pressrun.store.programs.events import as_current_actor, current_actor
from pressrun.store.table_store import TableStore
from pressrun.store.transaction import Transaction

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")
Item = TypeVar("Item")


class Gate:
    """Whether a database may be used; `reason` says why not."""

    def __init__(self) -> None:
        self.reason: str | None = None

    def require_open(self) -> None:
        """Raise Unavailable while the gate is closed."""
        if self.reason is not None:
            raise Unavailable(self.reason)


class Growth:
    """Whether something may begin that makes the database grow by much; the storage watch says so."""

    def __init__(self) -> None:
        self._reason: str | None = None

    def set_reason(self, reason: str | None) -> None:
        """Why nothing of that kind may begin; None: it may."""
        self._reason = reason

    @property
    def is_allowed(self) -> bool:
        return self._reason is None

    def require(self) -> None:
        """Raise NoRoom while it may not."""
        if self._reason is not None:
            raise NoRoom(f"the disk is nearly full ({self._reason}). Make room, then try again")


class Commits:
    """How many transactions were committed, or may have been, that may have changed who may do what."""

    def __init__(self) -> None:
        self.number = 0

    def count(self, function: Callable[[T], R]) -> Callable[[T], R]:
        """The same function, which carries out one of them: counted at its end, even where the outcome is unknown."""

        def counted(argument: T) -> R:
            try:
                return function(argument)
            finally:
                self.number += 1  # on the only thread that writes

        return counted


class Database:
    """The writing and the reading connection of a process, each on its own thread."""

    def __init__(
        self,
        writer: ConnectionThread,
        reader: ConnectionThread,
        location: Location,
        gate: Gate | None = None,
        growth: Growth | None = None,
        commits: Commits | None = None,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._gate = gate or Gate()
        self._syncing = 0
        self._is_synced = True
        self._commits = commits or Commits()
        self._batches = GroupCommit(self._write_group)
        self.location = location
        self.growth = growth or Growth()

    @classmethod
    async def open(cls, location: Location) -> Self:
        """Open a database whose schema is current; raises Unavailable."""
        writer = await location.start_thread()
        try:
            reader = await location.start_thread(readonly=True)
        except BaseException:
            await writer.close()
            raise
        return cls(writer, reader, location)

    def behind(self, gate: Gate) -> Self:
        """The same connections, for those who may use them only while the gate is open."""
        return type(self)(self._writer, self._reader, self.location, gate, self.growth, self._commits)

    @property
    def is_shut(self) -> bool:
        """Whether the gate is closed."""
        return self._gate.reason is not None

    async def write(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function as one durable transaction; raises what it raises, and Unavailable.

        The row of the action that this task carries out is part of it (store.people.audit).
        """
        audited = as_current_actor(recorded(work))
        self._syncing += 1
        try:
            return await self._write(lambda transact: transact(lambda tx: audited(tx, *args, **kwargs)))
        finally:
            self._syncing -= 1

    async def share(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Like `write`, but calls that come at the same time share one commit and one wait for the disk.

        For what many people do at once. `work` runs a second time when the error of another call undid the commit.
        """
        audited = recorded(work)
        item = BatchItem(one_by_one, lambda tx: audited(tx, *args, **kwargs), current_actor())
        value: T = await self._batches.join(item)
        return value

    async def share_set(self, work: Callable[[Transaction, Sequence[Item]], Sequence[T]], item: Item) -> T:
        """Like `share`, for work that is cheaper for many items at once.

        `work` gets the items of all calls that come together and returns a value for each, in order. It leaves alone
        who may do what: people, their rights, tokens and lists.
        """
        value: T = await self._batches.join(
            BatchItem(work, item, current_actor(), unrecorded_action(), is_harmless=True)
        )
        return value

    @property
    def is_syncing(self) -> bool:
        """Whether a durable transaction is under way, which others would have to wait for."""
        return self._syncing > 0 or self._batches.is_busy

    @property
    def is_synced(self) -> bool:
        """Whether all was on the disk after the last commit: what is only recorded comes to it later."""
        return self._is_synced

    async def record(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Like `write`, without the wait for the disk: survives a kill of this process, but perhaps not a power cut."""
        by_actor = as_current_actor(work)
        return await self._write(lambda transact: transact(lambda tx: by_actor(tx, *args, **kwargs)), durable=False)

    @property
    def changes(self) -> int:
        """A number that changes with each commit that may have changed who may do what, before its caller continues."""
        return self._commits.number

    async def _write_group(self, hop: Callable[[Transact], T], *, is_harmless: bool) -> T:
        return await (self._write_harmlessly(hop) if is_harmless else self._write(hop))

    async def _write(self, hop: Callable[[Transact], T], *, durable: bool = True) -> T:
        """Call `hop` on the writer's thread with a function that runs one transaction."""
        return await self._write_harmlessly(self._commits.count(hop), durable=durable)

    async def _write_harmlessly(self, hop: Callable[[Transact], T], *, durable: bool = True) -> T:
        """Like `_write`, for work that does not change who may do what."""
        self._gate.require_open()
        later = asyncio.get_running_loop().call_soon_threadsafe

        def on_thread(connection: EngineConnection) -> T:
            try:
                return hop(lambda work: connection.write(work, later, durable=durable))
            finally:
                self._is_synced = connection.is_synced

        return await self._writer.run(on_thread)

    async def read(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function that only reads, on a consistent snapshot."""
        self._gate.require_open()
        return await self._reader.run(lambda connection: connection.read(lambda tx: work(tx, *args, **kwargs)))

    async def why_not_writable(self) -> str | None:
        """Why changes fail or go nowhere, as far as that can be seen without making one; raises Unavailable."""
        self._gate.require_open()
        return await self._reader.run(lambda connection: connection.why_not_writable())

    async def with_tables(self, work: Callable[[TableStore], T]) -> T:
        """Run a function of all tables as one durable transaction; raises what it raises, and Unavailable."""
        return await self._writer.run(self._commits.count(lambda connection: connection.with_tables(work)))

    async def checkpoint(self) -> bool:
        """Bring everything that is committed to the disk; False while a reader prevents that.

        After True everything committed before is on disk, including what was only recorded.
        """
        return await self._writer.run(lambda connection: connection.checkpoint())

    async def flush(self) -> None:
        """Bring everything that is committed to the disk, what was only recorded too, even while somebody reads."""
        await self._writer.run(lambda connection: connection.flush())

    async def scrub(self) -> None:
        """Take what was deleted out of the files of the database, as far as its engine can; raises Unavailable."""
        await self.checkpoint()
        await asyncio.to_thread(self.location.scrub)

    async def shrink(self) -> int:
        """Give some of the space back that removed rows have left; 0 when it is not worth it."""
        return await self._writer.run(lambda connection: connection.shrink())

    async def drop_statistics(self) -> bool:
        """Drop statistics that would mislead the planner (SQLite); True if there were any."""
        return await self._writer.run(lambda connection: connection.drop_statistics())

    async def close(self) -> None:
        """Close both connections."""
        await self._batches.close()
        await self._reader.close()
        await self._writer.close()
