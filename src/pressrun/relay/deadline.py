"""One deadline that moves all the time, kept by one timer that hardly ever does.

Moving the deadline further away costs two assignments: the timer, when it fires too early, sets itself again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Deadline:
    """Calls `expired` once when the deadline last set has passed."""

    __slots__ = ("_at", "_expired", "_loop", "_timer", "_timer_at")

    def __init__(self, loop: asyncio.AbstractEventLoop, expired: Callable[[], None]) -> None:
        self._loop = loop
        self._expired = expired
        self._at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    def after(self, seconds: float) -> None:
        """The deadline is so far away from now."""
        self._at = at = self._loop.time() + seconds
        if self._timer is None or at < self._timer_at:
            self._set_timer()

    def cancel(self) -> None:
        """There is no deadline."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = self._at
        self._timer = self._loop.call_at(self._at, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._at > self._timer_at:
            self._set_timer()
        else:
            self._expired()
