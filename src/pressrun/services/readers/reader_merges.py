"""Merges two readers when one changes their address to that of the other, and splits them when that is undone.

Both stay in the database. Subscriptions move to the other reader, unless they already read that list. Then their own
subscription stays as it is, but gets the copies that wait for the first one: it may have begun after an edition
started, so that the edition would go to neither address.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, convert, to_builtins
from msgspec.structs import asdict, replace

from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.services.readers.requests import ReaderRequest
from pressrun.services.readers.subscription_records import end_subscription, list_subscriptions, live_subscriptions
from pressrun.services.readers.suspension import still_suspended
from pressrun.store.lists import lists
from pressrun.store.queue import deliveries
from pressrun.store.readers import language_switch, subscribers, subscriptions, unsubscribes
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.readers.subscriptions import Subscription
from pressrun.store.transaction import Transaction

SOURCE = "move"  # of subscriptions that moved to somebody who was a reader already


class _Standing(Struct, frozen=True):
    """The state of a subscription before a merge, which undoing restores."""

    state: SubscriptionState
    state_before: SubscriptionState | None
    suspended_for: str | None
    paused_until: int | None
    source: str
    since: int


class _Changed(Struct, frozen=True, omit_defaults=True):
    """A subscription that a merge has changed: `before` (None: it did not exist), and how the merge left it.

    Undoing takes the copies of the editions in `handed` back from the subscription `taker`, or from where that has gone
    since. If both read the list, it queues the cancelled copies again.
    """

    id: int
    before: _Standing | None
    round: int
    since: int
    state: SubscriptionState
    is_stopped: bool = False
    taker: int = 0
    handed: tuple[int, ...] = ()

    def is_left_in(self, current: Subscription) -> bool:
        """Whether the reader has not changed it since. An unconfirmed new sign-up does not count."""
        if current.state is SubscriptionState.PENDING:
            return (current.round, current.state_before) == (self.round, self.state)
        return (current.round, current.since, current.state) == (self.round, self.since, self.state)


class _Merge(Struct, frozen=True):
    """What undoing a merge restores, in the order of the changes; stored as JSON with the address change."""

    subscriptions: tuple[_Changed, ...]


def merge_readers(request: ReaderRequest, person: Subscriber, other: Subscriber) -> Mapping[str, Any]:
    """Move what one reader has to another; returns what `split_readers` needs."""
    tx = request.tx
    _introduce(tx, other, person)
    changed: list[_Changed] = []
    leaving = live_subscriptions(tx, person)
    lists.lock_members(tx, [details.list.id for details in leaving])
    for details in leaving:
        if lists.hold_list(tx, details.list.id) is None:
            continue  # it is being removed
        changed += _move(tx, details.subscription, other, request.now)
        request.record("withdrawn", details.list, person)
    return dict(to_builtins(_Merge(subscriptions=tuple(changed))))


def split_readers(tx: Transaction, former: Mapping[str, Any], person: Subscriber, now: int) -> None:
    """Restore what a merge has changed, except subscriptions that their reader has changed since.

    Copies that still wait for the other reader, or where that reader has gone since, come back, too. If both read the
    list, so do those that the merge has cancelled.
    """
    unchanged = [
        (current, changed)
        for changed in convert(former, _Merge).subscriptions
        if (current := subscriptions.find_subscription_by_id(tx, changed.id)) and changed.is_left_in(current)
    ]
    own = {current.list_id: current for current, _ in unchanged if current.subscriber_id == person.id}
    for current, changed in unchanged:
        if current.subscriber_id != person.id:
            _return_copies(tx, current, own.get(current.list_id), person, now)
        if changed.before is None:
            subscriptions.delete_subscription(tx, current)
        else:
            back = _restored(tx, current, changed.before, now)
            subscriptions.record_subscription(tx, current, back, now, how="undone")
            _take_back(tx, back, changed, person, now)


def _introduce(tx: Transaction, other: Subscriber, person: Subscriber) -> None:
    """Give a reader the name and all that belongs to a person, if they are only somebody whom anybody has signed up."""
    if not any(details.subscription.was_proven for details in list_subscriptions(tx, other)):
        known = replace(
            other,
            name=person.name,
            language=person.language,
            attributes=person.attributes,
            text_only=person.text_only,
        )
        subscribers.update_profile(tx, other, known, how=SOURCE)


def _move(tx: Transaction, subscription: Subscription, other: Subscriber, now: int) -> list[_Changed]:
    """Move one subscription with the copies that wait for it; returns what has changed."""
    theirs = subscriptions.find_subscription(tx, list_id=subscription.list_id, subscriber_id=other.id)
    reads_both = theirs is not None and theirs.reads
    taker = theirs if theirs is not None and reads_both else _copy_to(tx, subscription, theirs, other, now)
    handed = _hand_over(tx, subscription, taker, other, now)
    ended = end_subscription(tx, subscription, SOURCE, now)
    language_switch.redirect_links(tx, subscription.id, taker.id)
    gone = replace(_remember(subscription, ended), is_stopped=reads_both, taker=taker.id, handed=tuple(handed))
    return [gone] if reads_both else [_remember(theirs, taker), gone]


def _copy_to(
    tx: Transaction, subscription: Subscription, theirs: Subscription | None, other: Subscriber, now: int
) -> Subscription:
    """Give somebody a subscription of another person, as it was but for bounces, which were the other mailbox's."""
    if theirs is None:
        theirs = subscriptions.insert_subscription(
            tx, list_id=subscription.list_id, subscriber_id=other.id, state=subscription.state, source=SOURCE, now=now
        )
    stays = subscription.is_paused_or_off
    copied = replace(
        theirs,
        state=SubscriptionState.SUSPENDED if stays else SubscriptionState.ACTIVE,
        state_before=None,
        suspended_for=subscription.suspended_for if stays else None,
        paused_until=subscription.paused_until,
        source=SOURCE,
        since=subscription.since if stays else now,  # what the pause has stopped goes along
    )
    subscriptions.record_subscription(tx, theirs, copied, now)
    return copied


def _hand_over(tx: Transaction, giver: Subscription, taker: Subscription, other: Subscriber, now: int) -> list[int]:
    """Hand the copies that wait for a subscription over to that of another person; returns their editions.

    If the taker is paused, they are cancelled until the pause ends. Copies that the giver's pause has cancelled stay
    cancelled if the taker is not paused.
    """
    if giver.is_paused and not taker.is_paused:
        return []
    handed = subscriptions.hand_copies_over(tx, giver, taker, other.domain, now)
    if taker.is_paused:
        deliveries.cancel_copies(tx, [taker.id], now)
    return handed


def _remember(before: Subscription | None, after: Subscription) -> _Changed:
    return _Changed(
        id=after.id,
        before=None if before is None else convert(before, _Standing, from_attributes=True),
        round=after.round,
        since=after.since,
        state=after.state,
    )


def _restored(tx: Transaction, current: Subscription, before: _Standing, now: int) -> Subscription:
    """The former subscription without a suspension that has ended since: the link to undo has reached its reader."""
    back = replace(current, **asdict(before))
    if not back.is_suspended_for_bounces:
        return back
    return still_suspended(tx, replace(back, state=SubscriptionState.ACTIVE, suspended_for=None, since=now), now)


def _return_copies(
    tx: Transaction, taken: Subscription, own: Subscription | None, person: Subscriber, now: int
) -> None:
    """Hand copies of a subscription that ends over to `own`, if there is one, and cancel the rest."""
    if own is not None:
        subscriptions.hand_copies_over(tx, taken, own, person.domain, now)
    deliveries.cancel_copies(tx, [taken.id], now)


def _take_back(tx: Transaction, back: Subscription, changed: _Changed, person: Subscriber, now: int) -> None:
    """Take back the copies that a merge gave to a reader of the same list, and queue those that it cancelled."""
    _take_back_handed(tx, back, changed, person)
    if back.is_paused:
        deliveries.cancel_copies(tx, [back.id], now)
    if changed.is_stopped and back.state is SubscriptionState.ACTIVE:
        unsubscribes.requeue_copies(tx, back.id, since=changed.since, now=now)


def _take_back_handed(tx: Transaction, back: Subscription, changed: _Changed, person: Subscriber) -> None:
    """Take back the handed copies that are unfinished, wherever the taker has gone since: they went along."""
    missing, taker = set(changed.handed), subscriptions.find_subscription_by_id(tx, changed.taker)
    passed = {back.id}
    while missing and taker is not None and taker.id not in passed:
        passed.add(taker.id)
        missing -= subscriptions.hand_copies_back(tx, missing, back.id, taker.id, person.domain)
        following = None if taker.is_live else taker.moved_to
        taker = None if following is None else subscriptions.find_subscription_by_id(tx, following)
