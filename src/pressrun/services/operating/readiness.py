"""Whether the service can do its work: the database answers, the queue turns, and a relay takes mail."""

from __future__ import annotations

from pressrun.core.errors import Unavailable
from pressrun.services.ports import Clock, RelayPool
from pressrun.services.queue.dispatching import Dispatcher
from pressrun.store import paces
from pressrun.store.database import Database

QUIET_SECONDS = 15.0  # the dispatcher takes a turn at least every five
RELAYS_FAILING_SECONDS = 60.0


class Readiness:
    """Answers what stands in the way."""

    def __init__(self, *, database: Database, dispatcher: Dispatcher, relays: RelayPool, clock: Clock) -> None:
        self._database = database
        self._dispatcher = dispatcher
        self._relays = relays
        self._clock = clock

    async def problems(self) -> list[str]:
        """One line for each thing that stands in the way; none when all is well."""
        found = []
        try:
            await self._database.read(paces.load_paces)
        except Unavailable as problem:
            found.append(str(problem))
        now = self._clock()
        if now - self._dispatcher.alive_at > QUIET_SECONDS:
            found.append("the queue makes no progress: the database does not take what it records")
        statuses = self._relays.statuses()
        if all(one.failing_since is not None and now - one.failing_since >= RELAYS_FAILING_SECONDS for one in statuses):
            found.append("every relay fails: " + "; ".join(f"{one.name}: {one.last_error}" for one in statuses))
        return found
