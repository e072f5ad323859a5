"""Stops the running service while a command moves its database, and lets it go on when the command fails or ends.

Until then, the database is unavailable to everything that needs it: pages answer 503, mail gets 451, verbs end
with 69. What is in flight is finished first. The kernel releases the locks of a dead process, so a free lock
(data_lock.DataLock.acquire_for_move) shows that the command was killed.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable

from pressrun.core.errors import BadConfiguration, PressrunError, Refused
from pressrun.delivery.queue.dispatcher import Dispatcher
from pressrun.observe.log import event
from pressrun.services.ports import ClaimOwner
from pressrun.store.database import Database, Gate
from pressrun.store.upkeep.data_lock import is_moving
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.left_database import drop_unused_copies

log = logging.getLogger("pressrun.daemon")

POLL_SECONDS = 0.1  # between two checks of what is in flight, and of the command
# The service goes on by itself after this time: a command that hangs must not hold it for ever. Mail servers try
# again for days, and readers within minutes.
LONGEST_STOP_SECONDS = 900.0


class ServiceStop:
    """Implements services.ports.StoppableService and ClaimOwner. Everything that has to stop uses `database`."""

    def __init__(self, owner: ClaimOwner, database: Database, data: DataDir) -> None:
        self._owner = owner
        self._ungated = database
        self._gate = Gate()
        self.database = database.behind(self._gate)
        self._data = data
        self._dispatcher: Dispatcher | None = None
        self._on_end: Callable[[], None] = lambda: None
        self._drain_seconds = 0.0
        self._holds = False
        self._watch: asyncio.Task[None] | None = None
        self._moved_to: str | None = None

    def connect(self, dispatcher: Dispatcher, drain_seconds: float, on_end: Callable[[], None]) -> None:
        """Connect what has to stop, and what to call when the data are in another place."""
        self._dispatcher = dispatcher
        self._drain_seconds = drain_seconds
        self._on_end = on_end

    # ------------------------------------------------------------------ what the dispatcher asks

    @property
    def session(self) -> int:
        return self._owner.session

    def may_hand_out(self) -> bool:
        return not self._holds and self._owner.may_hand_out()

    def end_set_back(self) -> None:
        self._owner.end_set_back()

    # ------------------------------------------------------------------ what a move asks

    def follow(self, on_abandoned: Callable[[], Awaitable[None]], /) -> None:
        self._forget_command()
        most_seconds = LONGEST_STOP_SECONDS if self._holds else math.inf
        self._watch = asyncio.create_task(self._watch_command(on_abandoned, most_seconds), name="move")

    def _forget_command(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    async def stop(self, on_abandoned: Callable[[], Awaitable[None]], /) -> None:
        assert self._dispatcher is not None
        event(log, "move.stopping")
        self._forget_command()
        self._holds = True
        try:
            self._dispatcher.suspend()
            await self._drain(self._dispatcher)
            self._gate.reason = "the database is being moved"
            await self._ungated.write(lambda _: None)  # comes after every transaction that began before
        except BaseException:
            self.resume()
            raise
        self.follow(on_abandoned)
        event(log, "move.stopped")

    async def _drain(self, dispatcher: Dispatcher) -> None:
        """Wait until everything that was claimed is recorded or given back. What takes longer is in the journal."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._drain_seconds
        while dispatcher.broker.held() and loop.time() < until:
            dispatcher.wake()
            await asyncio.sleep(POLL_SECONDS)

    async def _watch_command(self, on_abandoned: Callable[[], Awaitable[None]], most_seconds: float) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + most_seconds
        while self._is_there() and loop.time() < until:  # noqa: ASYNC110 - the kernel tells nobody of a free lock
            await asyncio.sleep(POLL_SECONDS)
        event(log, "move.abandoned", level=logging.WARNING)
        self._watch = None
        try:
            await on_abandoned()
            await asyncio.to_thread(drop_unused_copies, self._data)
        except (
            PressrunError,
            OSError,
        ) as problem:  # the service goes on; the next start or move clears the rest
            event(log, "move.not_cleared", level=logging.WARNING, problem=str(problem))

    def _is_there(self) -> bool:
        """Whether the command runs, as far as can be told: who has no free descriptor to look with, looks again."""
        try:
            return is_moving(self._data)
        except (PressrunError, OSError):
            return True

    def keep_stopped(self) -> None:
        if self._watch is None or not self._holds:
            raise Refused("the service has not been stopped, or goes on already. Nothing was changed")
        self._forget_command()

    def resume(self) -> None:
        self._forget_command()
        if self._moved_to is not None or not self._holds:
            return
        self._holds = False
        self._gate.reason = None
        if self._dispatcher is not None:
            self._dispatcher.wake()
        event(log, "move.resumed")

    def end(self, place: str, /) -> None:
        self._moved_to = place
        self._gate.reason = f"the database was moved to {place}"
        event(log, "move.switched", place=place)
        self._on_end()

    def require_here(self) -> None:
        """Raise BadConfiguration if the data are in another place."""
        if self._moved_to is not None:
            raise BadConfiguration(
                f"the database was moved to {self._moved_to}. Change the key database in config.toml, and start again"
            )
