"""Watches the disk: says when room becomes short, and lets nothing begin that needs much of it before it is full.

What is kept back has a table of its own (docs/how-to/full-disk.md). Leaving, results of relays and what readers do on
their own pages always go on: the reserve is for them. When there is room again, everything goes on by itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from pressrun.core.upkeep.disk_room import DiskLevel, RoomLimits, StorageRoom, decide_level, why_nearly_full
from pressrun.observe.log import event
from pressrun.services.background import BackgroundLoop, until_next
from pressrun.services.context import ServiceContext
from pressrun.services.settings import ServiceSettings

log = logging.getLogger("pressrun.storage")

POLL_SECONDS = 5.0  # an import of 5,000 rows a second needs some 15 MiB in that time
WAL_REPORTED = 0.25  # of wal_size: who reads for long is named then, before it matters

Show = Callable[[DiskLevel], None]


class StorageWatch(BackgroundLoop):
    """Measures every few seconds. `show` is for metrics; `find_readers` gives processes that hold the log back."""

    name = "storage watch"
    unavailable = "housekeeping.database_unavailable"

    def __init__(
        self,
        context: ServiceContext,
        *,
        measure: Callable[[], StorageRoom],
        find_readers: Callable[[], list[int]],
        show: Show,
    ) -> None:
        super().__init__(context.clock)
        self._context = context
        self._measure = measure
        self._find_readers = find_readers
        self._show = show
        self._level = DiskLevel.OK
        self._is_held = False

    async def step(self) -> bool:
        """Look once, then wait a moment."""
        await self.check()
        await asyncio.sleep(until_next(POLL_SECONDS))
        return True

    async def check(self) -> None:
        """Measure, and act on what changed."""
        room = await asyncio.to_thread(self._measure)
        limits = room_limits(self._context.settings.value)
        before, self._level = self._level, decide_level(room, self._level, limits)
        self._show(self._level)
        why = why_nearly_full(room, limits, is_left=before is DiskLevel.NEARLY_FULL)
        self._context.database.growth.set_reason(why)
        if self._level is not before:
            self._log_change(before, room, why)
        await self._report_held_log(room, limits)

    def _log_change(self, before: DiskLevel, room: StorageRoom, why: str | None) -> None:
        if self._level is DiskLevel.NEARLY_FULL:
            event(log, "storage.nearly_full", level=logging.ERROR, reason=why, free=room.free, wal=room.wal)
        elif self._level is DiskLevel.LOW and before is DiskLevel.OK:
            event(log, "storage.low", level=logging.WARNING, free=room.free)
        else:
            event(log, "storage.recovered", free=room.free, level_now=self._level.value)
        if before is DiskLevel.NEARLY_FULL:
            self._context.wake()  # editions whose time has come may start

    async def _report_held_log(self, room: StorageRoom, limits: RoomLimits) -> None:
        """Name who keeps the write-ahead log from being emptied, once each time."""
        was_held, self._is_held = self._is_held, room.wal > limits.wal_size * WAL_REPORTED
        if self._is_held and not was_held:
            readers = await asyncio.to_thread(self._find_readers)
            event(log, "storage.wal_held", level=logging.WARNING, wal=room.wal, processes=readers)


def room_limits(settings: ServiceSettings) -> RoomLimits:
    """The thresholds in force."""
    limits = settings.limits
    return RoomLimits(warning=limits.disk_warning_bytes, reserve=limits.disk_reserve_bytes, wal_size=limits.wal_bytes)
