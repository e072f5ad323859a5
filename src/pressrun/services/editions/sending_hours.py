"""Sending hours: which editions may not be sent now because of the hours of their list, and until when."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from pressrun.core.errors import BadInput
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.pacing.opening_hours import OpeningHours, parse_hours
from pressrun.runtime.time_zones import find_time_zone
from pressrun.store.editions.editions import Edition


def parse_time_zone(name: str) -> ZoneInfo:
    """The IANA time zone with this name; raises BadInput."""
    zone = find_time_zone(name.strip())
    if zone is None:
        raise BadInput(
            f"{name!r} is not a time zone known to this machine. Write one like Europe/Berlin or UTC "
            "(the package tzdata provides them)"
        )
    return zone


def held_until(edition: Edition, now: float) -> int | None:
    """When the copies of an edition may be sent (UTC seconds); None when they may be sent now.

    For a scheduled edition the answer is about its scheduled time.
    """
    if edition.list_hours is None:
        return None
    if edition.state is EditionState.SCHEDULED and edition.scheduled_at is not None:
        now = max(now, edition.scheduled_at)
    elif edition.state is not EditionState.SENDING:
        return None
    opens_at = _hours_of(edition.list_hours, edition.list_timezone).next_opening(now)
    return opens_at if opens_at > now else None


def _hours_of(hours: str, timezone: str) -> OpeningHours:
    try:
        zone = parse_time_zone(timezone)
    except BadInput:  # it was known when it was set; hours that are a bit off are better than none
        zone = parse_time_zone("UTC")
    return OpeningHours(*parse_hours(hours), zone)
