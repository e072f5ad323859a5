"""Which language we write to editors, owners and operators in."""

from __future__ import annotations

from pressrun.core.address import Address
from pressrun.store import subscribers
from pressrun.store.transaction import Transaction


def language_of(tx: Transaction, address: Address, otherwise: str) -> str:
    """The language that a person chose as a reader of any list, else the one given, which is mostly that of a list."""
    person = subscribers.find_subscriber(tx, address)
    return otherwise if person is None else person.language or otherwise
