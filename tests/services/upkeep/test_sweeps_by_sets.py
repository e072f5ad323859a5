"""Pauses that end and requests that expire, by sets, leave behind what one after the other does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.database import execute_in, select_in, undone
from tests.services.harness import NOW, open_services

from pressrun.core.addresses.address import parse_address
from pressrun.core.lifecycles.subscription import SubscriptionEvent, SubscriptionState, move
from pressrun.core.signing.tokens import digests_of
from pressrun.services.upkeep.housekeeping import forget_unconfirmed
from pressrun.store.database import Database
from pressrun.store.readers import bounces, subscribers, subscriptions
from pressrun.store.transaction import Transaction

TABLES = {
    "subscriber": "id, address",
    "subscription": "*",
    "confirmation": "*",
    "suspension": "*",
}


class Member(NamedTuple):
    """A subscription with its requests, each of which expires so many seconds from now."""

    state: str
    suspended_for: str | None
    state_before: str | None
    paused_seconds: int | None
    requests: list[int]


class Person(NamedTuple):
    """Somebody on up to two lists, and whether they are suspended for bounces."""

    members: list[Member]
    is_suspended: bool


SECONDS = st.integers(-2, 2)
MEMBERS = st.builds(
    Member,
    state=st.sampled_from(["pending", "pending", "active", "suspended", "unsubscribed"]),
    suspended_for=st.sampled_from([None, "paused", "bounces"]),
    state_before=st.sampled_from([None, "unsubscribed"]),
    paused_seconds=st.none() | SECONDS,
    requests=st.lists(SECONDS, max_size=2),
)
PEOPLE = st.lists(st.builds(Person, st.lists(MEMBERS, max_size=2), st.booleans()), max_size=5)


def set_up(tx: Transaction, people: Sequence[Person], keys: Any) -> None:
    execute_in(
        tx,
        "insert into list (id, name, title, from_address, created_at)"
        " values (1, 'news', 'N', 'n@lists.example', 1), (2, 'more', 'M', 'm@lists.example', 1)",
    )
    for number, person in enumerate(people, start=1):
        address = parse_address(f"r{number}@x.example")
        stored = subscribers.insert_subscriber(tx, address, digests=digests_of(keys, address), now=1)
        if person.is_suspended:
            execute_in(
                tx,
                "insert into suspension (subscriber_id, since, first_edition_id) values (?, 1, 1)",
                stored.id,
            )
        for list_id, member in enumerate(person.members, start=1):
            _furnish_member(tx, number * 10 + list_id, list_id, stored.id, member)


def _furnish_member(tx: Transaction, number: int, list_id: int, subscriber_id: int, member: Member) -> None:
    execute_in(
        tx,
        "insert into subscription (id, list_id, subscriber_id, state, state_before, suspended_for, paused_until,"
        " source, since) values (?, ?, ?, ?, ?, ?, ?, 'web', 1)",
        number,
        list_id,
        subscriber_id,
        member.state,
        member.state_before,
        member.suspended_for,
        None if member.paused_seconds is None else NOW + member.paused_seconds,
    )
    for place, seconds in enumerate(member.requests):
        execute_in(
            tx,
            "insert into confirmation (id, subscription_id, round, created_at, expires_at) values (?, ?, 0, 1, ?)",
            number * 10 + place,
            number,
            NOW + seconds,
        )


def state_of(tx: Transaction) -> dict[str, Any]:
    return {name: select_in(tx, f"select {columns} from {name} order by 1") for name, columns in TABLES.items()}


def end_pauses_one_by_one(tx: Transaction) -> int:
    over = select_in(tx, "select id from subscription where paused_until <= ?", NOW)
    for (number,) in over:
        subscription = subscriptions.find_subscription_by_id(tx, number)
        assert subscription is not None
        state = move(subscription.state, SubscriptionEvent.RESUME)
        changed = replace(subscription, paused_until=None)
        if bounces.is_suspended(tx, subscription.subscriber_id):
            changed = replace(changed, suspended_for="bounces", since=NOW)
        elif state is not None:
            changed = replace(changed, state=state, suspended_for=None, since=NOW)
        subscriptions.record_subscription(tx, subscription, changed, NOW)
    return len(over)


def forget_one_by_one(tx: Transaction) -> int:
    expired = select_in(tx, "select id, subscription_id from confirmation where expires_at <= ?", NOW)
    for number, subscription_id in expired:
        execute_in(tx, "delete from confirmation where id = ?", number)
        subscription = subscriptions.find_subscription_by_id(tx, subscription_id)
        if subscription is None or subscription.state is not SubscriptionState.PENDING:
            continue
        if select_in(tx, "select 1 from confirmation where subscription_id = ?", subscription_id):
            continue
        if subscription.state_before is not None:
            ended = replace(subscription, state=subscription.state_before, state_before=None, since=NOW)
            subscriptions.record_subscription(tx, subscription, ended, NOW)
            continue
        subscriptions.delete_subscription(tx, subscription)
        if not select_in(tx, "select 1 from subscription where subscriber_id = ?", subscription.subscriber_id):
            subscribers.delete_subscriber(tx, subscription.subscriber_id)
    return len(expired)


SWEEPS: list[tuple[Callable[[Transaction], int], Callable[[Transaction], int]]] = [
    (lambda tx: subscriptions.end_pauses(tx, NOW), end_pauses_one_by_one),
    (lambda tx: forget_unconfirmed(tx, bytes, NOW), forget_one_by_one),
]


async def test_a_sweep_equals_its_rows_one_by_one(tmp_path: Path) -> None:
    async with open_services(tmp_path, kind=Database) as services:

        def compare(tx: Transaction) -> None:
            def outcome_of(sweep: Callable[[Transaction], int], people: Sequence[Person]) -> tuple[int, dict[str, Any]]:
                def run(tx: Transaction) -> tuple[int, dict[str, Any]]:
                    set_up(tx, people, services.keys)
                    number = sweep(tx)
                    return number, {
                        name: select_in(tx, f"select {columns} from {name} order by 1")
                        for name, columns in TABLES.items()
                    }

                return undone(tx, run)

            @settings(max_examples=150)
            @given(PEOPLE)
            def examples(people: list[Person]) -> None:
                for by_set, one_by_one in SWEEPS:
                    assert outcome_of(one_by_one, people) == outcome_of(by_set, people)

            examples()

        await services.database.write(compare)
