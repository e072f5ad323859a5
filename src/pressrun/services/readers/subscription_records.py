"""One person's subscriptions with their lists, as the services for readers find and end them."""

from __future__ import annotations

from pressrun.core.lifecycles.subscription import SYNC, SubscriptionEvent, SubscriptionState, move
from pressrun.store.lists.lists import MailingList
from pressrun.store.queue import deliveries
from pressrun.store.readers import subscriptions
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.readers.subscriptions import Subscription, SubscriptionDetails, find_subscription_details
from pressrun.store.transaction import Transaction


def list_subscriptions(tx: Transaction, person: Subscriber) -> list[SubscriptionDetails]:
    """All subscriptions of a person, ended ones included, with their lists."""
    known = [find_subscription_details(tx, named.id) for named in subscriptions.subscriptions_of(tx, person.id)]
    return [details for details in known if details is not None]


def live_subscriptions(tx: Transaction, person: Subscriber) -> list[SubscriptionDetails]:
    """The subscriptions to the lists that somebody is on, whether active, paused or suspended for bounces."""
    return [details for details in list_subscriptions(tx, person) if details.subscription.is_live]


def choose_list_of_mail(tx: Transaction, person: Subscriber, preferred: str | None = None) -> MailingList | None:
    """The list whose name is on a mail to a person; None for somebody who never proved to own the address."""
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
