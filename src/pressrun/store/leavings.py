"""Leavings that can be undone: what a subscription was before, kept for as long as the link to undo it works."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pressrun.store.transaction import Row, Transaction


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


def insert_leaving(
    tx: Transaction,
    subscription_id: int,
    former: Mapping[str, Any],
    *,
    edition_id: int | None,
    left_at: int,
    expires_at: int,
    language: str = "",
) -> int:
    """Remember what a subscription was, in place of an earlier time; returns the id of the leaving."""
    tx.run("leavings.forget_earlier", subscription_id=subscription_id)
    return tx.insert(
        "leavings.insert",
        subscription_id=subscription_id,
        former=json.dumps(former),
        edition_id=edition_id,
        left_at=left_at,
        expires_at=expires_at,
        language=language,
    )


def leavings_to_note(tx: Transaction) -> list[Leaving]:
    """Leavings whose reader is to be told, some at a time."""
    return [_from_row(row) for row in tx.rows("leavings.to_note")]


def mark_noted(tx: Transaction, leaving_id: int) -> None:
    """The reader is told."""
    tx.run("leavings.note", id=leaving_id)


def delete_leaving(tx: Transaction, leaving_id: int) -> None:
    """Nobody is told, so nobody can undo it."""
    tx.run("leavings.delete", id=leaving_id)


def _from_row(row: Row) -> Leaving:
    return Leaving(**{**dict(row), "former": json.loads(row["former"]), "noted": bool(row["noted"])})


def get_leaving(tx: Transaction, leaving_id: int) -> Leaving | None:
    """The leaving of that id."""
    row = tx.row("leavings.get", id=leaving_id)
    return None if row is None else _from_row(row)


def requeue_copies(tx: Transaction, leaving: Leaving, now: int) -> int:
    """Queue the copies again that the leaving cancelled, of editions that are still being sent; returns how many."""
    return tx.run("leavings.requeue_copies", subscription_id=leaving.subscription_id, left_at=leaving.left_at, now=now)


def sweep_leavings(tx: Transaction, now: int) -> int:
    """Forget leavings that cannot be undone any more, some at a time; returns how many."""
    return tx.run("leavings.sweep", now=now)


def leavings_of(tx: Transaction, subscriber_id: int) -> list[Row]:
    """The leavings of a person that can still be undone: list_name, left_at, expires_at."""
    return tx.rows("leavings.of_subscriber", subscriber_id=subscriber_id)
