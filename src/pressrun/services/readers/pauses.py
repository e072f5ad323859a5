"""Pauses of subscriptions. A pause cancels the copies that wait, and ends by itself.

Readers who end it themselves get the cancelled copies whose editions are still being sent.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from pressrun.core.addresses.address import parse_address
from pressrun.core.lifecycles.subscription import SubscriptionEvent, SubscriptionState, move
from pressrun.services.context import ServiceContext
from pressrun.services.readers.reader_notices import mail_to_reader, may_mail
from pressrun.services.readers.subscription_records import (
    Origin,
    SubscriptionDetails,
    find_subscription_details,
    record_consent,
)
from pressrun.services.readers.suspension import still_suspended
from pressrun.store.lists.lists import MailingList
from pressrun.store.queue import deliveries
from pressrun.store.readers import subscriptions, unsubscribes
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.readers.subscriptions import PAUSED
from pressrun.store.transaction import Transaction

LONGEST_PAUSE_DAYS = 365
_DAY_SECONDS = 86400


def pause(
    tx: Transaction,
    memberships: Sequence[SubscriptionDetails],
    days: int,
    origin: Origin,
    context: ServiceContext,
    *,
    about: MailingList | None = None,
) -> None:
    """Pause these subscriptions of one person for 1 to 365 days, and cancel their copies that are not claimed.

    The reader gets one notice about all lists whose pause begins, in the name of `about` if it is one of these.
    """
    if not 1 <= days <= LONGEST_PAUSE_DAYS:
        raise ValueError("a pause lasts 1 to 365 days")
    now = context.now
    until, started = now + days * _DAY_SECONDS, []
    for item in memberships:
        state = move(item.subscription.state, SubscriptionEvent.PAUSE)
        # Any other suspension stays, because the end of a pause must not resume it.
        if state is None or not item.subscription.reads:
            continue
        begins = item.subscription.state is SubscriptionState.ACTIVE
        since = now if begins else item.subscription.since
        paused = replace(item.subscription, state=state, suspended_for=PAUSED, paused_until=until, since=since)
        subscriptions.record_subscription(tx, item.subscription, paused, now, how=origin.source)
        deliveries.cancel_copies(tx, [paused.id], now)
        record_consent(tx, item.list, item.person, "paused", origin, context)
        if begins and item.list.leaving_note:
            started.append(item)
    if started:
        chosen = next((item for item in started if item.list == about), started[0])
        also = [item.list.title for item in started if item is not chosen]
        _notify(tx, chosen.list, chosen.person, origin, {"until": until, "also": also}, context)


def resume(
    tx: Transaction, memberships: Sequence[SubscriptionDetails], origin: Origin, context: ServiceContext
) -> None:
    """End the pauses of these subscriptions now, and queue the copies they cancelled of editions still being sent."""
    now = context.now
    for item in memberships:
        state = move(item.subscription.state, SubscriptionEvent.RESUME)
        if state is None or not item.subscription.is_paused:
            continue
        resumed = replace(item.subscription, state=state, suspended_for=None, paused_until=None, since=now)
        back = still_suspended(tx, resumed, now)
        subscriptions.record_subscription(tx, item.subscription, back, now, how=origin.source)
        if back.state is SubscriptionState.ACTIVE:  # anybody with the link of an edition may have paused it
            unsubscribes.requeue_copies(tx, back.id, since=item.subscription.since, now=now)
        record_consent(tx, item.list, item.person, "resumed", origin, context)


def pause_subscription(
    tx: Transaction, subscription_id: int, days: int, origin: Origin, context: ServiceContext
) -> SubscriptionDetails | None:
    """Pause one subscription, whatever link names it; None when it no longer exists."""
    details = find_subscription_details(tx, subscription_id)
    if details is None:
        return None
    pause(tx, [details], days, origin, context)
    return find_subscription_details(tx, subscription_id)


def resume_subscription(tx: Transaction, subscription_id: int, origin: Origin, context: ServiceContext) -> None:
    """End the pause of one subscription."""
    details = find_subscription_details(tx, subscription_id)
    if details is not None:
        resume(tx, [details], origin, context)


def _notify(
    tx: Transaction,
    target: MailingList,
    person: Subscriber,
    origin: Origin,
    payload: dict[str, object],
    context: ServiceContext,
) -> None:
    """Notify the reader of a pause, unless that is over the limit."""
    if may_mail(tx, "pause_notes_per_address", parse_address(person.address), context):
        mail_to_reader(tx, "paused", target, person, origin, payload, context)
