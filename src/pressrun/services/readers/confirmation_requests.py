"""Requests that wait for confirmation: by one person, for one list or several, with a single mail that asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from pressrun.core.lifecycles.subscription import SubscriptionEvent, SubscriptionState, move
from pressrun.services.readers.reader_notices import new_notice, post_notice
from pressrun.services.readers.subscription_records import Origin
from pressrun.store.lists.lists import MailingList
from pressrun.store.readers import subscriptions
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.readers.subscriptions import Subscription
from pressrun.store.transaction import Transaction

Wanted = tuple[MailingList, Subscription | None]
"""A list that somebody asks for, with their subscription so far, if any."""


class ConfirmationTerms(Struct, frozen=True, kw_only=True):
    """How a request waits for its confirmation; once confirmed, `name` and `attributes` become the person's.

    `mail_secret` (16 random octets) goes into the Message-ID. With None, no mail goes out. A mail that `is_held` waits
    for an operator, for as long as the request waits. `answers` is what the mail answers, if that is not the request.
    """

    name: str
    expires_at: int
    mail_secret: bytes | None
    is_held: bool = False
    answers: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


def request_confirmation(
    tx: Transaction, wanted: Sequence[Wanted], person: Subscriber, origin: Origin, terms: ConfirmationTerms, now: int
) -> Subscription:
    """Make subscriptions pending, with requests that wait for confirmation, and post the mail that asks for it.

    Returns the first subscription; the mail is about its list.
    """
    made = [_make_pending(tx, target, person, earlier, origin.source, now) for target, earlier in wanted]
    leader_id = None
    for pending in made:
        number = subscriptions.insert_confirmation(
            tx,
            pending,
            name=terms.name,
            language=origin.language,
            now=now,
            expires_at=terms.expires_at,
            leader_id=leader_id,
            attributes=terms.attributes,
        )
        leader_id = leader_id or number
    if terms.mail_secret is not None:
        (first, _), *others = wanted
        titles = titles_of(target for target, _ in others)
        payload = {"confirmation": leader_id, "expires_at": terms.expires_at, **titles}
        asker = replace(origin, source=terms.answers or origin.source)
        notice = new_notice("confirmation", terms.mail_secret, first, person, asker, payload)
        post_notice(tx, notice, now, held_until=terms.expires_at if terms.is_held else None)
    return made[0]


def titles_of(others: Iterable[MailingList]) -> dict[str, list[str]]:
    """The part of a payload that names the other lists of a mail."""
    titles = [target.title for target in others]
    return {"also": titles} if titles else {}


def _make_pending(
    tx: Transaction,
    target: MailingList,
    person: Subscriber,
    subscription: Subscription | None,
    source: str,
    now: int,
) -> Subscription:
    if subscription is None:
        return subscriptions.insert_subscription(
            tx, list_id=target.id, subscriber_id=person.id, state=SubscriptionState.PENDING, source=source, now=now
        )
    state = move(subscription.state, SubscriptionEvent.SIGN_UP)
    if state is None:  # suspended for bounces: it stays so until the confirmation comes
        return subscription
    had_left = subscription.state is SubscriptionState.UNSUBSCRIBED
    before = subscription.state if had_left else subscription.state_before
    pending = replace(subscription, state=state, state_before=before, source=source, since=now)
    subscriptions.record_subscription(tx, subscription, pending, now)
    return pending
