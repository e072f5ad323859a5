"""Personal data that a person may see and that no other module reads: a row for each item."""

from __future__ import annotations

from pressrun.core.addresses.address import Address
from pressrun.core.addresses.spellings import Spellings
from pressrun.store.transaction import Row, Transaction

_OF_READERS = {
    "pauses": "disclosure.pauses",
    "requests": "disclosure.requests",
    "replies": "disclosure.replies",
    "mails": "disclosure.mails",
    "undoable": "unsubscribes.of_subscriber",
    "address_changes": "address_changes.of_subscriber",
    "bounces": "disclosure.suspensions",
}
"""Under which name a reader gets the rows of which statement."""


def rows_about(tx: Transaction, subscriber_id: int) -> dict[str, list[Row]]:
    """The rows that tables hold about a reader, by the names of these tables in the file that readers download."""
    return {name: tx.rows(statement, subscriber_id=subscriber_id) for name, statement in _OF_READERS.items()}


def editorships(tx: Transaction, address_key: str) -> list[Row]:
    """The lists to which an address may post."""
    return tx.rows("disclosure.editorships", address_key=address_key)


def account(tx: Transaction, address_key: str) -> Row | None:
    """name, is_operator, known_since_at and may_log_in_since_at of who may log in or post by mail; None for others."""
    return tx.row("disclosure.account", address_key=address_key)


def kept_mail(tx: Transaction, address: Address) -> list[dict[str, object]]:
    """recipient, received_at and state of stored mail from an address."""
    spellings = Spellings(address)
    return [
        {name: row[name] for name in ("recipient", "received_at", "state")}
        for row in tx.rows("disclosure.kept_mail")
        if spellings.name(row["mail_from"])
    ]
