"""What happened to an edition that the rows of its copies do not keep, counted by the second."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pressrun.store.transaction import Transaction


class Tally(StrEnum):
    """What is counted."""

    DEFERRED = "deferred"  # a copy's row keeps the last attempt alone
    UNSUBSCRIBED = "unsubscribed"
    COMPLAINED = "complained"


def add(tx: Transaction, edition_id: int, what: Tally, at: int, number: int = 1) -> None:
    """Count so many more; an edition that is gone is left alone."""
    tx.run("tallies.add", edition_id=edition_id, what=what, at=at, number=number)


def tallies_of(tx: Transaction, edition_id: int) -> Mapping[Tally, dict[int, int]]:
    """How many in each second, by what it was; everything is there."""
    found: dict[Tally, dict[int, int]] = {what: {} for what in Tally}
    for row in tx.rows("tallies.of_edition", edition_id=edition_id):
        found[Tally(row["what"])][row["at"]] = row["number"]
    return found
