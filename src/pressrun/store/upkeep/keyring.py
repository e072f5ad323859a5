"""The link keys as the database knows them: that they belong to it, and when they retire."""

from __future__ import annotations

from msgspec import Struct

from pressrun.store.transaction import Transaction

SINCE_VERSION = (
    42  # of the schema: before it keys did not retire. Keys are loaded before a schema is brought up to date
)


class LinkKey(Struct, frozen=True):
    """A link key by its number, and when it retires in UTC seconds; None: never."""

    number: int
    retires_at: int | None


def link_keys(tx: Transaction) -> list[LinkKey]:
    """All link keys, the oldest first."""
    return [key for key in tx.parsed_rows(LinkKey, "keyring.all") if key.number]


def retirements(tx: Transaction) -> dict[int, int]:
    """When keys retire, by number, of those that do."""
    return {key.number: key.retires_at for key in link_keys(tx) if key.retires_at is not None}


def find_link_key(tx: Transaction, number: int) -> LinkKey | None:
    """A link key, locked until the commit."""
    row = tx.row("keyring.get", number=number) if number else None
    return None if row is None else LinkKey(number, row["retires_at"])


def retire(tx: Transaction, number: int, at: int) -> None:
    """Have a link key retire at that time."""
    tx.run("keyring.retire", number=number, retires_at=at)
