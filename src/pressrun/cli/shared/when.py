"""WHEN, the time of an edition as a person writes it: RFC 3339, a time in the machine's zone, or `+10m`.

A local time that the clock skips or has twice is ambiguous, so it is refused rather than guessed.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from pressrun.core.errors import BadInput
from pressrun.core.quantities import parse_duration
from pressrun.core.timestamps import seconds_of

_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}", re.ASCII)


def parse_when(text: str, now: float, *, hint: str = "") -> int:
    """UTC seconds of WHEN; raises BadInput for an invalid, ambiguous or past time (`hint` ends that last error)."""
    text = text.strip()
    at = int(now + parse_duration(text[1:])) if text.startswith("+") else _parse_time(text)
    if at < now - 1:
        raise BadInput(f"--at is in the past ({text}){hint}")
    return at


def parse_since(text: str, now: float) -> int:
    """UTC seconds of a moment in the past: a duration ago, a day in the machine's zone, or a time; raises BadInput."""
    text = text.strip()
    if _DAY.fullmatch(text):
        return _parse_time(f"{text} 00:00")
    return _parse_time(text) if "-" in text else int(now - parse_duration(text))


def _parse_time(text: str) -> int:
    try:
        if _RFC3339.fullmatch(text):
            return seconds_of(datetime.fromisoformat(text.upper()))
        if _LOCAL.fullmatch(text):
            return _parse_local(text)
    except (ValueError, OverflowError):
        raise BadInput(f"no such time: {text}") from None
    raise BadInput(
        f"invalid time {text!r}. Write 2026-05-01T12:00:00Z, '2026-05-01 12:00' in this machine's time zone, or +10m"
    )


def _parse_local(text: str) -> int:
    local = datetime.fromisoformat(text)  # without a zone, which means the machine's own
    first, second = local.replace(fold=0).timestamp(), local.replace(fold=1).timestamp()
    if first != second:
        is_twice = datetime.fromtimestamp(first) == local  # noqa: DTZ006 - in the machine's zone
        what = "occurs twice" if is_twice else "does not occur"
        raise BadInput(f"{text} {what} on that day, because the clock changes. Add its offset: {text[:10]}T…+01:00")
    return seconds_of(datetime.fromtimestamp(first, UTC))
