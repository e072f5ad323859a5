"""Rows of copies that are old enough to be removed: which may go, and what stays of them in numbers.

The numbers of copies by state (store.queue.copy_counts) stay as they are. A removed row also means that nobody knows
any more who had the edition, so `find_removed` says which editions nobody may get a copy of again.
"""

from __future__ import annotations

from msgspec import Struct

from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.store.transaction import Transaction, in_json


class CopyOutcome(Struct, frozen=True, kw_only=True):
    """How many copies of an edition whose rows are gone came to the same end in one hour; "" and 0: none."""

    destination: str
    state: DeliveryState
    kind: str
    bounce: str
    code: int
    enhanced: str
    at: int
    number: int


def aged_editions(tx: Transaction, *, before: int, after: int) -> list[int]:
    """The ids of editions that were over at `before` and have rows of copies, after this id, some at a time."""
    return [row["id"] for row in tx.rows("retention.aged", before=before, after=after)]


def remove_copies(
    tx: Transaction, edition_id: int, state: DeliveryState, *, kept: int, limit: int, recorded_before: int, now: int
) -> tuple[int, int]:
    """Remove up to `limit` copies in one state; returns how many went and how many of those looked at stay.

    `kept` is how many stayed before. A copy that a relay accepted is a success if that was at `recorded_before`.
    """
    values = {"edition_id": edition_id, "state": state, "kept": kept, "limit": limit}
    rows = tx.rows("retention.page", **values, recorded_before=recorded_before)
    ids = in_json([row["id"] for row in rows if row["may_go"]])
    if ids == "[]":
        return 0, len(rows)
    tx.run("retention.mark", edition_id=edition_id, now=now)
    tx.run("retention.keep_outcomes", ids=ids)
    removed = tx.run("retention.remove", ids=ids)
    return removed, len(rows) - removed


def outcomes_of(tx: Transaction, edition_id: int) -> list[CopyOutcome]:
    """What became of the copies of an edition whose rows are gone."""
    return tx.parsed_rows(CopyOutcome, "retention.outcomes", edition_id=edition_id)


def find_removed(tx: Transaction, edition_id: int) -> int | None:
    """The edition itself, or one of its issue, if rows of its copies are gone; None while all are there."""
    removed: int | None = tx.value("retention.of_issue", edition_id=edition_id)
    return removed
