"""Measures how late the event loop is: whatever holds it up delays every page, every mail and every copy."""

from __future__ import annotations

import asyncio
import time

from pressrun.runtime.clock import utc_now
from pressrun.services.background import BackgroundLoop

SAMPLE_SECONDS = 0.25  # whatever holds the loop up for longer is seen
WINDOW_SECONDS = 30.0


class EventLoopLag(BackgroundLoop):
    """Sleeps again and again, and notes how much longer that took than asked for."""

    name = "event loop lag"
    unavailable = "daemon.watchdog"  # nothing here uses the database

    def __init__(self) -> None:
        super().__init__(utc_now)
        self._worst = self._worst_before = 0.0
        self._window_began = time.monotonic()

    async def step(self) -> bool:
        """Take one sample."""
        began = time.monotonic()
        await asyncio.sleep(SAMPLE_SECONDS)
        now = time.monotonic()
        if now - self._window_began >= WINDOW_SECONDS:
            self._worst_before, self._worst, self._window_began = self._worst, 0.0, now
        self._worst = max(self._worst, now - began - SAMPLE_SECONDS)
        return True

    @property
    def seconds(self) -> float:
        """The worst of this window and the one before, so that two scrapes a minute miss nothing."""
        return max(self._worst, self._worst_before)
