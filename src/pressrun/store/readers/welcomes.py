"""Welcome mails: the edition that each new reader of a list gets.

It is stored as an edition, so its copies are queued, claimed and retried, and bounce and unsubscribe, like all others.
It has no page, so it is never published, searched or listed.
"""

from __future__ import annotations

from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.store.editions import editions
from pressrun.store.editions.editions import Edition
from pressrun.store.queue.copy_counts import count_move
from pressrun.store.transaction import Transaction


def find_welcome(tx: Transaction, list_id: int) -> Edition | None:
    edition_id: int | None = tx.value("welcomes.find", list_id=list_id)
    return None if edition_id is None else editions.find_edition(tx, edition_id)


def lists_with_welcome(tx: Transaction) -> list[str]:
    """The names of the lists that have a welcome mail."""
    return [row["name"] for row in tx.rows("welcomes.all")]


def put_welcome(tx: Transaction, list_id: int, edition_id: int) -> None:
    """Make this edition the welcome mail of a list."""
    tx.run("welcomes.put", list_id=list_id, edition_id=edition_id)


def remove_welcome(tx: Transaction, list_id: int) -> None:
    """Leave a list without a welcome mail."""
    tx.run("welcomes.remove", list_id=list_id)


def requeue_copy(tx: Transaction, edition_id: int, subscription_id: int, *, left_at: int, now: int) -> bool:
    """Queue a copy again that was cancelled when its reader left at that time; False when there is none."""
    values = {"edition_id": edition_id, "subscription_id": subscription_id, "left_at": left_at, "now": now}
    queued = tx.run("welcomes.requeue_copy", **values)
    count_move(tx, edition_id, DeliveryState.CANCELLED, DeliveryState.QUEUED, queued)
    return queued > 0


def unfinished(tx: Transaction, list_id: int) -> list[int]:
    """The welcome mails of a list that still have copies to send, including replaced ones."""
    return [row["id"] for row in tx.rows("welcomes.unfinished", list_id=list_id)]


def forget_unused(tx: Transaction, edition_id: int) -> None:
    """Delete a welcome mail that no list uses and nobody ever got."""
    if tx.value("welcomes.is_unused", edition_id=edition_id):
        tx.run("welcomes.delete", edition_id=edition_id)
