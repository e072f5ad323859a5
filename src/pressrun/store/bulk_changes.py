"""Changes of very many rows, made a slice at a time, so that nothing else has to wait for them.

What is left of a change is in the database. Its caller continues it, as does housekeeping, even after a kill. A change
that one slice completes is never stored.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import asdict

from pressrun.store.transaction import Transaction

# Rows in one transaction. Other writers wait for one transaction, and this many rows take 6 ms of processor time, so a
# reader who unsubscribes waits far less than 50 ms (`python -m tests.bench.audience`). Larger ones are hardly faster.
ROWS_AT_ONCE = 1000


class BulkKind(StrEnum):
    """What is changed."""

    AUDIENCE = "audience"  # an edition gets its copies
    CANCEL = "cancel"  # those of a cancelled edition that wait are cancelled
    REASSIGN = "reassign"  # those that wait move to where their domains belong now


class BulkChange(Struct, frozen=True, kw_only=True):
    """A change of an edition's copies; `id` is None until it is stored.

    Of an audience, subscriptions up to the id `done_through` have their copies, of those up to `last_id`. Of a
    reassignment, their copies have moved.
    """

    id: int | None = None
    kind: BulkKind
    edition_id: int
    created_at: int
    done_through: int = 0
    last_id: int = 0


def store(tx: Transaction, change: BulkChange) -> None:
    """Store how far a change has got; it goes on later."""
    if change.id is None:
        tx.insert("bulk_changes.insert", **asdict(change))
    else:
        tx.run("bulk_changes.move_on", id=change.id, done_through=change.done_through)


def end(tx: Transaction, change: BulkChange) -> None:
    """Nothing is left to do."""
    if change.id is not None:
        tx.run("bulk_changes.delete", id=change.id)


def end_all(tx: Transaction, edition_id: int) -> None:
    """Give up what goes on with an edition."""
    tx.run("bulk_changes.delete_of_edition", edition_id=edition_id)


def find_oldest(tx: Transaction) -> BulkChange | None:
    """The change that has waited the longest."""
    return tx.parsed(BulkChange, "bulk_changes.oldest")


def is_going_on(tx: Transaction, edition_id: int) -> bool:
    """Whether copies of an edition are still being made or cancelled."""
    return tx.value("bulk_changes.of_edition", edition_id=edition_id) is not None
