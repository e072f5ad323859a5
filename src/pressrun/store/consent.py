"""The evidence of consent: append-only, each row chained to the one before over salted digests."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from pressrun.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEvent:
    """What was asked or answered, when, from where and in which words.

    `event` is one of requested, confirmed, added, imported, withdrawn, paused, resumed, removed. `salt` is 16 random
    octets that the caller draws.
    """

    subscriber_id: int
    list_id: int | None
    list_name: str
    event: str
    at: int
    source: str
    salt: bytes
    address: str
    ip: str | None = None
    language: str = ""
    text: str = ""
    mail: str | None = None


def append_consent(tx: Transaction, event: ConsentEvent) -> int:
    """Add one link to the chain; returns its id."""
    last = tx.row("consent.last_chain")
    number = 1 if last is None else last["id"] + 1
    content = json.dumps(
        {
            "list": event.list_name,
            "address": event.address,
            "ip": event.ip,
            "source": event.source,
            "language": event.language,
            "text": event.text,
            "mail": event.mail,
        },
        ensure_ascii=False,
        sort_keys=True,
    )
    content_digest = hashlib.sha256(event.salt + content.encode()).digest()
    before = b"" if last is None else last["chain"]
    chain = hashlib.sha256(b"%b\0%d\0%b\0%d\0%b" % (before, number, event.event.encode(), event.at, content_digest))
    return tx.insert(
        "consent.insert",
        id=number,
        subscriber_id=event.subscriber_id,
        list_id=event.list_id,
        event=event.event,
        at=event.at,
        salt=event.salt,
        content=content,
        content_digest=content_digest,
        chain=chain.digest(),
    )


def consent_of(tx: Transaction, subscriber_id: int) -> list[dict[str, object]]:
    """The evidence about one person, oldest first: event, at, and the content's fields."""
    return [
        {"event": row["event"], "at": row["at"], **json.loads(row["content"] or "{}")}
        for row in tx.rows("consent.of_subscriber", subscriber_id=subscriber_id)
    ]


def erase_consent(tx: Transaction, subscriber_id: int) -> None:
    """Take away what was said about a person, leaving the chain whole."""
    tx.run("consent.erase", subscriber_id=subscriber_id)
