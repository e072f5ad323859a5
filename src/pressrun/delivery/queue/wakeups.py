"""When the dispatcher's loop runs its next cycle, and how much that cycle does."""

from __future__ import annotations

import asyncio
from enum import IntEnum

from pressrun.delivery.queue.claimed_rows import LowWater
from pressrun.delivery.queue.pacing import EARLY_SECONDS
from pressrun.delivery.queue.timer import Timer

SAFETY_SECONDS = 5.0  # a cycle that does everything comes at least this often: it feeds the watchdog


class Work(IntEnum):
    """What a cycle does; each one does what those before it do, too."""

    RECORD = 0  # record results
    CLAIM = 1  # claim what may go
    ADVANCE = 2  # start, pause and finish editions


class WakeUps:
    """`again_at` is when to claim again without another cause. It is also time at `low_water` and, with
    `after_result`, as soon as any row has its result.
    """

    def __init__(self) -> None:
        self.again_at: float | None = None
        self.low_water = LowWater()
        self.after_result = False
        self._is_careful = False
        self._wanted = asyncio.Event()
        self._work = Work.ADVANCE
        self._advanced_at = 0.0
        self._advance_at: float | None = None
        self._timer = Timer(self._wanted.set)

    @property
    def next_at(self) -> float | None:
        """When something is next due without any other cause; None if nothing is."""
        return min((at for at in (self.again_at, self._advance_at) if at is not None), default=None)

    def record(self) -> None:
        """There is something to record."""
        self._wanted.set()

    def record_within(self, seconds: float, now: float) -> None:
        """There is something to record, together with what comes until then."""
        if not self._wanted.is_set():
            self._timer.set(now + seconds, now)

    def claim(self) -> None:
        """Claim what may go, in a cycle that begins now."""
        self.plan_next(Work.CLAIM)
        self._wanted.set()

    def advance(self) -> None:
        """Something changed in the database: do everything, in a cycle that begins now."""
        self.plan_next(Work.ADVANCE)
        self._wanted.set()

    def plan_next(self, work: Work) -> None:
        """Do at least this much in the next cycle, whenever that is."""
        self._work = max(self._work, work)

    def be_careful(self) -> None:
        """Make the next cycle a careful one: nobody may hold some claimed rows, or one row may have caused an error."""
        self._is_careful = True

    def pop_careful(self) -> bool:
        """Whether the cycle that begins is careful. From now on, `be_careful` is about the one after it."""
        is_careful, self._is_careful = self._is_careful, False
        return is_careful

    def plan(
        self, *, again_at: float | None = None, low_water: LowWater | None = None, after_result: bool = False
    ) -> None:
        """Plan when to claim again without another cause."""
        self.again_at, self.low_water, self.after_result = again_at, low_water or LowWater(), after_result

    def plan_advance(self, at: float | None) -> None:
        """When an edition starts by itself."""
        self._advance_at = at

    def begin(self, now: float, least: Work) -> Work:
        """Begin a cycle; returns what it does."""
        self._timer.cancel()
        work, self._work = max(self._work, least), Work.RECORD
        if self._is_time_to_advance(now):
            work = Work.ADVANCE
        if work is Work.ADVANCE:
            self._advanced_at = now
        if work >= Work.CLAIM:
            self.low_water = LowWater()  # this cycle claims more: what it finds is no reason for the next one
        return work

    def _is_time_to_advance(self, now: float) -> bool:
        if self._advance_at is not None and self._advance_at <= now:
            return True
        # The clock may have been set back, and a timer may fire early.
        return not self._advanced_at <= now < self._advanced_at + SAFETY_SECONDS - EARLY_SECONDS

    async def sleep(self, now: float, seconds: float | None) -> None:
        """Wait for something to record or to claim, at most for `seconds` if given."""
        # Cycles that only record do not postpone the next one that does everything; nor does a clock that was set back.
        ends = [min(self._advanced_at, now) + SAFETY_SECONDS, self.next_at]
        if seconds is not None:
            ends.append(now + seconds)
        until = min(at for at in ends if at is not None)
        if until <= now:
            self.plan_next(Work.CLAIM)
        else:
            timer = asyncio.get_running_loop().call_later(until - now, self.claim)
            try:
                await self._wanted.wait()
            finally:
                timer.cancel()
        self._wanted.clear()
