"""A limit on the time without progress, kept by one timer that hardly ever does anything.

Reporting progress costs one assignment, without looking up the limit. The timer looks it up when it fires, which is
never later than the shortest limit could have passed, except for limits too short to be checked that often.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

GRAIN_SECONDS = 0.01  # the timer fires no more often: a connection that may be idle for 1 ms waits minutes for replies


class Deadline:
    """Calls `expired` once when nothing has moved for `limit()` seconds; the limit changes only when something moves.

    No limit is below `shortest_seconds`; one below GRAIN_SECONDS that follows a longer one may end so much later. Time
    counts from the first `moved`.
    """

    __slots__ = ("_expired", "_limit", "_loop", "_moved_at", "_step_seconds", "_timer", "_timer_at")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        limit: Callable[[], float],
        expired: Callable[[], None],
        *,
        shortest_seconds: float,
    ) -> None:
        self._loop = loop
        self._limit = limit
        self._expired = expired
        self._step_seconds = max(shortest_seconds, GRAIN_SECONDS)
        self._moved_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    def moved(self) -> None:
        """Restart the time."""
        self._moved_at = self._loop.time()
        if self._timer is None:
            self._set_timer(self._moved_at)

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self, now: float) -> None:
        self._timer_at = min(self._moved_at + self._limit(), now + self._step_seconds)
        self._timer = self._loop.call_at(self._timer_at, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._moved_at + self._limit() > self._timer_at:
            self._set_timer(self._timer_at)
        else:
            self._expired()
