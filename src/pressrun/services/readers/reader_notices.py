"""One mail to one person that their request causes: queued at once, or held until an operator lets it go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pressrun.core.address import parse_address
from pressrun.store import held_sign_ups, notices
from pressrun.store.lists import MailingList
from pressrun.store.notices import NewNotice
from pressrun.store.subscribers import Subscriber
from pressrun.store.transaction import Transaction

if TYPE_CHECKING:
    from pressrun.services.readers.sign_ups import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderNotice:
    """A notice to be queued: what it says, and the secret (16 random octets) of its Message-ID."""

    kind: str
    secret: bytes
    payload: Mapping[str, object] = field(default_factory=dict)


Post = Callable[[Transaction, ReaderNotice, MailingList, Subscriber, "Origin", int], None]


def queue_notice(
    tx: Transaction, mailing: ReaderNotice, target: MailingList, person: Subscriber, origin: Origin, now: int
) -> None:
    """Queue one mail to one person, in the language of the request, theirs, or the list's."""
    notices.insert_notice(tx, _notice(mailing, target, person, origin), now)


def hold_notice(
    tx: Transaction,
    mailing: ReaderNotice,
    target: MailingList,
    person: Subscriber,
    origin: Origin,
    now: int,
    *,
    expires_at: int,
) -> None:
    """Store the same mail without queueing it, until `expires_at` at the most."""
    held_sign_ups.hold_notice(tx, _notice(mailing, target, person, origin), now=now, expires_at=expires_at)


def _notice(mailing: ReaderNotice, target: MailingList, person: Subscriber, origin: Origin) -> NewNotice:
    return NewNotice(
        kind=mailing.kind,
        address=parse_address(person.address),
        message_secret=mailing.secret,
        list_id=target.id,
        subscriber_id=person.id,
        language=origin.language or person.language or target.language,
        payload={**mailing.payload, "answers": origin.source, "in_reply_to": origin.in_reply_to},
    )
