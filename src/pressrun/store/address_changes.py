"""Wishes for another address: asked for, done when the new address confirmed, undone by whoever has the old one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pressrun.core.address import Address
from pressrun.store.transaction import Row, Transaction


class ChangeState(StrEnum):
    """Where a change of address stands."""

    ASKED = "asked"
    DONE = "done"
    UNDONE = "undone"  # or stopped before it was done


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressChange:
    """One change as stored; `former` is what undoing it restores."""

    id: int
    subscriber_id: int
    old_address: str
    new_address: str
    state: ChangeState
    former: Mapping[str, Any]
    created_at: int
    expires_at: int


def insert_change(tx: Transaction, *, subscriber_id: int, old: str, new: Address, now: int, expires_at: int) -> int:
    """Store a new wish, which takes the place of an earlier one that waits; returns its id."""
    tx.run("address_changes.stop_asked", subscriber_id=subscriber_id)
    return tx.insert(
        "address_changes.insert",
        subscriber_id=subscriber_id,
        old_address=old,
        new_address=new.typed,
        now=now,
        expires_at=expires_at,
    )


def get_change(tx: Transaction, change_id: int) -> AddressChange | None:
    """The change of that id."""
    row = tx.row("address_changes.get", id=change_id)
    if row is None:
        return None
    return AddressChange(**{**dict(row), "state": ChangeState(row["state"]), "former": json.loads(row["former"])})


def record_change(tx: Transaction, changed: AddressChange) -> None:
    """Write a change's new state back."""
    tx.run(
        "address_changes.move",
        id=changed.id,
        state=changed.state,
        former=json.dumps(dict(changed.former)),
        expires_at=changed.expires_at,
    )


def record_undone(tx: Transaction, change: AddressChange) -> None:
    """Note that a change was stopped or undone, and with it all later ones of that person."""
    tx.run("address_changes.undo", id=change.id, subscriber_id=change.subscriber_id)


def sweep_changes(tx: Transaction, now: int) -> int:
    """Forget changes whose time is over, some at a time; returns how many."""
    return tx.run("address_changes.sweep", now=now)


def changes_of(tx: Transaction, subscriber_id: int) -> list[Row]:
    """The changes of a person that are not forgotten yet: old_address, new_address, state, created_at, expires_at."""
    return tx.rows("address_changes.of_subscriber", subscriber_id=subscriber_id)
