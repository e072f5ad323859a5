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
from pressrun.store.queue import copy_pages
from pressrun.store.readers import subscribers
from pressrun.store.transaction import Transaction


def trace_copy(tx: Transaction, edition_id: int, address: Address, site: Site) -> Answer:
    """`edition delivery`; raises NotFound for an unknown edition, reader or copy."""
    edition = require_edition(tx, edition_id)
    person = subscribers.find_subscriber(tx, address)
    if person is None:
        raise NotFound(f"unknown address {address}")
    copy = copy_pages.find_copy_of(tx, edition_id=edition_id, subscriber_id=person.id)
    if copy is None and edition.copies_removed_at is not None:
        raise NotFound(
            f"rows of the copies of edition {edition_id} have been removed since {rfc3339(edition.copies_removed_at)} "
            "([retention] copies), so it is no longer known whether there was one for this reader"
        )
    if copy is None and edition.started_at is None:
        raise NotFound(f"edition {edition_id} has not started, so there is no copy for anybody")
    if copy is None:
        raise NotFound(
            f"edition {edition_id} has no copy for {address}, who was not an active subscriber of {edition.list_name} "
            "when it started",
            see=f"subscriber show {address}",
        )
    bounced_later = copy.handover_of is not None
    last = _reply(copy.recorded_at, copy.code, copy.enhanced, copy.reply)
    before = _reply(copy.handover_recorded_at, copy.handover_code, copy.handover_enhanced, copy.handover_reply)
    return {
        "edition": edition_id,
        "list": edition.list_name,
        "subject": edition.title,
        "address": person.address,
        "state": copy.state,
        "kind": copy.kind,
        "attempts": copy.attempts,
        "first_attempt_at": rfc3339(copy.first_attempt_at),
        "next_attempt_at": rfc3339(copy.due_at) if copy.state == "deferred" else None,
        "relay": copy.relay,
        "reply": before if bounced_later else last,
        "bounce": {**(last or {}), "class": copy.bounce} if bounced_later else None,
        "class": copy.bounce,
        "message_id": f"<{message_id(edition.message_secret, copy.id, site)}>",
    }


def _reply(at: int | None, code: int | None, enhanced: str | None, text: str | None) -> Answer | None:
    """A reply and its time; None without one."""
    if at is None or (code is None and text is None):
        return None
    return {"at": rfc3339(at), "code": code, "enhanced": enhanced, "text": text}
