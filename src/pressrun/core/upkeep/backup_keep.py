"""Which backups in a folder to keep: `7d,4w,12m` keeps the newest of each of the last 7 days, 4 weeks and 12 months.

Only periods that have a backup count, so that a machine that was off for a month loses none. Periods are those of UTC,
and weeks begin on Monday. A backup that any part keeps is kept, and so is the newest one, always.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from msgspec import Struct

from pressrun.core.errors import BadQuantity

_PART = re.compile(r"([1-9][0-9]{0,4})([hdwmy])", re.ASCII)
_PERIODS: dict[str, Callable[[datetime], str]] = {
    "h": lambda at: at.strftime("%Y-%m-%dT%H"),
    "d": lambda at: at.strftime("%Y-%m-%d"),
    "w": lambda at: at.strftime("%G-W%V"),
    "m": lambda at: at.strftime("%Y-%m"),
    "y": lambda at: at.strftime("%Y"),
}


class KeepPart(Struct, frozen=True):
    """Keep the newest backup of each of the last `number` periods; `unit` is h, d, w, m or y."""

    number: int
    unit: str


def parse_keep(text: str) -> tuple[KeepPart, ...]:
    """Read `7d,4w,12m`; raises BadQuantity."""
    matches = [_PART.fullmatch(part.strip()) for part in text.split(",")]
    if not all(matches):
        raise BadQuantity(f"invalid periods {text!r}. Write numbers with h, d, w, m or y, such as '7d,4w,12m'")
    return tuple(KeepPart(int(match[1]), match[2]) for match in matches if match is not None)


def choose_kept(times: Iterable[int], parts: Iterable[KeepPart]) -> set[int]:
    """The times (UTC seconds) among these that are kept; all of them if there are no parts."""
    newest_first = sorted(set(times), reverse=True)
    chosen = list(parts)
    if not chosen:
        return set(newest_first)
    kept = set(newest_first[:1])
    for part in chosen:
        by_period: dict[str, int] = {}
        for at in newest_first:
            by_period.setdefault(_PERIODS[part.unit](datetime.fromtimestamp(at, UTC)), at)
        kept.update(list(by_period.values())[: part.number])
    return kept
