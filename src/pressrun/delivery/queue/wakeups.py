"""When the dispatcher's loop takes its next turn, and whether that turn looks for what may go or only records."""

from __future__ import annotations

import asyncio

from pressrun.delivery.queue.timer import Timer

LOOK_AGAIN_SECONDS = 5.0  # the loop looks at least so often: it feeds the watchdog


class WakeUps:
    """`again_at` is when to look without being asked; so few claimed rows as `low_water` are reason enough, too."""

    def __init__(self) -> None:
        self.again_at: float | None = None
        self.low_water = -1
        self._wanted = asyncio.Event()
        self._looks = True
        self._looked_at = 0.0
        self._alarm = Timer(self._wanted.set)

    def turn(self) -> None:
        """There is something to record."""
        self._wanted.set()

    def turn_within(self, seconds: float, now: float) -> None:
        """There is something to record, together with what comes until then."""
        if not self._wanted.is_set():
            self._alarm.set(now + seconds, now)

    def look(self) -> None:
        """Look for what may go, in a turn that begins now."""
        self.look_next()
        self._wanted.set()

    def look_next(self) -> None:
        """Look with the next turn, whenever that is."""
        self._looks = True

    def plan(self, *, again_at: float | None = None, low_water: int = -1) -> None:
        """What is reason to look again, but for what is told."""
        self.again_at, self.low_water = again_at, low_water

    def begin(self, now: float, *, must_look: bool) -> bool:
        """Begin a turn; says whether it looks."""
        self._alarm.cancel()
        looks, self._looks = self._looks or must_look, False
        if looks:
            self._looked_at = now
            self.low_water = -1  # that fewer are claimed meanwhile is no reason for the next one: this one claims more
        return looks

    async def sleep(self, now: float, seconds: float | None) -> None:
        """Until there is something to record or to look for; with `seconds` at most so long."""
        # Turns that only record put a look off no further; nor does a clock that was set back.
        latest = min(self._looked_at, now) + LOOK_AGAIN_SECONDS
        if seconds is not None:
            latest = min(latest, now + seconds)
        until = latest if self.again_at is None else min(latest, self.again_at)
        if until <= now:
            self._looks = True
        else:
            timer = asyncio.get_running_loop().call_later(until - now, self.look)
            try:
                await self._wanted.wait()
            finally:
                timer.cancel()
        self._wanted.clear()
