"""The hours in which copies of a list's editions may go out, in the local time of its readers.

They follow the wall clock through changes of summer time. If the clock skips the opening time, sending starts when the
skip is over. Sending hours that lie wholly inside the skip do not happen that day, and repeated hours happen twice.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo

from msgspec import Struct

from pressrun.core.errors import BadInput

_DAY_MINUTES = 24 * 60
_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})", re.ASCII)
_DAYS_AHEAD = 4  # the clock may skip the hours of one day, in some zones the whole day


class OpeningHours(Struct, frozen=True):
    """From `opens` until just before `closes`, in minutes after midnight; a lower `closes` is on the next day."""

    opens: int
    closes: int
    zone: tzinfo

    def is_open(self, at: float) -> bool:
        """Whether copies may go out at `at` (UTC seconds)."""
        there = datetime.fromtimestamp(int(at), self.zone)
        minute = there.hour * 60 + there.minute
        if self.opens < self.closes:
            return self.opens <= minute < self.closes
        return minute >= self.opens or minute < self.closes

    def next_opening(self, at: float) -> int:
        """The first moment from `at` on when copies may go out (UTC seconds): `at` itself during the sending hours."""
        if self.is_open(at):
            return int(at)
        today = datetime.fromtimestamp(int(at), self.zone).replace(tzinfo=None, hour=0, minute=0, second=0)
        for days in range(_DAYS_AHEAD):
            for moment in self._moments_of(today + timedelta(days=days)):
                if moment > at and self.is_open(moment):
                    return moment
        return int(at) + _DAYS_AHEAD * 86400  # the hours never come: try again then

    def _moments_of(self, day: datetime) -> list[int]:
        """When the hours may begin on a day: at the opening time, which may come twice, and when the clock changes."""
        begin, opening, end = (day + timedelta(minutes=minutes) for minutes in (0, self.opens, _DAY_MINUTES))
        change = self._find_change(self._moment(begin), self._moment(end))
        return sorted({self._moment(opening), self._moment(opening, fold=1), *change})

    def _moment(self, wall: datetime, fold: int = 0) -> int:
        return int(wall.replace(tzinfo=self.zone, fold=fold).timestamp())

    def _find_change(self, before: int, after: int) -> list[int]:
        """The second between these two in which the clock changes, if it does."""
        former = self._offset(before)
        if former == self._offset(after):
            return []
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (middle, after) if self._offset(middle) == former else (before, middle)
        return [after]

    def _offset(self, at: int) -> timedelta | None:
        return datetime.fromtimestamp(at, self.zone).utcoffset()


def parse_hours(text: str) -> tuple[int, int]:
    """Start and end of `08:00-20:00`, each in minutes after midnight; raises BadInput."""
    match = _HOURS.fullmatch(text.strip())
    if match is None:
        raise BadInput(f"invalid sending hours {text!r}. Write 08:00-20:00, or nothing for the whole day")
    opens, closes = (_minute(*match.group(1, 2)), _minute(*match.group(3, 4)))
    if opens >= _DAY_MINUTES or closes > _DAY_MINUTES:
        raise BadInput(f"invalid sending hours {text!r}. A day runs from 00:00 to 24:00")
    if opens == closes:
        raise BadInput(
            f"invalid sending hours {text!r}: they start and end at the same time. Write nothing for the whole day"
        )
    return opens, closes


def format_hours(opens: int, closes: int) -> str:
    """Write two times, in minutes after midnight, as `08:00-20:00`."""
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (opens, closes))


def _minute(hour: str, minute: str) -> int:
    return int(hour) * 60 + int(minute) if int(minute) < 60 else 2 * _DAY_MINUTES
