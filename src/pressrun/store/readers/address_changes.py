"""Changes of address: requested, done when the new address confirms, and undone by the owner of the old one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

from msgspec import Struct

from pressrun.core.addresses.address import Address, find_address
from pressrun.store.transaction import Transaction


class ChangeState(StrEnum):
    """The state of a change of address."""

    ASKED = "asked"
    DONE = "done"
    UNDONE = "undone"  # or stopped before it was done


class AddressChange(Struct, frozen=True, kw_only=True):
    """One change as stored; undoing it restores `former`."""

    id: int
    subscriber_id: int
    old_address: str
    new_address: str
    state: ChangeState
    former: Mapping[str, Any]
    created_at: int
    expires_at: int


def insert_change(tx: Transaction, *, subscriber_id: int, old: str, new: Address, now: int, expires_at: int) -> int:
    """Store a new change, which replaces an earlier one that waits; returns its id."""
    tx.run("address_changes.stop_asked", subscriber_id=subscriber_id)
    return tx.insert(
        "address_changes.insert",
        subscriber_id=subscriber_id,
        old_address=old,
        new_address=new.typed,
        now=now,
        expires_at=expires_at,
    )


def find_change(tx: Transaction, change_id: int) -> AddressChange | None:
    return tx.parsed(AddressChange, "address_changes.get", id=change_id)


def record_confirmed(tx: Transaction, change_id: int, *, former: Mapping[str, Any], expires_at: int) -> None:
    """Record that a change that waited is done, and what undoes it until when; raises Conflict if it is over."""
    tx.update("address_changes.confirm", id=change_id, former=json.dumps(dict(former)), expires_at=expires_at)


def record_undone(tx: Transaction, change: AddressChange) -> None:
    """Record that a change was stopped or undone, and with it all later changes of the person.

    Raises Conflict if it was undone already.
    """
    tx.update("address_changes.undo", id=change.id, subscriber_id=change.subscriber_id)


def moved_addresses(tx: Transaction) -> dict[str, Address]:
    """Where people are now who have changed their address, by the key of the former one, as long as that is known."""
    return {key: present for key, (_, present) in _moves(tx).items()}


def former_addresses(tx: Transaction, address: Address) -> list[Address]:
    """The addresses from which somebody has changed to this one, as long as that is known."""
    return [former for former, present in _moves(tx).values() if present.key == address.key]


def _moves(tx: Transaction) -> dict[str, tuple[Address, Address]]:
    """The former and the present address of each change, except those that the parser no longer accepts.

    An address that two people had one after the other leads to the one who changed it last. A reader who had become
    one with the earlier of them there follows the earlier one.
    """
    moves: dict[str, tuple[Address, Address]] = {}
    places: dict[int, Address | None] = {}  # the present address of each reader who has changed theirs
    onward: dict[str, Address] = {}  # that of whoever had an address at the time of the row, by its key
    for row in tx.rows("address_changes.all_done"):
        former, new, reader = _parse(row["old_address"]), _parse(row["new_address"]), row["subscriber_id"]
        if reader not in places:  # their last change; with the former address still theirs, they joined another reader
            has_joined = row["address"] == row["old_address"]
            places[reader] = (new and onward.get(new.key, new)) if has_joined else _parse(row["address"])
        present = places[reader]
        if former is not None and present is not None:
            onward[former.key] = present
            moves.setdefault(former.key, (former, present))
    return {key: (former, present) for key, (former, present) in moves.items() if present.key != key}


@lru_cache(maxsize=10_000)
def _parse(address: str) -> Address | None:
    """For each batch of an import again."""
    return find_address(address)


def find_former_address(tx: Transaction, subscriber_id: int, at: int) -> str | None:
    """The address that a person had at a time if they have changed it since; None if it is the present one.

    A change is known until it can no longer be undone.
    """
    address = tx.value("address_changes.former_address", subscriber_id=subscriber_id, at=at)
    return None if address is None else str(address)


def sweep_changes(tx: Transaction, now: int) -> int:
    """Delete expired changes, a batch at a time; returns how many."""
    return tx.run("address_changes.sweep", now=now)
