"""Counts the editions that bounced in a row for one reader, and decides when they are enough.

The count is made from the ledger alone, so it can neither be lost nor drift. A copy that a relay accepted is a success
only once no bounce has come for some time, because most refusals come after the relay's 250.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from pressrun.core.bounces.classes import BounceClass

COUNTING = frozenset({BounceClass.GONE, BounceClass.FULL, BounceClass.UNREACHABLE, BounceClass.OTHER})


class Past(Struct, frozen=True, kw_only=True):
    """One copy of a reader's past: its bounce, or when a relay took it (UTC seconds); neither: it says nothing."""

    edition_id: int
    bounce: BounceClass | None = None
    delivered_at: int | None = None


class Streak(Struct, frozen=True, kw_only=True):
    """Editions that bounced in a row up to now; `first_edition_id` is the oldest of them, None without any."""

    hard: int = 0
    bounced: int = 0
    first_edition_id: int | None = None


def count_streak(history: Iterable[Past], *, settle_after: float, now: float) -> Streak:
    """The streak that a history ends with, newest copy first.

    A copy that was taken `settle_after` seconds ago or earlier ends it. One that was taken since proves nothing yet,
    and so does a failure that is not the reader's.
    """
    hard = bounced = 0
    first: int | None = None
    for past in history:
        if past.bounce in COUNTING:
            bounced += 1
            hard += past.bounce is BounceClass.GONE
            first = past.edition_id
        elif past.delivered_at is not None and past.delivered_at <= now - settle_after:
            break
    return Streak(hard=hard, bounced=bounced, first_edition_id=first)
