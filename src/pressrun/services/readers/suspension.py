"""Readers whose copies bounce in a row: suspended on every list, asked once whether they are still there, resumed.

These are plain functions of a transaction. The dispatcher uses them after a relay's reply, and
services.bounces.bounce_handler after a notification.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec.structs import replace

from pressrun.core.addresses.address import Address, find_address
from pressrun.core.bounces.scores import count_streak
from pressrun.core.lifecycles.subscription import SubscriptionEvent, SubscriptionState, move
from pressrun.services.ports import Entropy
from pressrun.services.readers.subscription_records import list_subscriptions
from pressrun.services.settings import BounceSettings
from pressrun.services.suppression import SuppressionReason, find_reason
from pressrun.store.queue import notices
from pressrun.store.queue.notices import NewNotice
from pressrun.store.readers import bounces, subscribers, subscriptions
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.readers.subscriptions import FOR_BOUNCES, Subscription, SubscriptionDetails
from pressrun.store.transaction import Transaction

STILL_THERE = "still_there"
_BATCH = 100  # readers probed in one transaction
_MOST_MISSED = 10  # editions named in one probe


def suspend_bouncing(tx: Transaction, readers: Collection[int], settings: BounceSettings, now: int) -> list[int]:
    """Suspend those readers of bounced copies who have reached a limit; returns their ids."""
    first_editions: dict[int, int] = {}
    suppressed = []
    for subscriber_id, past in bounces.histories(tx, readers).items() if readers else ():
        streak = count_streak(past, settle_after=settings.settle_after_seconds, now=now)
        is_hard = streak.hard >= settings.hard_limit
        if is_hard or streak.bounced >= settings.soft_limit:
            assert streak.first_edition_id is not None  # a limit is at least 1
            first_editions[subscriber_id] = streak.first_edition_id
            suppressed += [subscriber_id] if is_hard else []
    return bounces.suspend(tx, first_editions, suppressed=suppressed, now=now) if first_editions else []


def _get_person(tx: Transaction, subscriber_id: int) -> Subscriber:
    person = subscribers.find_subscriber_by_id(tx, subscriber_id)
    assert person is not None  # a subscription or suspension holds it by a foreign key
    return person


def still_suspended(tx: Transaction, subscription: Subscription, now: int) -> Subscription:
    """A subscription that its reader resumes, suspended after all if their mail has bounced in the meantime.

    Bounces suspend active subscriptions only, so not a paused one, or one that its reader has just left.
    """
    if subscription.state is not SubscriptionState.ACTIVE or not bounces.is_suspended(tx, subscription.subscriber_id):
        return subscription
    return replace(subscription, state=SubscriptionState.SUSPENDED, suspended_for=FOR_BOUNCES, since=now)


def resume_after_bounces(tx: Transaction, person: Subscriber, now: int) -> None:
    """Resume all lists of somebody who was suspended for bounces and has proved that mail reaches them.

    Earlier bounces no longer count. Lists that they have left or paused stay as they are.
    """
    if not bounces.end_suspension(tx, person.id, now):
        return
    for details in list_subscriptions(tx, person):
        if not details.subscription.is_suspended_for_bounces:
            continue
        state = move(details.subscription.state, SubscriptionEvent.RESUME)
        assert state is not None
        resumed = replace(details.subscription, state=state, suspended_for=None, since=now)
        subscriptions.record_subscription(tx, details.subscription, resumed, now, how="mail-arrives")


def begin_at_address(tx: Transaction, person: Subscriber, now: int) -> None:
    """Resume somebody who has just proved an address. Earlier bounces, perhaps of another address, no longer count."""
    resume_after_bounces(tx, person, now)
    bounces.begin_history(tx, person.id, now)


# ---------------------------------------------------------------------- the probe


def probe_suspended(tx: Transaction, settings: BounceSettings, entropy: Entropy, now: int) -> int:
    """Queue a probe, which has a link to come back, to a batch of readers who were suspended `probe_after` ago.

    Returns how many readers were due.
    """
    due = bounces.claim_probes(tx, before=int(now - settings.probe_after_seconds), limit=_BATCH, now=now)
    for subscriber_id, first_edition_id in due:
        person = _get_person(tx, subscriber_id)
        open_ones = [
            details
            for details in list_subscriptions(tx, person)
            if details.subscription.is_suspended_for_bounces and details.list.closed_at is None
        ]
        reason = find_reason(tx, person.digests)
        address = find_address(person.address)
        if open_ones and address is not None and reason in (None, SuppressionReason.HARD_BOUNCE):
            payload = _way_back(tx, open_ones[0].subscription, first_edition_id, settings, now)
            notices.insert_notice(tx, _probe(open_ones[0], address, entropy(16), payload), now)
    return len(due)


def _way_back(
    tx: Transaction, subscription: Subscription, first_edition_id: int, settings: BounceSettings, now: int
) -> dict[str, object]:
    """What a probe says: the link by which they come back, and the editions that they have missed."""
    expires_at = int(now + settings.probe_lifetime_seconds)
    number = subscriptions.insert_confirmation(tx, subscription, name="", language="", now=now, expires_at=expires_at)
    missed = bounces.missed_editions(
        tx, subscription.subscriber_id, first_edition_id=first_edition_id, limit=_MOST_MISSED
    )
    titles = [[edition["title"], edition["list_name"], edition["slug"]] for edition in missed]
    return {"confirmation": number, "expires_at": expires_at, "missed": titles}


def _probe(
    details: SubscriptionDetails, address: Address, message_secret: bytes, payload: Mapping[str, object]
) -> NewNotice:
    person, target = details.person, details.list
    return NewNotice(
        kind=STILL_THERE,
        address=address,
        message_secret=message_secret,
        list_id=target.id,
        subscriber_id=person.id,
        language=person.language or target.language,
        payload=payload,
    )
