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


def parse_time(text: str) -> int:
    """UTC seconds of `2026-05-01` (its beginning in UTC) or of a time of RFC 3339; raises BadInput."""
    try:
        at = datetime.fromisoformat(text)
        seconds = (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise BadInput(f"invalid time {text!r}. Write a date such as 2026-05-01, or 2026-05-01T12:00:00Z") from None
    return int(seconds)
