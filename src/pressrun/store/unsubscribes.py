"""Leavings that can be undone: what a subscription was before, kept for as long as the link to undo it works."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from pressrun.core.subscription import SubscriptionState
from pressrun.store.transaction import Row, Transaction, in_json

RESTORED_FIELDS = ("state", "suspended_for", "paused_until", "source", "since")


class Unsubscriber(msgspec.Struct, frozen=True, array_like=True):
    """A subscription that is about to end, with what leaving needs to know of its person and its list.

    `is_noted` tells whether its list lets readers know that they left, and is still there for them to come back to.
    """

    id: int
    subscriber_id: int
    list_id: int
    state: SubscriptionState
    suspended_for: str | None
    paused_until: int | None
    source: str
    since: int
    address: str
    list_name: str
    list_language: str
    is_noted: int


class PendingUnsubscribeNotice(msgspec.Struct, frozen=True, array_like=True):
    """A leaving of which its reader is to be told. `is_over`: they are back already, or suppressed."""

    id: int
    subscriber_id: int
    list_id: int
    address: str
    language: str
    expires_at: int
    is_over: int


_read_unsubscribers = msgspec.json.Decoder(list[Unsubscriber]).decode
_read_due = msgspec.json.Decoder(list[PendingUnsubscribeNotice]).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribe:
    """One leaving as stored; `former` holds the fields of the subscription that undoing restores."""

    id: int
    subscription_id: int
    former: Mapping[str, Any]
    edition_id: int | None
    left_at: int
    expires_at: int
    language: str = ""
    noted: bool = False
    has_said_why: bool = False


def find_unsubscribers(tx: Transaction, ids: Sequence[int]) -> dict[int, Unsubscriber]:
    """What there is to know of the subscriptions of these ids that have not ended yet."""
    found: str = tx.value("unsubscribes.find_unsubscribers", ids=in_json(ids))
    return {unsubscriber.id: unsubscriber for unsubscriber in _read_unsubscribers(found)}


def insert_unsubscribes(
    tx: Transaction, leavings: Sequence[tuple[Unsubscriber, int | None, str]], *, left_at: int, expires_at: int
) -> None:
    """Remember what subscriptions were that have just ended: each with its edition and its language."""
    rows = [
        (unsubscriber.id, {name: getattr(unsubscriber, name) for name in RESTORED_FIELDS}, edition_id, language)
        for unsubscriber, edition_id, language in leavings
    ]
    tx.run("unsubscribes.insert", leavings=in_json(rows), left_at=left_at, expires_at=expires_at)


def is_any_notice_due(tx: Transaction) -> bool:
    """Whether a reader is to be told that they left."""
    return bool(tx.value("unsubscribes.is_any_notice_due"))


def due_notices(tx: Transaction) -> list[PendingUnsubscribeNotice]:
    """Leavings whose reader is to be told, some at a time."""
    return _read_due(tx.value("unsubscribes.due_notices"))


def mark_notified(tx: Transaction, ids: Sequence[int]) -> None:
    """Their readers are told."""
    tx.run("unsubscribes.mark_notified", ids=in_json(ids))


def delete_unsubscribes(tx: Transaction, ids: Sequence[int]) -> None:
    """Nobody is told, so nobody can undo them."""
    tx.run("unsubscribes.delete", ids=in_json(ids))


def _from_row(row: Row) -> Unsubscribe:
    values = {**dict(row), "former": json.loads(row["former"])}
    return Unsubscribe(**{**values, **{name: bool(row[name]) for name in ("noted", "has_said_why")}})


def get_unsubscribe(tx: Transaction, leaving_id: int) -> Unsubscribe | None:
    """The leaving of that id."""
    row = tx.row("unsubscribes.get", id=leaving_id)
    return None if row is None else _from_row(row)


def find_unsubscribe(tx: Transaction, subscription_id: int, now: int) -> Unsubscribe | None:
    """The leaving of a subscription, while it can be undone."""
    row = tx.row("unsubscribes.find", subscription_id=subscription_id, now=now)
    return None if row is None else _from_row(row)


def requeue_copies(tx: Transaction, leaving: Unsubscribe, now: int) -> int:
    """Queue the copies again that the leaving cancelled, of editions that are still being sent; returns how many."""
    return tx.run(
        "unsubscribes.requeue_copies", subscription_id=leaving.subscription_id, left_at=leaving.left_at, now=now
    )


def count_reason(tx: Transaction, leaving_id: int, *, list_id: int, month: str, reason: str) -> bool:
    """Count why somebody left, as `2026-11`; False when they have said so before: nothing is counted then."""
    if not tx.run("unsubscribes.say_why", id=leaving_id):
        return False
    tx.run("unsubscribes.count_reason", list_id=list_id, month=month, reason=reason)
    return True


def count_reasons(tx: Transaction, list_id: int) -> dict[str, dict[str, int]]:
    """How many readers of a list gave which reason, by month, the newest month first."""
    found: dict[str, dict[str, int]] = {}
    for row in tx.rows("unsubscribes.reasons", list_id=list_id):
        found.setdefault(row["month"], {})[row["reason"]] = row["number"]
    return found


def sweep_unsubscribes(tx: Transaction, now: int) -> int:
    """Forget leavings that cannot be undone any more, some at a time; returns how many."""
    return tx.run("unsubscribes.sweep", now=now)


def unsubscribes_of(tx: Transaction, subscriber_id: int) -> list[Row]:
    """The leavings of a person that can still be undone: list_name, left_at, expires_at."""
    return tx.rows("unsubscribes.of_subscriber", subscriber_id=subscriber_id)
