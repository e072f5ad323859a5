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


class ListedCopy(msgspec.Struct, frozen=True, kw_only=True):
    """A copy of an edition with the last reply about it, as programs see it."""

    id: int
    destination: str
    due_at: int
    state: DeliveryState
    code: int | None
    enhanced: str | None
    reply: str | None
    kind: str | None
    bounce: str | None
    domain: str
    attempts: int
    recorded_at: int | None
    first_attempt_at: int | None
    address: str | None  # None if the reader is gone


class RepliedCopy(msgspec.Struct, frozen=True, kw_only=True):
    """A copy in the report on its edition, with the last reply about it."""

    address: str | None  # None if the reader is gone
    code: int | None
    enhanced: str | None
    reply: str | None
    kind: str | None
    bounce: str | None
    due_at: int
    attempts: int


class TracedCopy(ListedCopy, frozen=True, kw_only=True):
    """The same with its relay, and with what that had said before a notification came."""

    relay: str | None
    handover_of: int | None  # None where no notification came
    handover_recorded_at: int | None
    handover_code: int | None
    handover_enhanced: str | None
    handover_reply: str | None


def page_of_copies(tx: Transaction, edition_id: int, after: CopyCursor, *, limit: int) -> list[ListedCopy]:
    """Copies of an edition in one state, in the order of the cursor."""
    place = {"destination": after.destination, "due_at": after.due_at, "id": after.id}
    return tx.parsed_rows(
        ListedCopy, "copy_pages.page_of_copies", edition_id=edition_id, state=after.state, **place, limit=limit
    )


def copies_in_state(tx: Transaction, edition_id: int, state: DeliveryState) -> list[RepliedCopy]:
    """All copies of an edition in one state, by the time when they are due."""
    return tx.parsed_rows(RepliedCopy, "copy_pages.in_state", edition_id=edition_id, state=state)


def find_copy_of(tx: Transaction, *, edition_id: int, subscriber_id: int) -> TracedCopy | None:
    """One reader's copy of an edition, and how it went."""
    return tx.parsed(TracedCopy, "copy_pages.copy_of", edition_id=edition_id, subscriber_id=subscriber_id)


def copies_of_reader(tx: Transaction, subscriber_id: int) -> list[Row]:
    """id, message_secret and list_name of the copies that one reader got or was to get, newest first."""
    return tx.rows("copy_pages.copies_of_reader", subscriber_id=subscriber_id)
