"""The logos of lists. They are apart from the lists, because what only reads lists starts faster without `message`."""

from __future__ import annotations

from msgspec.structs import asdict

from pressrun.message.layouts.design import Logo
from pressrun.store.transaction import Transaction


def put_logo(tx: Transaction, list_id: int, logo: Logo) -> None:
    """Store the logo of a list, replacing another; `MailingList.logo` is its digest."""
    tx.run("lists.put_logo", list_id=list_id, **asdict(logo))


def remove_logo(tx: Transaction, list_id: int) -> None:
    """Delete the logo of a list."""
    tx.run("lists.remove_logo", list_id=list_id)


def find_logo(tx: Transaction, list_id: int) -> Logo | None:
    return tx.parsed(Logo, "lists.find_logo", list_id=list_id)
