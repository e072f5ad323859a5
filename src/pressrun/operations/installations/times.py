"""Times of other programs' databases, as rows of an import have them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_OFFSET = re.compile(r"([+-]\d\d)(\d\d)?$")


def utc_of(text: object) -> str:
    """The time of a column as an RFC 3339 time in UTC, which it is in without an offset; empty where there is none."""
    plain = str(text or "").strip().replace(" ", "T", 1)
    plain = _OFFSET.sub(lambda found: f"{found[1]}:{found[2] or '00'}", plain) if "T" in plain else plain
    try:
        moment = datetime.fromisoformat(plain)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if aware.year >= 1970 else ""
    except (ValueError, OverflowError):
        return ""


def utc_of_epoch(text: object) -> str:
    """The same for seconds since 1970."""
    digits = str(text or "")
    if not re.fullmatch(r"[0-9]{1,11}", digits) or digits == "0":
        return ""
    return datetime.fromtimestamp(int(digits), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
