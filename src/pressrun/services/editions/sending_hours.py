"""Which editions may not go out just now because their list has hours, and until when."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pressrun.core.edition import EditionState
from pressrun.core.errors import BadInput
from pressrun.core.opening_hours import OpeningHours, parse_hours
from pressrun.store.editions import Edition


def find_zone(name: str) -> ZoneInfo:
    """The time zone of that name (IANA); raises BadInput."""
    try:
        return ZoneInfo(name.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(
            f"{name!r} is not a time zone known to this machine. Write one like Europe/Berlin or UTC "
            "(the package tzdata provides them)"
        ) from None


def held_until(edition: Edition, now: float) -> int | None:
    """When the copies of an edition may go out (UTC seconds), None where they may now.

    One whose hour is still to come is asked about that hour.
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
        zone = find_zone(timezone)
    except BadInput:  # the machine knew it when it was set: hours that are off by some are better than none
        zone = find_zone("UTC")
    return OpeningHours(*parse_hours(hours), zone)
