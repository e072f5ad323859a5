"""Whether the service can do its work: the database answers, the queue turns, no loop fails, and a relay takes mail."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pressrun.core.errors import Unavailable
from pressrun.core.timestamps import rfc3339
from pressrun.services.background import BackgroundLoop, failing_loops
from pressrun.services.ports import Clock, RelayPool
from pressrun.store import destinations
from pressrun.store.database import Database

QUIET_SECONDS = 15.0  # the dispatcher takes a turn at least every five
RELAYS_FAILING_SECONDS = 60.0


class Readiness:
    """Answers what stands in the way; `loops` run in the background, `alive_at` tells the dispatcher's last cycle."""

    def __init__(
        self,
        *,
        database: Database,
        alive_at: Callable[[], float],
        relays: RelayPool,
        loops: Sequence[BackgroundLoop],
        clock: Clock,
    ) -> None:
        self._database = database
        self._alive_at = alive_at
        self._relays = relays
        self._loops = loops
        self._clock = clock

    async def problems(self) -> list[str]:
        """One line for each thing that stands in the way; none when all is well."""
        found = []
        try:
            await self._database.read(destinations.load_paces)
        except Unavailable as problem:
            found.append(str(problem))
        now = self._clock()
        if now - self._alive_at() > QUIET_SECONDS:
            found.append("the queue makes no progress: the database does not take what it records")
        for name, fault in failing_loops(self._loops, now):
            found.append(f"{name} has failed since {rfc3339(int(fault.since))}, {fault.times} times: {fault.problem}")
        statuses = self._relays.statuses()
        if all(one.failing_since is not None and now - one.failing_since >= RELAYS_FAILING_SECONDS for one in statuses):
            found.append("every relay fails: " + "; ".join(f"{one.name}: {one.last_error}" for one in statuses))
        return found

    def failing_seconds(self) -> dict[str, float]:
        """For how long each loop has failed; 0 for one that is well."""
        now = self._clock()
        return {loop.name: 0.0 if loop.fault is None else max(0.0, now - loop.fault.since) for loop in self._loops}
