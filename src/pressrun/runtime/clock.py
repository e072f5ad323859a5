"""The one clock of the program: UTC seconds for everything that the database keeps or that is compared with it.

It is the time since the machine booted, which also counts what it was suspended for, plus an offset to the wall clock.
The offset is checked once a second, so in between time passes evenly, and alike for all parts of a process. A step of
the wall clock is noticed, reported to parts that want to know, and followed, since either time may be the wrong one.
The checks are at whole seconds since boot, so the daemon and its workers, which send each other times, follow a step
together.

Durations within one process use `time.monotonic`, which never steps.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial

from pressrun.core.upkeep.lease import Instant

STEP_SECONDS = 0.05  # how far off the wall clock must be before it is followed; less is the noise of two readings
REPORTED_SECONDS = 1.0  # the least step that is reported
_READINGS = 5  # of both clocks, of which the closest pair counts: a process may be stopped between the two

_boot_seconds = partial(time.clock_gettime, time.CLOCK_BOOTTIME)


def read_instant() -> Instant:
    """Both clocks as they are, for code that must not mistake one for the other."""
    return Instant(boot=_boot_seconds(), wall=time.time())


class UtcClock:
    """UTC seconds with fractions, from `since_boot` and `wall`. It may be called on any thread."""

    __slots__ = ("_check_at", "_offset", "_report", "_since_boot", "_wall")

    def __init__(self, since_boot: Callable[[], float] = _boot_seconds, wall: Callable[[], float] = time.time) -> None:
        self._since_boot = since_boot
        self._wall = wall
        self._report: Callable[[float], object] | None = None
        self._check_at = math.floor(since_boot()) + 1
        self._offset = self._read_offset()

    def __call__(self) -> float:
        passed = self._since_boot()
        if passed >= self._check_at:
            self._check(passed)
        return passed + self._offset

    def on_step(self, report: Callable[[float], object]) -> None:
        """Have `report` called with the seconds of each larger step, below 0 when the clock was set back.

        The call is on the thread that reads the time.
        """
        self._report = report

    def _check(self, passed: float) -> None:
        self._check_at = math.floor(passed) + 1
        offset = self._read_offset()
        step = offset - self._offset
        if abs(step) < STEP_SECONDS:
            return
        self._offset = offset
        if self._report is not None and abs(step) >= REPORTED_SECONDS:
            self._report(step)

    def _read_offset(self) -> float:
        """How far the wall clock is ahead of the time since boot."""
        return min(self._read_both() for _ in range(_READINGS))[1]

    def _read_both(self) -> tuple[float, float]:
        """How long it took to read both, and how much they differ."""
        before = self._since_boot()
        wall = self._wall()
        after = self._since_boot()
        return after - before, wall - (before + after) / 2


utc_now = UtcClock()
