"""Sliding windows in memory, for what is asked so often and costs so little that writing each down would cost more.

They are exact while a process lives and forgotten with it. Subjects are bounded: whoever was silent the longest goes.
"""

from __future__ import annotations

from collections import OrderedDict, deque

from pressrun.core.quantities import Rate

MOST_SUBJECTS = 10_000


class Windows:
    """What each subject did of late."""

    __slots__ = ("_times",)

    def __init__(self) -> None:
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def spend(self, subject: str, rate: Rate, now: float) -> float | None:
        """Count an event; where the window is full nothing is counted, and it says when the next one will be taken."""
        times = self._times.setdefault(subject, deque())
        self._times.move_to_end(subject)
        if len(self._times) > MOST_SUBJECTS:
            self._times.popitem(last=False)
        # A clock that was set back must not lock anybody out: what lies more than a window ahead does not count.
        while times and not now - rate.seconds < times[0] <= now + rate.seconds:
            times.popleft()
        if len(times) >= rate.count:
            return times[-rate.count] + rate.seconds
        times.append(now)
        return None
