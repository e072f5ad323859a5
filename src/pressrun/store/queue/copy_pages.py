"""Copies of an edition and of a reader, as somebody looks at them: a page at a time, or one by its reader."""

from __future__ import annotations

import msgspec

from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.store.transaction import Row, Transaction


class CopyCursor(msgspec.Struct, frozen=True, kw_only=True):
    """Where a page of copies in one state begins: after this one."""

    state: DeliveryState
    destination: str = ""
    due_at: int = -1
    id: int = 0


def page_of_copies(tx: Transaction, edition_id: int, after: CopyCursor, *, limit: int) -> list[Row]:
    """Copies of an edition in one state: id, destination, due_at, state, the last reply, the reader's address."""
    place = {"destination": after.destination, "due_at": after.due_at, "id": after.id}
    return tx.rows("copy_pages.page_of_copies", edition_id=edition_id, state=after.state, **place, limit=limit)


def find_plain_copy(tx: Transaction, *, edition_id: int, subscriber_id: int, address: str) -> Row | None:
    """The same of the copy of one reader, whose address this is."""
    return tx.row("copy_pages.plain_copy", edition_id=edition_id, subscriber_id=subscriber_id, address=address)


def copies_of_reader(tx: Transaction, subscriber_id: int) -> list[Row]:
    """id, message_secret and list_name of the copies that one reader got or was to get, newest first."""
    return tx.rows("copy_pages.copies_of_reader", subscriber_id=subscriber_id)
