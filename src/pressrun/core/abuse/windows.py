"""Sliding windows in memory, for limits on cheap, frequent events that would cost more to write to the database.

They are exact while the process lives and are lost when it ends. The number of subjects is bounded: the one that has
been idle the longest is dropped first.
"""

from __future__ import annotations

from collections import OrderedDict, deque

from pressrun.core.quantities import Rate

MOST_SUBJECTS = 10_000


class Windows:
    """The times of each subject's recent events."""

    __slots__ = ("_times",)

    def __init__(self) -> None:
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def spend(self, subject: str, rate: Rate, now: float) -> float | None:
        """Count an event and return None; if the window is full, count nothing and return when the next is allowed."""
        times = self._times.setdefault(subject, deque())
        self._times.move_to_end(subject)
        if len(self._times) > MOST_SUBJECTS:
            self._times.popitem(last=False)
        # A clock that was set back must not lock anybody out, so events more than a window ahead do not count.
        while times and not now - rate.seconds < times[0] <= now + rate.seconds:
            times.popleft()
        if len(times) >= rate.count:
            return times[-rate.count] + rate.seconds
        times.append(now)
        return None

    def room(self, subject: str, rate: Rate, now: float) -> tuple[int, float]:
        """How many more events fit into the window now, and when the oldest one in it leaves it."""
        times = self._times.get(subject, ())
        return max(0, rate.count - len(times)), (times[0] + rate.seconds if times else now)
