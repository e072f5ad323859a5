"""The hours in which copies of a list's editions may go out, as clocks show them where its readers are.

By the clock on the wall: when that skips an hour or has one twice, so do the hours. An hour that is skipped opens when
the skip is over; a stretch that lies wholly inside the skip does not happen that day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from pressrun.core.errors import BadInput

_DAY_MINUTES = 24 * 60
_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})", re.ASCII)
_DAYS_AHEAD = 4  # the clock may skip the hours of one day, in some zones the whole day


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """From `opens` on and before `closes`, in minutes of the day; `closes` below `opens` is on the next day."""

    opens: int
    closes: int
    zone: tzinfo

    def is_open(self, at: float) -> bool:
        """Whether copies may go out then (UTC seconds)."""
        there = datetime.fromtimestamp(int(at), self.zone)
        minute = there.hour * 60 + there.minute
        if self.opens < self.closes:
            return self.opens <= minute < self.closes
        return minute >= self.opens or minute < self.closes

    def next_opening(self, at: float) -> int:
        """When copies may go out from `at` on: then, or the next time the hours begin (UTC seconds)."""
        if self.is_open(at):
            return int(at)
        today = datetime.fromtimestamp(int(at), self.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        for days in range(_DAYS_AHEAD):
            wall = (today.replace(tzinfo=None) + timedelta(days=days, minutes=self.opens)).replace(tzinfo=self.zone)
            first, second = sorted(int(wall.replace(fold=fold).timestamp()) for fold in (0, 1))
            for moment in (first, self._opening_between(first, second)):
                if moment > at and self.is_open(moment):
                    return moment
        return int(at) + _DAYS_AHEAD * 86400  # hours that never come: look again then

    def _opening_between(self, closed: int, opened: int) -> int:
        """The first open second after a skip of the clock: one that is open with the one before it closed."""
        if self.is_open(closed) or not self.is_open(opened):
            return opened
        while opened - closed > 1:
            middle = (closed + opened) // 2
            closed, opened = (closed, middle) if self.is_open(middle) else (middle, opened)
        return opened


def parse_hours(text: str) -> tuple[int, int]:
    """The two minutes of the day of `08:00-20:00`; raises BadInput."""
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise BadInput(f"invalid sending hours {text!r}. Write 08:00-20:00, or nothing for the whole day")
    opens, closes = (_minute(*found.group(1, 2)), _minute(*found.group(3, 4)))
    if opens >= _DAY_MINUTES or closes > _DAY_MINUTES:
        raise BadInput(f"invalid sending hours {text!r}. A day runs from 00:00 to 24:00")
    if opens == closes:
        raise BadInput(
            f"invalid sending hours {text!r}: they start and end at the same time. Write nothing for the whole day"
        )
    return opens, closes


def format_hours(opens: int, closes: int) -> str:
    """`08:00-20:00` of two minutes of the day."""
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (opens, closes))


def _minute(hour: str, minute: str) -> int:
    return int(hour) * 60 + int(minute) if int(minute) < 60 else 2 * _DAY_MINUTES
