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


class Leaver(msgspec.Struct, frozen=True, array_like=True):
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


class Untold(msgspec.Struct, frozen=True, array_like=True):
    """A leaving of which its reader is to be told. `is_over`: they are back already, or suppressed."""

    id: int
    subscriber_id: int
    list_id: int
    address: str
    language: str
    expires_at: int
    is_over: int


_read_leavers = msgspec.json.Decoder(list[Leaver]).decode
_read_untold = msgspec.json.Decoder(list[Untold]).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
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


def find_leavers(tx: Transaction, ids: Sequence[int]) -> dict[int, Leaver]:
    """What there is to know of the subscriptions of these ids that have not ended yet."""
    found: str = tx.value("leavings.find_leavers", ids=in_json(ids))
    return {leaver.id: leaver for leaver in _read_leavers(found)}


def insert_leavings(
    tx: Transaction, leavings: Sequence[tuple[Leaver, int | None, str]], *, left_at: int, expires_at: int
) -> None:
    """Remember what subscriptions were that have just ended: each with its edition and its language."""
    rows = [
        (leaver.id, {name: getattr(leaver, name) for name in RESTORED_FIELDS}, edition_id, language)
        for leaver, edition_id, language in leavings
    ]
    tx.run("leavings.insert", leavings=in_json(rows), left_at=left_at, expires_at=expires_at)


def is_any_to_note(tx: Transaction) -> bool:
    """Whether a reader is to be told that they left."""
    return bool(tx.value("leavings.is_any_to_note"))


def leavings_to_note(tx: Transaction) -> list[Untold]:
    """Leavings whose reader is to be told, some at a time."""
    return _read_untold(tx.value("leavings.to_note"))


def mark_noted(tx: Transaction, ids: Sequence[int]) -> None:
    """Their readers are told."""
    tx.run("leavings.note", ids=in_json(ids))


def delete_leavings(tx: Transaction, ids: Sequence[int]) -> None:
    """Nobody is told, so nobody can undo them."""
    tx.run("leavings.delete", ids=in_json(ids))


def _from_row(row: Row) -> Leaving:
    values = {**dict(row), "former": json.loads(row["former"])}
    return Leaving(**{**values, **{name: bool(row[name]) for name in ("noted", "has_said_why")}})


def get_leaving(tx: Transaction, leaving_id: int) -> Leaving | None:
    """The leaving of that id."""
    row = tx.row("leavings.get", id=leaving_id)
    return None if row is None else _from_row(row)


def find_leaving(tx: Transaction, subscription_id: int, now: int) -> Leaving | None:
    """The leaving of a subscription, while it can be undone."""
    row = tx.row("leavings.find", subscription_id=subscription_id, now=now)
    return None if row is None else _from_row(row)


def requeue_copies(tx: Transaction, leaving: Leaving, now: int) -> int:
    """Queue the copies again that the leaving cancelled, of editions that are still being sent; returns how many."""
    return tx.run("leavings.requeue_copies", subscription_id=leaving.subscription_id, left_at=leaving.left_at, now=now)


def count_reason(tx: Transaction, leaving_id: int, *, list_id: int, month: str, reason: str) -> bool:
    """Count why somebody left, as `2026-11`; False when they have said so before: nothing is counted then."""
    if not tx.run("leavings.say_why", id=leaving_id):
        return False
    tx.run("leavings.count_reason", list_id=list_id, month=month, reason=reason)
    return True


def count_reasons(tx: Transaction, list_id: int) -> dict[str, dict[str, int]]:
    """How many readers of a list gave which reason, by month, the newest month first."""
    found: dict[str, dict[str, int]] = {}
    for row in tx.rows("leavings.reasons", list_id=list_id):
        found.setdefault(row["month"], {})[row["reason"]] = row["number"]
    return found


def sweep_leavings(tx: Transaction, now: int) -> int:
    """Forget leavings that cannot be undone any more, some at a time; returns how many."""
    return tx.run("leavings.sweep", now=now)


def leavings_of(tx: Transaction, subscriber_id: int) -> list[Row]:
    """The leavings of a person that can still be undone: list_name, left_at, expires_at."""
    return tx.rows("leavings.of_subscriber", subscriber_id=subscriber_id)
