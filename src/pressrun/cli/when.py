"""When an edition is to go out, as a person writes it: RFC 3339, a time in the machine's zone, or `+10m`.

A local time that the clock skips, or has twice, means nothing or two things: it is refused, never guessed.
"""

from __future__ import annotations

import re
from datetime import datetime

from pressrun.core.errors import BadInput
from pressrun.core.quantities import parse_duration

_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}", re.ASCII)


def parse_when(text: str, now: float, *, instead: str = "") -> int:
    """UTC seconds of WHEN; raises BadInput when it is invalid, ambiguous or past (then `instead` ends the sentence)."""
    text = text.strip()
    at = int(now + parse_duration(text[1:])) if text.startswith("+") else _read(text)
    if at < now - 1:
        raise BadInput(f"--at is in the past ({text}){instead}")
    return at


def _read(text: str) -> int:
    try:
        if _RFC3339.fullmatch(text):
            return int(datetime.fromisoformat(text.upper()).timestamp())
        if _LOCAL.fullmatch(text):
            return _local(text)
    except (ValueError, OverflowError):
        raise BadInput(f"no such time: {text}") from None
    raise BadInput(
        f"invalid time {text!r}. Write 2026-05-01T12:00:00Z, '2026-05-01 12:00' in this machine's time zone, or +10m"
    )


def _local(text: str) -> int:
    wanted = datetime.fromisoformat(text)  # no zone: the machine's own is meant
    first, second = wanted.replace(fold=0).timestamp(), wanted.replace(fold=1).timestamp()
    if first != second:
        is_twice = datetime.fromtimestamp(first) == wanted  # noqa: DTZ006 - as above
        what = "has twice" if is_twice else "skips"
        raise BadInput(f"{text} is a time that the clock {what} that day. Write its offset too: {text[:10]}T…+01:00")
    return int(first)
