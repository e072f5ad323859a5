"""Measures how late the event loop is: whatever holds it up delays every page, every mail and every copy."""

from __future__ import annotations

import asyncio
import time

from pressrun.runtime.clock import utc_now
from pressrun.services.background import BackgroundLoop

SAMPLE_SECONDS = 0.25  # whatever holds up the loop for longer is noticed
WINDOW_SECONDS = 30.0


class EventLoopLag(BackgroundLoop):
    """Has itself called again and again, and notes how late each call is."""

    name = "event loop lag"
    unavailable = "daemon.watchdog"  # nothing here uses the database

    def __init__(self, window_seconds: float = WINDOW_SECONDS) -> None:
        super().__init__(utc_now)
        self._window_seconds = window_seconds
        self._worst = self._worst_before = 0.0
        self._due_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def step(self) -> bool:
        """Take samples for one window."""
        self._worst_before, self._worst = self._worst, 0.0
        self._wait()
        try:
            await asyncio.sleep(self._window_seconds)
        finally:
            if self._timer is not None:
                self._timer.cancel()
        return True

    def _wait(self) -> None:
        self._due_at = time.monotonic() + SAMPLE_SECONDS
        self._timer = asyncio.get_running_loop().call_later(SAMPLE_SECONDS, self._sample)

    def _sample(self) -> None:
        self._worst = max(self._worst, time.monotonic() - self._due_at)
        self._wait()

    @property
    def seconds(self) -> float:
        """The worst of this window and the one before, so that two scrapes a minute miss nothing."""
        return max(self._worst, self._worst_before)
