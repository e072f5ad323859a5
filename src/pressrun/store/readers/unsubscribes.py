"""Unsubscribes that can be undone: the former state of a subscription, kept while the link that restores it works."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.store.queue.copy_counts import count_move
from pressrun.store.transaction import Transaction, in_json

RESTORED_FIELDS = ("state", "suspended_for", "paused_until", "source", "since", "round")


class Unsubscriber(msgspec.Struct, frozen=True, array_like=True):
    """A subscription that is about to end, with what unsubscribing needs to know of its person and list.

    `is_noted` says whether the list confirms by mail that a reader has left, and is still open to return to.
    """

    id: int
    subscriber_id: int
    list_id: int
    state: SubscriptionState
    suspended_for: str | None
    paused_until: int | None
    source: str
    since: int
    round: int
    address: str
    list_name: str
    list_language: str
    is_noted: int


class PendingUnsubscribeNotice(msgspec.Struct, frozen=True, array_like=True):
    """An unsubscribe that its reader has not been mailed about. `is_over`: they are back already, or suppressed."""

    id: int
    subscriber_id: int
    list_id: int
    address: str
    language: str
    expires_at: int
    is_over: int


_read_unsubscribers = msgspec.json.Decoder(list[Unsubscriber]).decode
_read_due = msgspec.json.Decoder(list[PendingUnsubscribeNotice]).decode


class Unsubscribe(Struct, frozen=True, kw_only=True):
    """One unsubscribe as stored; `former` holds the fields of the subscription that undoing restores."""

    id: int
    subscription_id: int
    former: Mapping[str, Any]
    edition_id: int | None
    left_at: int
    expires_at: int
    language: str = ""


def find_unsubscribers(tx: Transaction, ids: Sequence[int]) -> dict[int, Unsubscriber]:
    """The subscriptions with these ids that have not ended yet."""
    unsubscribers = _read_unsubscribers(tx.value("unsubscribes.find_unsubscribers", ids=in_json(ids)))
    return {unsubscriber.id: unsubscriber for unsubscriber in unsubscribers}


def insert_unsubscribes(
    tx: Transaction, unsubscribes: Sequence[tuple[Unsubscriber, int | None, str]], *, left_at: int, expires_at: int
) -> None:
    """Keep the former state of subscriptions that have just ended, each with its edition and language."""
    rows = [
        (
            reader.id,
            in_json({name: getattr(reader, name) for name in RESTORED_FIELDS}),
            edition_id,
            language,
            left_at,
            expires_at,
        )
        for reader, edition_id, language in unsubscribes
    ]
    tx.run_rows("unsubscribes.insert", rows)


def claim_notices(tx: Transaction) -> list[PendingUnsubscribeNotice]:
    """Take a batch of unsubscribes whose reader has not been mailed yet: the same transaction queues the mails."""
    claimed = [row["id"] for row in tx.rows("unsubscribes.claim_notices")]
    if not claimed:
        return []
    notices = _read_due(tx.value("unsubscribes.notices", ids=in_json(claimed)))
    return sorted(notices, key=lambda notice: notice.id)


def delete_unsubscribes(tx: Transaction, ids: Sequence[int]) -> None:
    """Delete unsubscribes that nobody is mailed about, and so nobody can undo."""
    tx.run("unsubscribes.delete", ids=in_json(ids))


def find_unsubscribe_by_id(tx: Transaction, unsubscribe_id: int) -> Unsubscribe | None:
    return tx.parsed(Unsubscribe, "unsubscribes.get", id=unsubscribe_id)


def find_unsubscribe(tx: Transaction, subscription_id: int, now: int) -> Unsubscribe | None:
    """The last unsubscribe of a subscription, while it can be undone."""
    return tx.parsed(Unsubscribe, "unsubscribes.find", subscription_id=subscription_id, now=now)


def void_requests(tx: Transaction, subscription_id: int, *, now_round: int, restored: int) -> None:
    """Void the requests of all rounds but the current one for good, as a subscription returns to an earlier round.

    Links to the archive that were made in that round work again. Requests that were made in it must stay void.
    """
    tx.run("unsubscribes.void_requests", subscription_id=subscription_id, now_round=now_round, restored=restored)


def requeue_copies(tx: Transaction, subscription_id: int, *, since: int, now: int) -> int:
    """Queue the copies again that an unsubscribe or a pause cancelled since then, of editions still being sent.

    Returns how many.
    """
    tx.lock("unsubscribes.lock_editions", subscription_id=subscription_id, left_at=since)
    rows = tx.rows("unsubscribes.requeue_copies", subscription_id=subscription_id, left_at=since, now=now)
    for row in rows:
        count_move(tx, row["edition_id"], DeliveryState.CANCELLED, DeliveryState.QUEUED, 1)
    return len(rows)


def count_reason(tx: Transaction, unsubscribe_id: int, *, list_id: int, month: str, reason: str) -> None:
    """Count the reason that a reader gave, in a month such as `2026-11`, unless they gave one before."""
    if tx.run("unsubscribes.record_reason", id=unsubscribe_id):
        tx.run("unsubscribes.count_reason", list_id=list_id, month=month, reason=reason)


def count_reasons(tx: Transaction, list_id: int) -> dict[str, dict[str, int]]:
    """How many readers of a list gave each reason, by month, newest first."""
    counts: dict[str, dict[str, int]] = {}
    for row in tx.rows("unsubscribes.reasons", list_id=list_id):
        counts.setdefault(row["month"], {})[row["reason"]] = row["number"]
    return counts


def sweep_unsubscribes(tx: Transaction, now: int) -> int:
    """Delete unsubscribes that can no longer be undone, a batch at a time; returns how many."""
    return tx.run("unsubscribes.sweep", now=now)
