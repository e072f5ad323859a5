"""Feeds systemd's watchdog while the dispatcher makes progress, and logs failing loops and a lack of open files."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from pressrun.daemon.health.open_files import OpenFilesWatch
from pressrun.delivery.queue.dispatcher import Dispatcher
from pressrun.observe.log import event
from pressrun.runtime.clock import utc_now
from pressrun.runtime.systemd import Notifier
from pressrun.services.background import BackgroundLoop, failing_loops, until_next

log = logging.getLogger("pressrun.daemon")

CHECK_SECONDS = 1.0  # between two checks that the event loop and the dispatcher make progress
STUCK_SECONDS = 30.0  # a dispatcher that completes no cycle for this long is stuck. It completes one every five


class Watchdog(BackgroundLoop):
    """A cycle of the dispatcher proves that event loop and database work; without one systemd restarts us.

    So does one that a server of the database turns away, or for which the disk is full: a restart would bring neither
    the server back nor room, and nobody would be told to come again.
    """

    name = "watchdog"
    unavailable = "daemon.watchdog"  # nothing here uses the database

    def __init__(
        self,
        dispatcher: Dispatcher,
        notifier: Notifier,
        watchdog_seconds: float | None,
        loops: Callable[[], Sequence[BackgroundLoop]],
    ) -> None:
        super().__init__(utc_now)
        self._dispatcher = dispatcher
        self._notifier = notifier
        self._loops = loops
        self._every = min(CHECK_SECONDS, watchdog_seconds / 2) if watchdog_seconds else CHECK_SECONDS
        self._was_stuck = False
        self._logged: set[str] = set()
        self._open_files = OpenFilesWatch()
        self._last, self._last_at = self._sign_of_life(), time.monotonic()  # the wall clock may jump

    async def step(self) -> bool:
        """Wait a moment, then check."""
        await asyncio.sleep(until_next(self._every))
        self._feed_watchdog()
        self._log_failing()
        self._open_files.check()
        return True

    def _feed_watchdog(self) -> None:
        sign = self._sign_of_life()
        if sign != self._last:
            self._last, self._last_at = sign, time.monotonic()
        quiet = time.monotonic() - self._last_at
        is_stuck = quiet > STUCK_SECONDS
        if not is_stuck:
            self._notifier.watchdog()
        elif not self._was_stuck:
            event(log, "daemon.watchdog", level=logging.ERROR, quiet_seconds=round(quiet))
        self._was_stuck = is_stuck

    def _sign_of_life(self) -> tuple[float, int]:
        return self._dispatcher.alive_at, self._dispatcher.turned_away

    def _log_failing(self) -> None:
        """Log once that a loop has been failing for long."""
        failing = dict(failing_loops(self._loops(), utc_now()))
        for name in failing.keys() - self._logged:
            fault = failing[name]
            event(log, "loop.failing", level=logging.ERROR, loop=name, times=fault.times, problem=fault.problem)
        self._logged = set(failing)
