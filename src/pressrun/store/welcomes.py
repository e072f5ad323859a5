"""The edition that greets the new readers of a list: which one it is, and its copies.

It stands among the editions, so that its copies wait, are claimed, retried, bounce and are left by like all others. It
has no page: nothing of it is published, searched or listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pressrun.store import editions
from pressrun.store.editions import Edition
from pressrun.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class WelcomeSource:
    """What a welcome mail was made of: its file, and what that takes along, by path."""

    source_name: str
    source: bytes
    assets: Mapping[str, bytes]


def find_welcome(tx: Transaction, list_id: int) -> Edition | None:
    """The edition that greets the new readers of a list now."""
    number: int | None = tx.value("welcomes.find", list_id=list_id)
    return None if number is None else editions.get_edition(tx, number)


def lists_with_welcome(tx: Transaction) -> list[str]:
    """The names of the lists that greet new readers."""
    return [row["name"] for row in tx.rows("welcomes.all")]


def put_welcome(tx: Transaction, list_id: int, edition_id: int) -> None:
    """Let this edition greet new readers from now on."""
    tx.run("welcomes.put", list_id=list_id, edition_id=edition_id)


def remove_welcome(tx: Transaction, list_id: int) -> None:
    """Greet nobody any more."""
    tx.run("welcomes.remove", list_id=list_id)


def requeue_copy(tx: Transaction, edition_id: int, subscription_id: int, *, left_at: int, now: int) -> bool:
    """Queue a copy again that was cancelled as its reader left, at that time; False when there is none."""
    values = {"edition_id": edition_id, "subscription_id": subscription_id, "left_at": left_at, "now": now}
    return tx.run("welcomes.requeue_copy", **values) > 0


def unfinished(tx: Transaction, list_id: int) -> list[int]:
    """The welcome mails of a list that still have copies to send, replaced ones included."""
    return [row["id"] for row in tx.rows("welcomes.unfinished", list_id=list_id)]


def load_source(tx: Transaction, edition_id: int) -> WelcomeSource:
    """What a welcome mail was made of."""
    row = tx.row("welcomes.source", edition_id=edition_id)
    assert row is not None  # the welcome holds it by a foreign key
    files = tx.rows("welcomes.files", edition_id=edition_id)
    return WelcomeSource(
        source_name=row["source_name"],
        source=row["source"],
        assets={file["name"]: file["content"] for file in files},
    )


def forget_unused(tx: Transaction, edition_id: int) -> None:
    """Forget a welcome mail that greets nobody any more and never did."""
    if tx.value("welcomes.is_unused", edition_id=edition_id):
        tx.run("welcomes.delete", edition_id=edition_id)
