"""Readers whose copies bounce in a row: suspended on every list, and welcomed back.

Plain functions of a transaction, shared by whoever learns of a bounce: the dispatcher from a relay's reply, and
services.bounces.bounce_handler from a notification.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from pressrun.core.bounces import BounceClass
from pressrun.core.scores import COUNTING, Streak, count_streak
from pressrun.core.subscription import SubscriptionEvent, SubscriptionState, move
from pressrun.services.settings import BounceSettings
from pressrun.services.suppression import SuppressionReason, suppress
from pressrun.store import bounces, enrolment, subscribers, subscriptions
from pressrun.store.subscribers import Subscriber
from pressrun.store.subscriptions import Subscription
from pressrun.store.transaction import Transaction

FOR_BOUNCES = "bounces"


def judge(tx: Transaction, delivery_ids: Collection[int], settings: BounceSettings, now: int) -> list[int]:
    """Suspend the readers of bounced copies for whom it is enough; returns their ids."""
    suspended = []
    for subscriber_id in _readers_of(tx, delivery_ids):
        if bounces.is_suspended(tx, subscriber_id):
            continue
        past = bounces.history(tx, subscriber_id)
        streak = count_streak(past, settle_after=settings.settle_after_seconds, now=now)
        is_hard = streak.hard >= settings.hard_limit
        if is_hard or streak.bounced >= settings.soft_limit:
            _suspend(tx, subscriber_id, streak, now, suppresses=is_hard)
            suspended.append(subscriber_id)
    return suspended


def counts(bounce: BounceClass | None) -> bool:
    """Whether a bounce may count against its reader."""
    return bounce in COUNTING


def _readers_of(tx: Transaction, delivery_ids: Iterable[int]) -> list[int]:
    copies = [bounces.find_copy(tx, number) for number in delivery_ids]
    found = [copy["subscriber_id"] for copy in copies if copy is not None and copy["edition_id"] is not None]
    return list(dict.fromkeys(number for number in found if number is not None))


def _suspend(tx: Transaction, subscriber_id: int, streak: Streak, now: int, *, suppresses: bool) -> None:
    person = subscribers.get_subscriber(tx, subscriber_id)
    assert person is not None  # the subscription holds it by a foreign key
    assert streak.first_edition_id is not None  # a limit is at least 1
    for row in subscriptions.subscriptions_of(tx, subscriber_id):
        subscription = subscriptions.get_subscription(tx, row["id"])
        assert subscription is not None
        state = move(subscription.state, SubscriptionEvent.SUSPEND)
        if state is not None:
            changed = replace(subscription, state=state, suspended_for=FOR_BOUNCES, since=now)
            subscriptions.record_subscription(tx, changed)
    enrolment.cancel_all_copies(tx, subscriber_id, now)
    bounces.suspend(tx, subscriber_id, first_edition_id=streak.first_edition_id, now=now)
    if suppresses:
        suppress(tx, person.digests, SuppressionReason.HARD_BOUNCE, address=person.address, now=now)


def restored(tx: Transaction, subscription: Subscription, now: int) -> Subscription:
    """A subscription that its reader resumes: still suspended if their mail has bounced since.

    Bounces suspend what is active then, and so not a list that is paused, or that its reader has just left.
    """
    if subscription.state is not SubscriptionState.ACTIVE or not bounces.is_suspended(tx, subscription.subscriber_id):
        return subscription
    return replace(subscription, state=SubscriptionState.SUSPENDED, suspended_for=FOR_BOUNCES, since=now)


def welcome_back(tx: Transaction, person: Subscriber, now: int) -> None:
    """Somebody who was suspended for bounces proved that mail reaches them: all their lists go on.

    What bounced before counts no more. Lists that they left meanwhile, or paused, stay as they are.
    """
    if not bounces.end_suspension(tx, person.id, now):
        return
    for row in subscriptions.subscriptions_of(tx, person.id):
        subscription = subscriptions.get_subscription(tx, row["id"])
        assert subscription is not None
        if subscription.state is not SubscriptionState.SUSPENDED or subscription.suspended_for != FOR_BOUNCES:
            continue
        state = move(subscription.state, SubscriptionEvent.RESUME)
        assert state is not None
        subscriptions.record_subscription(tx, replace(subscription, state=state, suspended_for=None, since=now))
