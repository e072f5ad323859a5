"""Times as the program holds them: integer UTC seconds, printed as RFC 3339 with `Z`."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(at: int | None) -> str | None:
    """`2026-05-01T12:00:00Z` of UTC seconds; None stays None."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
