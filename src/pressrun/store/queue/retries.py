"""Makes deferred copies due at once, and finds failed ones, in slices: a bad day may leave a million of them."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import asdict, replace

from pressrun.store.transaction import Transaction, in_json


class RetryPlace(Struct, frozen=True, kw_only=True):
    """How far copies of an edition (None: notices) have been made due: all that are earlier in the queue's order."""

    edition_id: int | None
    destination: str = ""
    due_at: int = 0


class FailedPlace(Struct, frozen=True):
    """Where a copy is among the failed ones of its edition; the beginning by default."""

    destination: str = ""
    due_at: int = 0
    id: int = 0


def failed_places(tx: Transaction, edition_id: int, after: FailedPlace, limit: int) -> list[FailedPlace]:
    """The next failed copies of an edition."""
    return tx.parsed_rows(FailedPlace, "deliveries.failed_places", edition_id=edition_id, **asdict(after), limit=limit)


def retry_places(tx: Transaction) -> list[RetryPlace]:
    """Where to begin: notices, and each edition whose copies may still go out."""
    editions = [row["id"] for row in tx.rows("deliveries.unended_editions")]
    return [RetryPlace(edition_id=edition_id) for edition_id in [None, *editions]]


def retry_slice(
    tx: Transaction, place: RetryPlace, domain: str | None, now: int, limit: int
) -> tuple[int, RetryPlace | None]:
    """Make the next deferred ones (of one domain) due at once: how many, and where to go on, None at the end."""
    values = {"domain": domain, "now": now, "limit": limit, "destination": place.destination, "due_at": place.due_at}
    if place.edition_id is None:
        rows = tx.rows("deliveries.deferred_notices", **values)
    else:
        rows = tx.rows("deliveries.deferred_copies", edition_id=place.edition_id, **values)
    if not rows:
        return 0, None
    number = tx.run("deliveries.retry", ids=in_json(sorted(row["id"] for row in rows)), now=now)
    if len(rows) < limit:
        return number, None
    return number, replace(place, destination=rows[-1]["destination"], due_at=rows[-1]["due_at"])
