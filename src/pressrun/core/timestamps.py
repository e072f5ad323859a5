"""Times as the program holds them: integer UTC seconds, printed as RFC 3339 with `Z`."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import overload

from pressrun.core.errors import BadInput


@overload
def rfc3339(at: int) -> str: ...
@overload
def rfc3339(at: int | None) -> str | None: ...
@lru_cache(maxsize=256)  # rows that are described together are often of the same second
def rfc3339(at: int | None) -> str | None:
    """`2026-05-01T12:00:00Z` of UTC seconds; None stays None."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# A day from the ends of what a datetime holds, so that every zone can show it: 0001-01-02 and 9999-12-31.
_EARLIEST, _LATEST = -62_135_510_400, 253_402_214_400


def seconds_of(moment: datetime) -> int:
    """UTC seconds of a moment, which without a zone is one of UTC.

    Raises OverflowError for one that could be stored, but not be shown again (`rfc3339`).
    """
    seconds = int((moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp())
    if not _EARLIEST <= seconds <= _LATEST:
        raise OverflowError("outside of the years that can be shown")
    return seconds


def parse_time(text: str) -> int:
    """UTC seconds of `2026-05-01` (its beginning in UTC) or of a time of RFC 3339; raises BadInput."""
    try:
        return seconds_of(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise BadInput(f"invalid time {text!r}. Write a date such as 2026-05-01, or 2026-05-01T12:00:00Z") from None


def is_within(before: float | None, now: float, seconds: float) -> bool:
    """Whether `before` is less than `seconds` ago. A time in the future, from a clock that was ahead, is not."""
    return before is not None and 0 <= now - before < seconds
