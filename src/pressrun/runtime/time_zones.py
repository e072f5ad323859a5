"""Time zones, read again after an hour: governments change them while a daemon runs.

The standard library caches a zone for as long as the process lives.
"""

from __future__ import annotations

import time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

REREAD_SECONDS = 3600.0


class _Read(Struct, frozen=True):
    """A zone, and when it was read (time.monotonic)."""

    zone: ZoneInfo
    at: float


_read: dict[str, _Read] = {}


def find_time_zone(name: str) -> ZoneInfo | None:
    """The IANA time zone with this name; None if this machine does not know it."""
    now, known = time.monotonic(), _read.get(name)
    if known is not None and now - known.at < REREAD_SECONDS:
        return known.zone
    try:
        zone = ZoneInfo.no_cache(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None if known is None else known.zone  # its file may just be being replaced
    _read[zone.key] = _Read(zone, now)
    return zone
