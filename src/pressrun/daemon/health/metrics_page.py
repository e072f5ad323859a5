"""What `GET /metrics` shows: the counters, the gauges of this moment, and those that were measured before."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import Struct

from pressrun.core.errors import Unavailable
from pressrun.runtime.clock import utc_now
from pressrun.store.queue import copy_counts, inbound
from pressrun.store.readers import pending_requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from pressrun.daemon.health.event_loop_lag import EventLoopLag
    from pressrun.daemon.health.measurements import Measurements
    from pressrun.observe.metrics import Metrics
    from pressrun.services.ports import RelayPool
    from pressrun.services.upkeep.readiness import Readiness
    from pressrun.store.database import Database


class MetricsPage(Struct, frozen=True, kw_only=True):
    """Each part costs a few lookups, however many copies are live."""

    metrics: Metrics
    database: Database
    relays: RelayPool
    readiness: Readiness
    measurements: Measurements
    lag: EventLoopLag
    may_send: Callable[[], bool]
    lease_seconds_left: Callable[[], float | None]
    last_backup_at: Callable[[], float]

    async def render(self) -> bytes:
        """The page, even while the database does not answer, when what the process itself knows matters most."""
        metrics = self.metrics
        up = {status.name: int(status.failing_since is None) for status in self.relays.statuses()}
        metrics.set_all("relay_up", up)
        metrics.set_all("loop_failing_seconds", self.readiness.failing_seconds())
        metrics.set("event_loop_lag_seconds", self.lag.seconds)
        metrics.set("may_send", int(self.may_send()))
        metrics.set("last_backup_timestamp_seconds", self.last_backup_at())
        left = self.lease_seconds_left()
        metrics.set("lease_seconds_left", math.inf if left is None else left)
        metrics.set("oldest_due_copy_seconds", self.measurements.oldest_due_seconds(utc_now()))
        try:
            await self._count_rows()
        except Unavailable:
            metrics.set("database_up", 0)
        else:
            metrics.set("database_up", 1)
        metrics.set("ready", int(not await self.readiness.problems()))
        return metrics.render()

    async def _count_rows(self) -> None:
        read, metrics = self.database.read, self.metrics
        metrics.set_queue(await read(copy_counts.count_live))
        metrics.set("inbound_kept", await read(inbound.count_kept))
        metrics.set("requests_set_aside", await read(pending_requests.count_set_aside))
