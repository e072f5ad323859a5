"""When a mail was written, by its Date field: bounded and linear, so that it may be done in the event loop."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from pressrun.message.incoming.trace import header_fields

_LONGEST = 100


def find_written_at(content: bytes) -> int | None:
    """UTC seconds of the first Date field (RFC 5322 §3.6.1), without a zone in UTC; None when it names no moment."""
    date = next((value for name, value in header_fields(content) if name == "date"), "")
    if len(date) > _LONGEST:
        return None
    try:
        return int(parsedate_to_datetime(date).timestamp())
    except (ValueError, OverflowError, OSError):
        return None
