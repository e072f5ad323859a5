"""How many sign-ups an hour are usual for this server, and when far more come in than that."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

from msgspec import Struct

HOUR_SECONDS = 3600
DAY_HOURS = 24
DAYS = 14  # two of each weekday; more would keep in mind what the server no longer is


def usual_peak(counts: Mapping[int, int], hour: int) -> int:
    """The busiest hour of an ordinary day: the median over the days before `hour` of what their busiest hour had.

    `counts` are by number of the hour since 1970; an hour that is not there had none. An attack on fewer than half of
    the days does not move it, nor does a quiet week-end.
    """
    peaks = [
        max(counts.get(hour - DAY_HOURS * day - back, 0) for back in range(1, DAY_HOURS + 1)) for day in range(DAYS)
    ]
    return round(median(peaks))


def first_hour(now: float) -> int:
    """The first hour that still counts for what is usual."""
    return int(now // HOUR_SECONDS) - DAY_HOURS * DAYS


class RateAnomaly(Struct):
    """Notices when far more come in than usual, and when that ends: at half of the mark where it began."""

    is_on: bool = False
    hour: int = -1
    _number: int = 0
    _before: int = 0

    def count(self, hour: int, number: int, before: int) -> None:
        """`number` came in this hour so far, `before` in the one before."""
        self.hour, self._number, self._before = hour, number, before

    def update(self, now: float, mark: float | None) -> bool:
        """Update `is_on`, and return whether it changed; without a mark there is never an anomaly."""
        was_on = self.is_on
        self.is_on = mark is not None and self._per_hour(now) > (mark / 2 if was_on else mark)
        return self.is_on != was_on

    def _per_hour(self, now: float) -> float:
        """In the last sixty minutes, as if those of the hour before had come evenly."""
        passed, within = divmod(now, HOUR_SECONDS)
        share = 1 - within / HOUR_SECONDS
        match max(0, int(passed) - self.hour):  # the clock may have been set back
            case 0:
                return self._number + self._before * share
            case 1:
                return self._number * share
        return 0.0
