"""Whether the service can work: the database answers, the queue makes progress, no loop fails, some relay works."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from pressrun.core.errors import Unavailable
from pressrun.core.timestamps import rfc3339
from pressrun.core.upkeep.alerts import Cause
from pressrun.services.background import BackgroundLoop, failing_loops
from pressrun.services.ports import Clock, RelayPool, SendingProgress
from pressrun.store.database import Database
from pressrun.store.queue import destinations

QUIET_SECONDS = 15.0  # the dispatcher runs a cycle at least every 5 s
RELAYS_FAILING_SECONDS = 60.0
UNSIGNED_SECONDS = 60.0  # one failure may be that of a single mail
ANSWER_SECONDS = 5.0  # whoever asks does not wait for much longer
_NO_ANSWER = f"the database has not answered for {ANSWER_SECONDS:g} seconds"
_NOT_HELD = "the database answers, but the lease of this service could not be renewed in time"


class Obstacle(Struct, frozen=True):
    """What keeps the service from working or waits for the operator, and why in a line."""

    cause: Cause
    text: str


class Readiness:
    """Reports what keeps the service from working; `progress` is that of the queue.

    `why_not_held` is None while its lease has been renewed in time, and else why not, if that is known. A server that
    has become a standby answers, but accepts no changes, and so not this one.
    """

    def __init__(
        self,
        *,
        database: Database,
        progress: SendingProgress,
        relays: RelayPool,
        loops: Callable[[], Sequence[BackgroundLoop]],
        clock: Clock,
        why_not_held: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._database = database
        self._progress = progress
        self._relays = relays
        self._loops = loops
        self._clock = clock
        self._why_not_held = why_not_held

    async def problems(self) -> list[str]:
        """A line for each problem; none when all is well."""
        return [obstacle.text for obstacle in await self.obstacles()]

    async def obstacles(self) -> list[Obstacle]:
        """Each problem; none when all is well."""
        obstacles = []
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._database.read(destinations.load_paces)
                not_writable = await self._database.why_not_writable()
        except TimeoutError:
            obstacles.append(Obstacle(Cause.DATABASE, _NO_ANSWER))
        except Unavailable as problem:
            obstacles.append(Obstacle(Cause.DATABASE, str(problem)))
        else:
            if not_writable is not None:
                obstacles.append(Obstacle(Cause.DATABASE, f"the database accepts no changes: {not_writable}"))
            elif (why := self._why_not_held()) is not None:
                obstacles.append(Obstacle(Cause.DATABASE, f"{_NOT_HELD}: {why}" if why else _NOT_HELD))
        return [*obstacles, *self._obstacles_seen(self._clock())]

    def _obstacles_seen(self, now: float) -> Iterator[Obstacle]:
        if now - self._progress.alive_at > QUIET_SECONDS:
            yield Obstacle(Cause.QUEUE, "the queue makes no progress: the database does not accept its results")
        unsigned_since = self._progress.unsigned_since
        if unsigned_since is not None and now - unsigned_since >= UNSIGNED_SECONDS:
            yield Obstacle(Cause.SIGNING, f"no mail could be signed since {rfc3339(int(unsigned_since))}")
        for name, fault in failing_loops(self._loops(), now):
            since = rfc3339(int(fault.since))
            yield Obstacle(Cause.LOOP, f"{name} has failed since {since}, {fault.times} times: {fault.problem}")
        statuses = self._relays.statuses()
        failing = [
            f"{status.name}: {status.last_error}"
            for status in statuses
            if status.failing_since is not None and now - status.failing_since >= RELAYS_FAILING_SECONDS
        ]
        if len(failing) == len(statuses):
            yield Obstacle(Cause.RELAYS, f"every relay fails: {'; '.join(failing)}")

    def failing_seconds(self) -> dict[str, float]:
        """For how long each loop has been failing, 0 for one that works."""
        now = self._clock()
        return {loop.name: 0.0 if loop.fault is None else max(0.0, now - loop.fault.since) for loop in self._loops()}
