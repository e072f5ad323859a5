"""A database that lets one statement through at a time, and a process that may die before or after each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from pressrun.core.errors import CommitUnknown
from pressrun.store.database import Database

WAYS = ("before", "after", "unheard", "undone")  # a kill before or after, or an answer that never comes


class Dies(BaseException):
    """The process ends here."""


class SteppedDatabase:
    """Lets one statement through at a time, and then waits for the next step."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turns = asyncio.Semaphore(0)
        self.arrived = asyncio.Event()
        self.way = ""  # how the next one ends, other than well
        self.is_dead = False
        self.last: tuple[str, tuple[Any, ...]] = ("", ())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def release(self, way: str = "") -> None:
        """Let the next statement through, which ends this way."""
        self.last, self.way = ("", ()), way
        self.arrived.clear()
        self._turns.release()

    async def read(self, work: Callable[..., Any], /, *args: Any) -> Any:
        return await self._call(self._database.read, work, args)

    async def write(self, work: Callable[..., Any], /, *args: Any) -> Any:
        return await self._call(self._database.write, work, args)

    async def record(self, work: Callable[..., Any], /, *args: Any) -> Any:
        return await self._call(self._database.record, work, args)

    async def _call(
        self, method: Callable[..., Awaitable[Any]], work: Callable[..., Any], args: tuple[Any, ...]
    ) -> Any:
        self.arrived.set()
        if not self.is_dead:
            await self._wait_for_turn()
        way, self.way = self.way, ""
        self.is_dead |= way == "before"
        if self.is_dead:
            raise Dies
        if way == "undone":
            raise CommitUnknown("nobody heard of it")
        result = await method(work, *args)
        self.last = (work.__name__, args)
        self.is_dead |= way == "after"
        if way == "after":
            raise Dies
        if way == "unheard":
            raise CommitUnknown("nobody heard of it")
        return result

    async def _wait_for_turn(self) -> None:
        """Wait for `release`; cancelled, as by the end of a test that has failed, the process is gone."""
        try:
            await self._turns.acquire()
        except asyncio.CancelledError:
            self.is_dead = True
            raise


async def arrival(task: asyncio.Future[Any], stepped: SteppedDatabase) -> None:
    """Until it waits for its next statement, or has ended."""
    waiting = asyncio.ensure_future(stepped.arrived.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
