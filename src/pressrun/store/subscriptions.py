"""Subscriptions: what a person is to a list, and the requests that wait for their proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from pressrun.core.subscription import SubscriptionState
from pressrun.store import lists, subscribers
from pressrun.store.transaction import Row, Transaction, in_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingConfirmation:
    """A request to subscribe; valid while its round is that of the subscription."""

    id: int
    subscription_id: int
    round: int
    name: str
    language: str
    created_at: int
    expires_at: int
    leader_id: int | None = None


_COLUMNS = tuple(field.name for field in fields(Subscription))


def _from_row(row: Row) -> Subscription:
    return _from_values([row[name] for name in _COLUMNS])


def _from_values(found: Sequence[Any]) -> Subscription:
    values = dict(zip(_COLUMNS, found, strict=True))
    values["state"] = SubscriptionState(values["state"])
    if values["state_before"] is not None:
        values["state_before"] = SubscriptionState(values["state_before"])
    return Subscription(**values)


def insert_subscription(
    tx: Transaction, *, list_id: int, subscriber_id: int, state: SubscriptionState, source: str, now: int
) -> int:
    """Store a new subscription; there must be none of this person to this list."""
    return tx.insert(
        "subscriptions.insert", list_id=list_id, subscriber_id=subscriber_id, state=state, source=source, now=now
    )


def find_subscription(tx: Transaction, *, list_id: int, subscriber_id: int) -> Subscription | None:
    """What a person is to a list."""
    row = tx.row("subscriptions.find", list_id=list_id, subscriber_id=subscriber_id)
    return None if row is None else _from_row(row)


def get_subscription(tx: Transaction, subscription_id: int) -> Subscription | None:
    """The subscription of that id."""
    row = tx.row("subscriptions.get", id=subscription_id)
    return None if row is None else _from_row(row)


def get_standing(
    tx: Transaction, subscription_id: int
) -> tuple[Subscription, subscribers.Subscriber, lists.MailingList] | None:
    """The subscription of that id, whose it is, and to which list."""
    row = tx.row("subscriptions.standing", id=subscription_id)
    if row is None:
        return None
    values = tuple(row)
    of_person, of_list = len(_COLUMNS), len(_COLUMNS) + len(subscribers.COLUMNS)
    return (
        _from_values(values[:of_person]),
        subscribers.subscriber_from_values(values[of_person:of_list]),
        lists.list_from_values(values[of_list:]),
    )


def record_subscription(tx: Transaction, changed: Subscription) -> None:
    """Write a subscription's new state back; where its links lead once it is over is `switching.lead_on`."""
    tx.run(
        "subscriptions.move",
        id=changed.id,
        state=changed.state,
        state_before=changed.state_before,
        suspended_for=changed.suspended_for,
        paused_until=changed.paused_until,
        source=changed.source,
        since=changed.since,
        round=changed.round,
    )


def delete_subscription(tx: Transaction, subscription_id: int) -> None:
    """Forget a subscription as if it had never been."""
    tx.run("subscriptions.delete", id=subscription_id)


def subscriptions_of(tx: Transaction, subscriber_id: int) -> list[Row]:
    """What a person is to every list: the subscription's columns, list_name, list_title, closed_at."""
    return tx.rows("subscriptions.of_subscriber", subscriber_id=subscriber_id)


def page_of_subscribers(tx: Transaction, *, list_id: int, state: str, after: int, limit: int) -> list[Row]:
    """Subscriptions of one state with their people, by id, `limit` of them after the id `after`."""
    return tx.rows("subscriptions.page", list_id=list_id, state=state, after=after, limit=limit)


def is_anything_over(tx: Transaction, now: int) -> bool:
    """Whether a pause or a request has come to its end."""
    return bool(tx.value("subscriptions.is_anything_over", now=now))


def ended_pauses(tx: Transaction, now: int) -> list[int]:
    """Ids of subscriptions whose pause is over, some at a time."""
    return [row["id"] for row in tx.rows("subscriptions.ended_pauses", now=now)]


def insert_confirmation(
    tx: Transaction,
    subscription: Subscription,
    *,
    name: str,
    language: str,
    now: int,
    expires_at: int,
    leader_id: int | None = None,
) -> int:
    """Store a request that waits for its proof, which the link of the request `leader_id` gives too."""
    return tx.insert(
        "subscriptions.insert_confirmation",
        subscription_id=subscription.id,
        round=subscription.round,
        name=name,
        language=language,
        now=now,
        expires_at=expires_at,
        leader_id=leader_id,
    )


def get_confirmation(tx: Transaction, confirmation_id: int) -> PendingConfirmation | None:
    """The request of that id."""
    row = tx.row("subscriptions.get_confirmation", id=confirmation_id)
    return None if row is None else PendingConfirmation(**dict(row))


def led_confirmations(tx: Transaction, leader_id: int) -> list[PendingConfirmation]:
    """The requests that the link of that one confirms too."""
    return [PendingConfirmation(**dict(row)) for row in tx.rows("subscriptions.led_confirmations", leader_id=leader_id)]


def expired_confirmations(tx: Transaction, now: int) -> list[tuple[int, int]]:
    """(confirmation, subscription) of requests whose token ended, some at a time."""
    return [(row["id"], row["subscription_id"]) for row in tx.rows("subscriptions.expired_confirmations", now=now)]


def delete_confirmation(tx: Transaction, confirmation_id: int) -> None:
    """Forget a request."""
    tx.run("subscriptions.delete_confirmation", id=confirmation_id)


def count_confirmations(tx: Transaction, subscription_id: int) -> int:
    """How many requests of a subscription are kept."""
    found: int = tx.value("subscriptions.open_confirmations", subscription_id=subscription_id)
    return found


def hand_copies_over(tx: Transaction, giver_id: int, taker_id: int, domain: str) -> int:
    """Let the copies that wait for one subscription go out to another, which is at `domain`; returns how many."""
    return tx.run("subscriptions.hand_copies_over", giver_id=giver_id, taker_id=taker_id, domain=domain)


def end_subscriptions(tx: Transaction, ids: Sequence[int], source: str, now: int) -> None:
    """End these subscriptions, whatever they were.

    Requests of before that wait for their proof are void, and so is each link that undoes an earlier leaving.
    """
    state = SubscriptionState.UNSUBSCRIBED
    tx.run("unsubscribes.forget_earlier", ids=in_json(ids))
    tx.run("subscriptions.finish", ids=in_json(ids), state=state, source=source, now=now)


def cancel_copies(tx: Transaction, ids: Sequence[int], now: int) -> int:
    """Cancel the copies of these subscriptions that are not claimed; returns how many."""
    return tx.run("subscriptions.cancel_copies", ids=in_json(ids), now=now)
