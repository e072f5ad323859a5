"""A limit on the time in which nothing moves, kept by one timer that hardly ever does anything.

To say that something moved costs one assignment, and nobody asks then what the limit is: the timer asks when it fires,
which is never later than the shortest limit could have passed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Deadline:
    """Calls `expired` once when nothing has moved for `limit()` seconds; the limit changes only when something moves.

    No limit is below `shortest_seconds`. Time counts from the first `moved`.
    """

    __slots__ = ("_expired", "_limit", "_loop", "_moved_at", "_shortest_seconds", "_timer", "_timer_at")

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
        self._shortest_seconds = shortest_seconds
        self._moved_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    def moved(self) -> None:
        """The time begins anew."""
        self._moved_at = self._loop.time()
        if self._timer is None:
            self._set_timer(self._moved_at)

    def cancel(self) -> None:
        """There is no deadline."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self, now: float) -> None:
        self._timer_at = min(self._moved_at + self._limit(), now + self._shortest_seconds)
        self._timer = self._loop.call_at(self._timer_at, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._moved_at + self._limit() > self._timer_at:
            self._set_timer(self._timer_at)
        else:
            self._expired()
