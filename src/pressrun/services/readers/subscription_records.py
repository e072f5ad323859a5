"""One person's subscriptions as the services for readers read and write them, with the evidence of consent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from pressrun.core.lifecycles.subscription import SYNC, SubscriptionEvent, SubscriptionState, move
from pressrun.services.context import ServiceContext
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.queue import deliveries
from pressrun.store.readers import consent, subscriptions
from pressrun.store.readers.consent import ConsentEvent
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.readers.subscriptions import Subscription
from pressrun.store.transaction import Transaction


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request came from: `source` is web or mail, `words` what the person was shown, `mail` its digest.

    `words_language` is the language of the words where it differs from that of the request or the list.
    `in_reply_to` is the Message-ID that a reply by mail answers. `url` and `given_at` are where and when the person
    consented, as the program says that the request came from.
    """

    source: str
    ip: str | None = None
    language: str = ""
    words: str = ""
    words_language: str = ""
    mail: str | None = None
    in_reply_to: str | None = None
    url: str = ""
    given_at: int | None = None


class SubscriptionDetails(Struct, frozen=True, kw_only=True):
    """A subscription with its list and person. `also` are further lists that the same link confirms."""

    list: MailingList
    person: Subscriber
    subscription: Subscription
    also: tuple[MailingList, ...] = ()

    @property
    def titles(self) -> Sequence[str]:
        return [self.list.title, *(target.title for target in self.also)]


def find_subscription_details(tx: Transaction, subscription_id: int) -> SubscriptionDetails | None:
    """A subscription with its list and person; None when it is gone."""
    details = subscriptions.find_with_details(tx, subscription_id)
    return None if details is None else SubscriptionDetails(subscription=details[0], person=details[1], list=details[2])


def list_subscriptions(tx: Transaction, person: Subscriber) -> list[SubscriptionDetails]:
    """All subscriptions of a person, ended ones included, with their lists."""
    details = []
    for named in subscriptions.subscriptions_of(tx, person.id):
        subscription, target = (
            subscriptions.find_subscription_by_id(tx, named.id),
            lists.find_list_by_id(tx, named.list_id),
        )
        assert subscription is not None
        assert target is not None  # the subscription holds it by a foreign key
        details.append(SubscriptionDetails(list=target, person=person, subscription=subscription))
    return details


def live_subscriptions(tx: Transaction, person: Subscriber) -> list[SubscriptionDetails]:
    """The subscriptions to the lists that somebody is on, whether active, paused or suspended for bounces."""
    return [details for details in list_subscriptions(tx, person) if details.subscription.is_live]


def choose_list_of_mail(tx: Transaction, person: Subscriber, preferred: str) -> MailingList | None:
    """The list whose name is on the link's mail; None for somebody who never proved to own the address."""
    order = [SubscriptionState.ACTIVE, SubscriptionState.SUSPENDED]
    known = [details for details in list_subscriptions(tx, person) if details.subscription.was_proven]
    known.sort(key=lambda details: [*order, details.subscription.state].index(details.subscription.state))
    named = next((details for details in known if details.list.name == preferred), next(iter(known), None))
    return None if named is None else named.list


def end_subscription(tx: Transaction, subscription: Subscription, source: str, now: int) -> Subscription:
    """End a subscription: its requests become void, and its copies that nobody has claimed are cancelled.

    One that a sync has ended ends for good.
    """
    assert subscription.source == SYNC or move(subscription.state, SubscriptionEvent.LEAVE) is not None
    subscriptions.end_subscriptions(tx, [subscription.id], source, now)
    deliveries.cancel_copies(tx, [subscription.id], now)
    ended = subscriptions.find_subscription_by_id(tx, subscription.id)
    assert ended is not None
    return ended


def record_consent(
    tx: Transaction,
    target: MailingList,
    person: Subscriber,
    event: str,
    origin: Origin,
    context: ServiceContext,
    carried: Sequence[Mapping[str, object]] = (),
) -> None:
    """Add to the evidence what a person, or somebody on their behalf, requested or answered.

    `carried` is the evidence for the list that this one replaces.
    """
    consent.append_consent(tx, consent_event(target, person, event, origin, context, carried))


def consent_event(
    target: MailingList,
    person: Subscriber,
    event: str,
    origin: Origin,
    context: ServiceContext,
    carried: Sequence[Mapping[str, object]] = (),
) -> ConsentEvent:
    """The event that `record_consent` appends, for callers that append many at once."""
    return ConsentEvent(
        subscriber_id=person.id,
        list_id=target.id,
        list_name=target.name,
        event=event,
        at=context.now,
        source=origin.source,
        salt=context.entropy(16),
        address=person.address,
        ip=origin.ip,
        language=language_of_evidence(origin, target.language),
        text=origin.words,
        mail=origin.mail,
        message_id=origin.in_reply_to,
        carried=carried,
        url=origin.url,
        given_at=origin.given_at,
    )


def language_of_evidence(origin: Origin, list_language: str) -> str:
    """The language of what a person was shown: that of the words or the request, on the web else that of the list."""
    return origin.words_language or origin.language or (list_language if origin.source == "web" else "")
