"""Whether the service can work: the database answers, the queue makes progress, no loop fails, some relay works."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pressrun.core.errors import Unavailable
from pressrun.core.timestamps import rfc3339
from pressrun.services.background import BackgroundLoop, failing_loops
from pressrun.services.ports import Clock, RelayPool
from pressrun.store import destinations
from pressrun.store.database import Database

QUIET_SECONDS = 15.0  # the dispatcher runs a cycle at least every 5 s
RELAYS_FAILING_SECONDS = 60.0


class Readiness:
    """Reports what keeps the service from working; `alive_at` returns the time of the dispatcher's last cycle."""

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
        """A line for each problem; none when all is well."""
        problems = []
        try:
            await self._database.read(destinations.load_paces)
        except Unavailable as problem:
            problems.append(str(problem))
        now = self._clock()
        if now - self._alive_at() > QUIET_SECONDS:
            problems.append("the queue makes no progress: the database does not accept its results")
        for name, fault in failing_loops(self._loops, now):
            problems.append(
                f"{name} has failed since {rfc3339(int(fault.since))}, {fault.times} times: {fault.problem}"
            )
        statuses = self._relays.statuses()
        failing = [
            f"{status.name}: {status.last_error}"
            for status in statuses
            if status.failing_since is not None and now - status.failing_since >= RELAYS_FAILING_SECONDS
        ]
        if len(failing) == len(statuses):
            problems.append(f"every relay fails: {'; '.join(failing)}")
        return problems

    def failing_seconds(self) -> dict[str, float]:
        """For how long each loop has been failing, 0 for one that works."""
        now = self._clock()
        return {loop.name: 0.0 if loop.fault is None else max(0.0, now - loop.fault.since) for loop in self._loops}
