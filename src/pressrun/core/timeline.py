"""Groups counts per second into bars that a person can read: how wide, how many, and what comes after them.

Most of what happens to an edition happens at the beginning, but the last stragglers come days later. If these few would
stretch the axis many times over, it ends before them, and they are counted separately.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from msgspec import Struct

BARS_AT_MOST = 60
_WIDTHS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800)
_MOST = 0.95  # of all that was counted is on the axis in any case
_STRETCH = 4  # times longer the axis may become for the rest


class Timeline(Struct, frozen=True):
    """Bars of equal width from `start_at` on; `later` came after the last of them, the last one at `last_at`."""

    start_at: int
    seconds: int
    numbers: tuple[int, ...]
    later: int
    last_at: int | None

    @property
    def end_at(self) -> int:
        """The end of the axis."""
        return self.start_at + self.seconds * len(self.numbers)

    @property
    def total(self) -> int:
        """The sum of all counts."""
        return sum(self.numbers) + self.later


def spread(counts: Mapping[int, int], start_at: int) -> Timeline:
    """The timeline of counts by second; what came before `start_at` (the clock was set) is in the first bar."""
    if not counts:
        return Timeline(start_at, _WIDTHS[0], (), 0, None)
    last_at = max(counts)
    most_at = moment_of_share(counts, _MOST)
    assert most_at is not None  # there are counts
    reach = start_at + _STRETCH * max(most_at - start_at, 1)
    span = max(max(at for at in counts if at <= reach) - start_at, 0) + 1
    width = _width_for(span)
    numbers = [0] * math.ceil(span / width)
    later = 0
    for at, number in counts.items():
        index = max(at - start_at, 0) // width
        if index < len(numbers):
            numbers[index] += number
        else:
            later += number
    return Timeline(start_at, width, tuple(numbers), later, last_at)


def moment_of_share(counts: Mapping[int, int], share: float) -> int | None:
    """The second by which that share of all had happened; None if nothing has."""
    wanted = math.ceil(sum(counts.values()) * share)
    reached = 0
    for at in sorted(counts):
        reached += counts[at]
        if reached >= wanted:
            return at
    return None


def _width_for(span: int) -> int:
    """The narrowest of the usual widths that leaves few enough bars; beyond a year, whole weeks."""
    for width in _WIDTHS:
        if math.ceil(span / width) <= BARS_AT_MOST:
            return width
    return math.ceil(span / BARS_AT_MOST / _WIDTHS[-1]) * _WIDTHS[-1]
