"""One mail to one person that their request causes: queued at once, or held until an operator releases it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

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


def new_notice(
    kind: str, secret: bytes, target: MailingList, person: Subscriber, origin: Origin, payload: Mapping[str, object]
) -> NewNotice:
    """A notice in the language of the request, the person or the list; `secret` is 16 random octets."""
    return NewNotice(
        kind=kind,
        address=parse_address(person.address),
        message_secret=secret,
        list_id=target.id,
        subscriber_id=person.id,
        language=origin.language or person.language or target.language,
        payload={**payload, "answers": origin.source, "in_reply_to": origin.in_reply_to},
    )


def post_notice(tx: Transaction, notice: NewNotice, now: int, *, held_until: int | None) -> None:
    """Queue a notice, or store it without queueing it, until then at the latest."""
    if held_until is None:
        notices.insert_notice(tx, notice, now)
    else:
        held_sign_ups.hold_notice(tx, notice, now=now, expires_at=held_until)


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
    own = replace(origin, language=person.language or origin.language)
    notices.insert_notice(tx, new_notice(kind, context.entropy(16), target, person, own, payload), context.now)
