"""One mail to one person that their request causes: queued at once, or held until an operator releases it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.signing.tokens import suppression_digest
from pressrun.services.context import ServiceContext
from pressrun.services.readers.subscription_records import Origin
from pressrun.store import limits
from pressrun.store.lists.lists import MailingList
from pressrun.store.queue import notices
from pressrun.store.queue.notices import NewNotice
from pressrun.store.readers import held_sign_ups
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.transaction import Transaction


class ReaderNotice(Struct, frozen=True, kw_only=True):
    """A notice to be queued: its kind and payload, and the secret (16 random octets) of its Message-ID."""

    kind: str
    secret: bytes
    payload: Mapping[str, object] = field(default_factory=dict)


Post = Callable[[Transaction, ReaderNotice, MailingList, Subscriber, Origin, int], None]


def queue_notice(
    tx: Transaction, notice: ReaderNotice, target: MailingList, person: Subscriber, origin: Origin, now: int
) -> None:
    """Queue a notice, in the language of the request, the person's, or the list's."""
    notices.insert_notice(tx, _new_notice(notice, target, person, origin), now)


def hold_notice(
    tx: Transaction,
    notice: ReaderNotice,
    target: MailingList,
    person: Subscriber,
    origin: Origin,
    now: int,
    *,
    expires_at: int,
) -> None:
    """Store the same notice without queueing it, until `expires_at` at the latest."""
    held_sign_ups.hold_notice(tx, _new_notice(notice, target, person, origin), now=now, expires_at=expires_at)


def may_mail(
    tx: Transaction,
    limit: Literal["preference_links_per_address", "pause_notes_per_address"],
    address: Address,
    context: ServiceContext,
) -> bool:
    """Count one more mail to an address against a limit; False if it is exceeded.

    Addresses are counted under their keyed hash, so that unknown ones are not stored.
    """
    fold = suppression_digest(context.keys, address.fold)
    return limits.spend(tx, limit, fold, getattr(context.limits, limit), context.clock())


def mail_to_reader(
    tx: Transaction,
    kind: str,
    target: MailingList,
    person: Subscriber,
    origin: Origin,
    payload: Mapping[str, object],
    context: ServiceContext,
) -> None:
    """Queue a mail in the reader's own language, or in that of the request if they have none."""
    notice = ReaderNotice(kind=kind, secret=context.entropy(16), payload=payload)
    queue_notice(tx, notice, target, person, replace(origin, language=person.language or origin.language), context.now)


def _new_notice(notice: ReaderNotice, target: MailingList, person: Subscriber, origin: Origin) -> NewNotice:
    return NewNotice(
        kind=notice.kind,
        address=parse_address(person.address),
        message_secret=notice.secret,
        list_id=target.id,
        subscriber_id=person.id,
        language=origin.language or person.language or target.language,
        payload={**notice.payload, "answers": origin.source, "in_reply_to": origin.in_reply_to},
    )
