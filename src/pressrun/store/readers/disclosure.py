"""Personal data that a person may see and that no other module reads: a row for each item."""

from __future__ import annotations

from pressrun.core.addresses.address import Address
from pressrun.core.addresses.spellings import Spellings
from pressrun.store.transaction import Row, Transaction


def pauses(tx: Transaction, subscriber_id: int) -> list[Row]:
    """list, suspended_for and paused_until of suspended subscriptions."""
    return tx.rows("disclosure.pauses", subscriber_id=subscriber_id)


def requests(tx: Transaction, subscriber_id: int) -> list[Row]:
    """list, name, language, requested_at and expires_at of stored requests to subscribe."""
    return tx.rows("disclosure.requests", subscriber_id=subscriber_id)


def replies(tx: Transaction, subscriber_id: int) -> list[Row]:
    """edition, enhanced, reply, attempts and reply_before_bounce of copies, newest first."""
    return tx.rows("disclosure.replies", subscriber_id=subscriber_id)


def mails(tx: Transaction, subscriber_id: int) -> list[Row]:
    """kind, list, address, language, queued_at and state of notices."""
    return tx.rows("disclosure.mails", subscriber_id=subscriber_id)


def suspensions(tx: Transaction, subscriber_id: int) -> list[Row]:
    """suspended_at, asked_at and ended_at of a suspension for bounces."""
    return tx.rows("disclosure.suspensions", subscriber_id=subscriber_id)


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
