"""Subscriptions of people to lists, and requests that wait for a confirmation."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import asdict

from pressrun.core.lifecycles.events import EventType, Standing
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.store.lists.lists import MailingList
from pressrun.store.programs import events
from pressrun.store.queue import audiences, deliveries
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.transaction import Conflict, Row, Transaction, in_json, parse_join

LIVE = frozenset({SubscriptionState.ACTIVE, SubscriptionState.SUSPENDED})
PAUSED, FOR_BOUNCES = "paused", "bounces"  # why a subscription is suspended


class Subscription(Struct, frozen=True, kw_only=True):
    """One subscription as stored."""

    id: int
    list_id: int
    subscriber_id: int
    state: SubscriptionState
    state_before: SubscriptionState | None
    suspended_for: str | None
    paused_until: int | None
    source: str
    since: int
    round: int
    moved_to: int | None = None

    @property
    def is_live(self) -> bool:
        """Whether it is active or suspended: more than a request that nobody has confirmed, and not ended."""
        return self.state in LIVE

    @property
    def is_paused(self) -> bool:
        """Whether its reader paused it, rather than bounces."""
        return self.suspended_for == PAUSED

    @property
    def is_suspended_for_bounces(self) -> bool:
        """Whether nothing goes out because mail came back, until the reader proves that it arrives."""
        return self.state is SubscriptionState.SUSPENDED and self.suspended_for == FOR_BOUNCES

    @property
    def is_off(self) -> bool:
        """Whether a file that was imported said that nothing goes out: the reader may not want it."""
        return self.state is SubscriptionState.SUSPENDED and self.suspended_for is None

    @property
    def is_paused_or_off(self) -> bool:
        """Whether nothing goes out, and no proof that mail arrives changes that."""
        return self.is_paused or self.is_off

    @property
    def reads(self) -> bool:
        """Whether its reader gets the list, or would again after a pause."""
        return self.is_live and not self.is_suspended_for_bounces and not self.is_off

    @property
    def was_proven(self) -> bool:
        """Whether its reader has proved to own the address; a later request, which anybody can send, takes nothing."""
        return self.state is not SubscriptionState.PENDING or self.state_before is not None


class NamedSubscription(Subscription, frozen=True, kw_only=True):
    """One subscription with the name of its list."""

    list_name: str


class SubscriptionDetails(Struct, frozen=True, kw_only=True):
    """A subscription with its list and person. `also` are further lists that the same link confirms."""

    list: MailingList
    person: Subscriber
    subscription: Subscription
    also: tuple[MailingList, ...] = ()

    @property
    def titles(self) -> Sequence[str]:
        """The titles of all these lists."""
        return [self.list.title, *(target.title for target in self.also)]


class PendingConfirmation(Struct, frozen=True, kw_only=True):
    """A request to subscribe; valid while its round is that of the subscription."""

    id: int
    subscription_id: int
    round: int
    name: str
    language: str
    created_at: int
    expires_at: int
    attributes: Mapping[str, str] = field(default_factory=dict)


_OF_DETAILS = (Subscription, Subscriber, MailingList)
_AFTER_PAUSE = {
    SubscriptionState.ACTIVE: (EventType.SUBSCRIPTION_RESUMED, "pause-over"),
    SubscriptionState.SUSPENDED: (EventType.SUBSCRIPTION_SUSPENDED, "bounces"),
}
EXPIRED = "expired"  # how a request ends that nobody has confirmed
_GUARDED = ("state", "since", "round", "suspended_for", "paused_until")  # what every change of state starts from


def insert_subscription(
    tx: Transaction, *, list_id: int, subscriber_id: int, state: SubscriptionState, source: str, now: int
) -> Subscription:
    """Store a new subscription; the person must have none to this list."""
    values = {"list_id": list_id, "subscriber_id": subscriber_id, "state": state, "source": source, "now": now}
    stored = tx.parsed(Subscription, "subscriptions.insert", **values)
    assert stored is not None
    _note(tx, None, stored, source)
    return stored


def _note(tx: Transaction, before: Subscription | None, after: Subscription, how: str) -> None:
    events.record_move(
        tx,
        after.id,
        list_id=after.list_id,
        subscriber_id=after.subscriber_id,
        before=None if before is None else _standing(before),
        after=_standing(after),
        how=how,
    )


def _standing(subscription: Subscription) -> Standing:
    return subscription.state, subscription.suspended_for


def find_subscription(tx: Transaction, *, list_id: int, subscriber_id: int) -> Subscription | None:
    """The subscription of a person to a list."""
    return tx.parsed(Subscription, "subscriptions.find", list_id=list_id, subscriber_id=subscriber_id)


def find_subscriptions(tx: Transaction, *, list_id: int, people: Sequence[int]) -> dict[int, Subscription]:
    """The subscriptions of people to a list, by the ids of the people."""
    if not people:
        return {}
    known = tx.parsed_rows(Subscription, "subscriptions.find_all", list_id=list_id, people=in_json(people))
    return {subscription.subscriber_id: subscription for subscription in known}


def find_subscription_by_id(tx: Transaction, subscription_id: int) -> Subscription | None:
    return tx.parsed(Subscription, "subscriptions.get", id=subscription_id)


def find_subscription_details(tx: Transaction, subscription_id: int) -> SubscriptionDetails | None:
    """The subscription with this id, its person and its list."""
    row = tx.row("subscriptions.with_details", id=subscription_id)
    return None if row is None else _details(*parse_join(row, *_OF_DETAILS))


def find_requests_of_link(
    tx: Transaction, confirmation_id: int
) -> list[tuple[PendingConfirmation, SubscriptionDetails]]:
    """The requests that a link confirms, as far as they still exist, each with its subscription."""
    rows = tx.rows("subscriptions.of_link", id=confirmation_id)
    parsed = [parse_join(row, PendingConfirmation, *_OF_DETAILS) for row in rows]
    return [(request, _details(*details)) for request, *details in parsed]


def _details(subscription: Subscription, person: Subscriber, target: MailingList) -> SubscriptionDetails:
    return SubscriptionDetails(subscription=subscription, person=person, list=target)


def highest_id(tx: Transaction) -> int:
    """The highest id of a subscription; later ones have higher ones."""
    return int(tx.value("subscriptions.highest_id") or 0)


def find_slice(tx: Transaction, list_id: int, *, after: int, last: int, limit: int) -> tuple[int, int]:
    """The next active members of a list by id, at most `limit`: how many, and the id of the last one."""
    row = tx.row("subscriptions.find_slice", list_id=list_id, after=after, last=last, limit=limit)
    assert row is not None  # an aggregate always has a row
    return row["number"], row["through"] or after


def record_subscription(
    tx: Transaction, before: Subscription, changed: Subscription, now: int, *, how: str = ""
) -> None:
    """Write the new state of a subscription that was read as `before`, without `moved_to` (see
    store.readers.language_switch).

    `how` it came to that, if it is not by its source. Raises Conflict where it has changed since.
    """
    if before.state is SubscriptionState.ACTIVE and changed.state is not SubscriptionState.ACTIVE:
        audiences.queue_early(tx, [before.id], now)
    was = {f"was_{name}": getattr(before, name) for name in _GUARDED}
    tx.update("subscriptions.move", **asdict(changed), **was)
    _note(tx, before, changed, how or changed.source)


def delete_subscription(tx: Transaction, subscription: Subscription) -> None:
    """Delete a subscription as if it had never existed; raises Conflict where its state has changed since."""
    tx.update("subscriptions.delete", id=subscription.id, state=subscription.state)
    events.record_move(
        tx,
        subscription.id,
        list_id=subscription.list_id,
        subscriber_id=subscription.subscriber_id,
        before=_standing(subscription),
        after=None,
        how="undone",
    )


def subscriptions_of(tx: Transaction, subscriber_id: int) -> list[NamedSubscription]:
    """The subscriptions of a person, by the name of the list."""
    return tx.parsed_rows(NamedSubscription, "subscriptions.of_subscriber", subscriber_id=subscriber_id)


def page_of_subscribers(tx: Transaction, *, list_id: int, state: str, after: int, limit: int) -> list[Row]:
    """Subscriptions in one state with their people, ordered by id: `limit` of them after the id `after`."""
    return tx.rows("subscriptions.page", list_id=list_id, state=state, after=after, limit=limit)


def page_of_prefix(tx: Transaction, *, list_id: int, low: str, high: str, limit: int) -> list[Row]:
    """People whose address key is in a range, `high` excluded, in that order, with their subscription to a list.

    Those who have none are among them, and their state is None.
    """
    return tx.rows("subscriptions.page_of_prefix", list_id=list_id, low=low, high=high, limit=limit)


def page_of_domain(tx: Transaction, *, list_id: int, domain: str, after: int, limit: int) -> list[Row]:
    """The same for people at a domain, ordered by the id of the person, after the id `after`."""
    return tx.rows("subscriptions.page_of_domain", list_id=list_id, domain=domain, after=after, limit=limit)


def is_anything_over(tx: Transaction, now: int) -> bool:
    """Whether a pause or a request has expired."""
    return bool(tx.value("subscriptions.is_anything_over", now=now))


def end_pauses(tx: Transaction, now: int) -> int:
    """Make a batch of readers active again whose pause is over; returns how many.

    Those to whom mail has bounced during the pause are suspended for that instead.
    """
    over = tx.rows("subscriptions.end_pauses", now=now)
    for state, (type_, how) in _AFTER_PAUSE.items():
        readers = [(row["list_id"], row["subscriber_id"]) for row in over if row["state"] == state]
        events.record_for_readers(tx, type_, readers, how)
    return len(over)


def insert_confirmation(
    tx: Transaction,
    subscription: Subscription,
    *,
    name: str,
    language: str,
    now: int,
    expires_at: int,
    leader_id: int | None = None,
    attributes: Mapping[str, str] | None = None,
) -> int:
    """Store a request that waits for its confirmation, which the link of the request `leader_id` gives too."""
    return tx.insert(
        "subscriptions.insert_confirmation",
        subscription_id=subscription.id,
        round=subscription.round,
        name=name,
        language=language,
        now=now,
        expires_at=expires_at,
        leader_id=leader_id,
        attributes=json.dumps(dict(attributes or {}), ensure_ascii=False),
    )


def forget_expired(tx: Transaction, now: int) -> tuple[int, set[int]]:
    """Delete a batch of requests whose link has expired; returns how many, and whose subscriptions went with them.

    Former members who have not confirmed any request become unsubscribed again. Of others the subscription is deleted.
    """
    expired = tx.rows("subscriptions.expired_confirmations", now=now)
    if not expired:
        return 0, set()
    ids = in_json(sorted({row["subscription_id"] for row in expired}))
    tx.run("subscriptions.delete_expired", ids=in_json([row["id"] for row in expired]), now=now)
    events.record_ended(tx, tx.rows("subscriptions.restore_unconfirmed", ids=ids, now=now), EXPIRED)
    deleted = tx.rows("subscriptions.delete_unconfirmed", ids=ids)
    events.record_ended(tx, deleted, EXPIRED)
    return len(expired), {row["subscriber_id"] for row in deleted}


def hand_copies_over(tx: Transaction, giver: Subscription, taker: Subscription, domain: str, now: int) -> list[int]:
    """Hand the unfinished copies of one subscription over to another one, at `domain`; returns their editions.

    Copies that a pause has cancelled go along, because its end queues them again. Copies that either of them is due but
    that are not queued yet are queued first.
    """
    audiences.queue_early(tx, [giver.id, taker.id], now)
    values = {"giver_id": giver.id, "taker_id": taker.id, "stopped_since": stopped_since(giver)}
    audiences.give_way(tx, **values, own_since=stopped_since(taker))
    return [row["edition_id"] for row in tx.rows("subscriptions.hand_copies_over", **values, domain=domain)]


def hand_copies_back(
    tx: Transaction, edition_ids: Collection[int], giver_id: int, taker_id: int, domain: str
) -> set[int]:
    """Hand the unfinished copies of these editions back to the subscription that they came from, at `domain`.

    Returns the editions of which the taker had a copy, finished or not.
    """
    editions = in_json(sorted(edition_ids))
    held = tx.rows("subscriptions.held_copies", edition_ids=editions, taker_id=taker_id)
    audiences.make_way(tx, sorted(edition_ids), coming_from=taker_id, subscription_id=giver_id)
    values = {"giver_id": giver_id, "taker_id": taker_id, "domain": domain}
    tx.run("subscriptions.hand_copies_back", edition_ids=editions, **values)
    return {row["edition_id"] for row in held}


def stopped_since(subscription: Subscription) -> int:
    """Since when a pause has stopped copies of a subscription; a time that never comes for one that is not paused."""
    return subscription.since if subscription.is_paused else deliveries.FOR_EVER


def end_subscriptions(
    tx: Transaction,
    ids: Sequence[int],
    source: str,
    now: int,
    *,
    how: str = "",
    editions: Mapping[int, int] = events.NO_EDITIONS,
) -> None:
    """End these subscriptions, whichever state they are in; raises Conflict where one has ended already.

    `how` they ended, if it is not by their source; `editions` are those that count it, by the subscription. This voids
    earlier requests that wait for a confirmation, and links that would undo an earlier unsubscribe.
    """
    audiences.queue_early(tx, ids, now)
    state = SubscriptionState.UNSUBSCRIBED
    ended = tx.rows("subscriptions.finish", ids=in_json(ids), state=state, source=source, now=now)
    if len(ended) < len(ids):
        raise Conflict("a subscription has ended already")
    events.record_ended(tx, ended, how or source, editions)
    tx.run("unsubscribes.forget_earlier", ids=in_json(ids))
