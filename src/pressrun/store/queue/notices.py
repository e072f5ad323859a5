"""Notices: mails to one person, queued beside the copies of editions and sent before them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import asdict

from pressrun.core.addresses.address import Address
from pressrun.store.queue.deliveries import queue_notice
from pressrun.store.transaction import Row, Transaction, in_json


class NewNotice(Struct, frozen=True, kw_only=True):
    """A new notice. Its composer needs the `payload`, unless `content` is the whole mail."""

    kind: str
    address: Address
    message_secret: bytes
    list_id: int | None = None
    subscriber_id: int | None = None
    language: str = ""
    payload: Mapping[str, object] = field(default_factory=dict)
    content: bytes | None = None


def insert_notice(tx: Transaction, new: NewNotice, now: int) -> int:
    """Store and queue a notice; returns the id of its delivery."""
    return queue_notice(tx, notice_id=store_notice(tx, new, now), domain=new.address.domain, now=now)


def store_notice(tx: Transaction, new: NewNotice, now: int) -> int:
    """Store a notice without queueing it; returns its id."""
    return tx.insert(
        "notices.insert",
        **{**asdict(new), "address": new.address.typed, "payload": json.dumps(new.payload, ensure_ascii=False)},
        now=now,
    )


def insert_notices(tx: Transaction, new: Sequence[NewNotice], now: int) -> None:
    """Store and queue notices without content, in two statements for all of them."""
    rows = [
        (notice.kind, notice.list_id, notice.subscriber_id, notice.address.typed, notice.language, notice.payload)
        for notice in new
    ]
    secrets = b"".join(notice.message_secret for notice in new)
    stored = tx.rows("notices.insert_all", notices=in_json(rows), secrets=secrets, now=now)
    ids = {row["message_secret"]: row["id"] for row in stored}  # they come in any order
    queued = [(ids[notice.message_secret], notice.address.domain) for notice in new]
    tx.run("notices.queue_all", notices=in_json(queued), now=now)


def find_ended(tx: Transaction, delivery_id: int) -> Row | None:
    """id, content and payload of a notice with content whose delivery has ended; None for any other."""
    return tx.row("notices.ended", delivery_id=delivery_id)


def drop_content(tx: Transaction, notice_id: int) -> None:
    """Delete the content of a notice, which is now stored elsewhere."""
    tx.run("notices.drop_content", id=notice_id)


def find_notice_readers(tx: Transaction, delivery_ids: Sequence[int]) -> dict[int, Row]:
    """subscriber_id, list_id, list_name, address, language and kind of notices whose reader is not gone."""
    return {row["id"]: row for row in tx.rows("notices.asked", ids=in_json(delivery_ids))}
