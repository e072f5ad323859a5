"""Notices: one mail to one person, queued beside the copies of editions and going out before them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pressrun.core.address import Address
from pressrun.store.deliveries import queue_notice
from pressrun.store.transaction import Row, Transaction, in_json


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNotice:
    """What is stored of a notice; `payload` is what its composer needs, or `content` is the whole mail."""

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
    """Store a notice that is queued later; returns its id."""
    return tx.insert(
        "notices.insert",
        kind=new.kind,
        list_id=new.list_id,
        subscriber_id=new.subscriber_id,
        address=new.address.typed,
        language=new.language,
        payload=json.dumps(new.payload, ensure_ascii=False),
        content=new.content,
        message_secret=new.message_secret,
        now=now,
    )


def insert_notices(tx: Transaction, new: Sequence[NewNotice], now: int) -> None:
    """Store and queue notices that are composed when they are sent."""
    rows = [
        (one.kind, one.list_id, one.subscriber_id, one.address.typed, one.language, in_json(one.payload)) for one in new
    ]
    secrets = b"".join(one.message_secret for one in new)
    last = tx.insert("notices.insert_all", notices=in_json(rows), secrets=secrets, now=now)
    # One statement numbers its rows one after the other.
    domains = in_json([one.address.domain for one in new])
    tx.run("notices.queue_all", first=last - len(new) + 1, domains=domains, now=now)


def find_ended(tx: Transaction, delivery_id: int) -> Row | None:
    """id, content and payload of a notice that holds a whole mail and goes out no more; None for any other."""
    return tx.row("notices.ended", delivery_id=delivery_id)


def drop_content(tx: Transaction, notice_id: int) -> None:
    """Forget the mail that a notice holds: it stands elsewhere now."""
    tx.run("notices.drop_content", id=notice_id)


def find_asked(tx: Transaction, delivery_id: int) -> Row | None:
    """Whom a notice was for: subscriber_id, list_id, list_name, address, language, kind; None when they are gone."""
    return tx.row("notices.asked", delivery_id=delivery_id)


def outlive_list(tx: Transaction, list_id: int, kind: str) -> None:
    """Let the notices of this kind belong to no list any more: they do not go with it."""
    tx.run("notices.outlive_list", list_id=list_id, kind=kind)
