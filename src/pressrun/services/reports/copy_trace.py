"""The delivery of one copy: whether its reader got it, when, and what the relay replied.

It only reads. Erased data gets the same answer as data that never existed.
"""

from __future__ import annotations

from pressrun.core.addresses.address import Address
from pressrun.core.errors import NotFound
from pressrun.core.site import Site
from pressrun.core.timestamps import rfc3339
from pressrun.services.answers import Answer
from pressrun.services.editions.lifecycle import require_edition
from pressrun.services.mails.copy_composer import message_id
from pressrun.store.queue import deliveries
from pressrun.store.readers import subscribers
from pressrun.store.transaction import Row, Transaction


def trace_copy(tx: Transaction, edition_id: int, address: Address, site: Site) -> Answer:
    """`edition delivery`; raises NotFound for an unknown edition, reader or copy."""
    edition = require_edition(tx, edition_id)
    person = subscribers.find_subscriber(tx, address)
    if person is None:
        raise NotFound(f"unknown address {address}")
    row = deliveries.find_copy_of(tx, edition_id=edition_id, subscriber_id=person.id)
    if row is None and edition.copies_removed_at is not None:
        raise NotFound(
            f"rows of the copies of edition {edition_id} have been removed since {rfc3339(edition.copies_removed_at)} "
            "([retention] copies), so it is no longer known whether there was one for this reader"
        )
    if row is None and edition.started_at is None:
        raise NotFound(f"edition {edition_id} has not started, so there is no copy for anybody")
    if row is None:
        raise NotFound(
            f"edition {edition_id} has no copy for {address}, who was not an active subscriber of {edition.list_name} "
            "when it started",
            see=f"subscriber show {address}",
        )
    bounced_later = row["handover_of"] is not None
    last = _reply(row, "")
    before = _reply(row, "handover_")
    return {
        "edition": edition_id,
        "list": edition.list_name,
        "subject": edition.title,
        "address": person.address,
        "state": row["state"],
        "kind": row["kind"],
        "attempts": row["attempts"],
        "first_attempt_at": rfc3339(row["first_attempt_at"]),
        "next_attempt_at": rfc3339(row["due_at"]) if row["state"] == "deferred" else None,
        "relay": row["relay"],
        "reply": before if bounced_later else last,
        "bounce": {**(last or {}), "class": row["bounce"]} if bounced_later else None,
        "class": row["bounce"],
        "message_id": f"<{message_id(edition.message_secret, row['id'], site)}>",
    }


def _reply(row: Row, prefix: str) -> Answer | None:
    """A reply and its time; None without one."""
    code, text, at = row[f"{prefix}code"], row[f"{prefix}reply"], row[f"{prefix}recorded_at"]
    if at is None or (code is None and text is None):
        return None
    return {"at": rfc3339(at), "code": code, "enhanced": row[f"{prefix}enhanced"], "text": text}
