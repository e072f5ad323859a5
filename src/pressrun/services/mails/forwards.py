"""Mail that is forwarded to the owner of a list or the operator: a notice whose content is the whole mail.

It was accepted, so it must not get lost. Its sender may be forged, so nobody is mailed when it bounces; it is kept for
a person instead, as it came (docs/decisions/0039).
"""

from __future__ import annotations

import hashlib
import json

from pressrun.core.addresses.address import Address
from pressrun.store.lists.lists import MailingList
from pressrun.store.queue import inbound, notices
from pressrun.store.queue.inbound import InboundMail
from pressrun.store.queue.notices import NewNotice
from pressrun.store.transaction import Row, Transaction

FORWARD = "forward"  # the kind of notices that forward a mail


def new_forward(
    mail: InboundMail, person: Address, target: MailingList | None, *, trace: bytes, message_secret: bytes
) -> NewNotice:
    """A mail to be forwarded below a trace field, with what it takes to keep it as it came."""
    return NewNotice(
        kind=FORWARD,
        address=person,
        message_secret=message_secret,
        list_id=None if target is None else target.id,
        content=trace + mail.content,
        payload={
            "null_sender": not mail.mail_from,
            "utf8": mail.utf8,
            "mail": {
                "id": mail.id,
                "mail_from": mail.mail_from,
                "recipient": mail.recipient,
                "peer": mail.peer,
                "received_at": mail.received_at,
            },
            "trace": len(trace),
        },
    )


def keep_returned(tx: Transaction, delivery_id: int, outcome: str, now: int) -> int | None:
    """Keep a mail for a person whose forward failed; returns its id among accepted mail.

    None when it is already kept, when it has been deleted, and while it is still being forwarded.
    """
    row = notices.find_ended(tx, delivery_id)
    number = None if row is None else keep_forwarded(tx, row, outcome, now)
    if row is not None and number is not None:
        notices.drop_content(tx, row["id"])
    return number


def keep_forwarded(tx: Transaction, notice: Row, outcome: str, now: int) -> int | None:
    """Keep the mail that a notice forwards, given by its content and payload, for a person; returns its id.

    None for a notice of a version that did not store all of the mail.
    """
    payload = json.loads(notice["payload"])
    if "mail" not in payload:
        return None
    content = notice["content"][payload["trace"] :]
    mail = InboundMail(
        **payload["mail"], utf8=payload["utf8"], content=content, content_digest=hashlib.sha256(content).digest()
    )
    inbound.keep_again(tx, mail, outcome, now)
    return mail.id
