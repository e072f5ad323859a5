"""What follows from many refusals at once is what follows from one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.database import execute_in, select_in, undone
from tests.services.harness import NOW, ServiceHarness, open_services
from tests.settings import change

from pressrun.core.addresses.address import parse_address
from pressrun.core.bounces.classes import BounceClass
from pressrun.core.bounces.scores import COUNTING, count_streak
from pressrun.core.lifecycles.delivery import DeliveryState, FailureKind
from pressrun.core.lifecycles.subscription import SubscriptionEvent, move
from pressrun.core.signing.tokens import digests_of
from pressrun.core.site import Site
from pressrun.services import suppression
from pressrun.services.bounces.bounce_handler import BounceHandler
from pressrun.services.bounces.operator_alerts import alert_of_policy
from pressrun.services.context import ServiceContext
from pressrun.services.mail_results import Consequences
from pressrun.services.readers.subscription_records import list_subscriptions
from pressrun.services.settings import BounceSettings
from pressrun.services.suppression import NewSuppression, SuppressionReason, find_reason, suppress
from pressrun.store.database import Database
from pressrun.store.queue import deliveries
from pressrun.store.queue.deliveries import DeliveryResult
from pressrun.store.readers import bounces, subscribers, subscriptions, suppressions
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.transaction import Transaction

DAY = 86400
SITE = Site(base_url="https://n.example", mail_domain="lists.example", operator="ops@example.test")
# The first three are one mailbox.
ADDRESSES = ["a@x.example", "a+1@x.example", "a+2@x.example", "b@gmail.com", "c@yahoo.com", "d@y.example"]
EDITIONS = 4
LIMITS = BounceSettings(hard_limit=2, soft_limit=3)
TABLES = {
    "subscription": "*",
    "suspension": "*",
    "suppression": "address, reason, since",
    "delivery": "subscription_id, edition_id, domain, state, recorded_at",
    "notice": "kind, list_id, address, language, cast(payload as text)",
    "limit_event": "scope, subject, at",
}


class Copy(NamedTuple):
    """What became of a copy before: its state, the class of its bounce, and how many days ago."""

    state: str
    bounce: str | None
    days: int


class Reader(NamedTuple):
    """A reader of both lists: the states there, the copies of each edition, and a suppression."""

    states: tuple[str, str]
    past: list[Copy]
    suppressed: str | None
    returned_days: int | None


COPIES = st.builds(
    Copy,
    state=st.sampled_from(["delivered", "failed", "failed", "queued", "cancelled"]),
    bounce=st.sampled_from([None, "gone", "gone", "full", "policy"]),
    days=st.integers(0, 9),
)
READERS = st.builds(
    Reader,
    states=st.tuples(*[st.sampled_from(["active", "active", "pending", "suspended", "unsubscribed"])] * 2),
    past=st.lists(COPIES, min_size=EDITIONS - 1, max_size=EDITIONS - 1),
    suppressed=st.sampled_from([None, None, None, "hard-bounce", "complaint", "never-again"]),
    returned_days=st.sampled_from([None, None, 5]),
)
REFUSALS = st.lists(
    st.tuples(st.integers(0, len(ADDRESSES) - 1), st.sampled_from(["gone", "gone", "full", "policy", "block"])),
    unique_by=lambda refusal: refusal[0],
    max_size=len(ADDRESSES),
)


def set_up(tx: Transaction, services: ServiceHarness, readers: Sequence[Reader]) -> None:
    """Two lists, four editions of the first, and a copy of each for everybody, with one id for each pair."""
    execute_in(
        tx,
        "insert into list (id, name, title, from_address, created_at)"
        " values (1, 'news', 'N', 'n@lists.example', 1), (2, 'more', 'M', 'm@lists.example', 1)",
    )
    for edition in range(1, EDITIONS + 1):
        execute_in(
            tx,
            "insert into edition (id, list_id, slug, state, subject, title, language, source_name, source_digest,"
            " message_secret, audience, created_at, started_at) values (?, 1, ?, 'sending', 's', 't', 'en', 'e.md', ?,"
            " ?, 9, 1, 1)",
            edition,
            f"e{edition}",
            bytes([edition]) * 32,
            b"s",
        )
    for number, (typed, reader) in enumerate(zip(ADDRESSES, readers, strict=True), start=1):
        _furnish_reader(tx, services, number, typed, reader)


def _furnish_reader(tx: Transaction, services: ServiceHarness, number: int, typed: str, reader: Reader) -> None:
    address = parse_address(typed)
    digests = digests_of(services.keys, address)
    person = subscribers.insert_subscriber(tx, address, digests=digests, now=1)
    for at, state in enumerate(reader.states, start=1):
        execute_in(
            tx,
            "insert into subscription (id, list_id, subscriber_id, state, suspended_for, source, since)"
            " values (?, ?, ?, ?, ?, 'web', 1)",
            number * 10 + at,
            at,
            person.id,
            state,
            "paused" if state == "suspended" else None,
        )
    for edition, copy in enumerate([*reader.past, Copy("claimed", None, 0)], start=1):
        bounce = copy.bounce if copy.state == "failed" else None
        execute_in(
            tx,
            "insert into delivery (id, edition_id, subscription_id, domain, state, bounce, due_at, recorded_at,"
            " first_attempt_at) values (?, ?, ?, ?, ?, ?, 1, ?, ?)",
            edition * 100 + number,
            edition,
            number * 10 + 1,
            address.domain,
            copy.state,
            bounce,
            NOW - copy.days * DAY,
            NOW - copy.days * DAY,
        )
    if reader.suppressed is not None:
        digest = digests.mailbox if reader.suppressed == "never-again" else digests.own
        execute_in(
            tx,
            "insert into suppression (digest, address, reason, since) values (?, ?, ?, 1) on conflict do nothing",
            digest,
            typed,
            reader.suppressed,
        )
    if reader.returned_days is not None:
        execute_in(
            tx,
            "insert into suspension (subscriber_id, since, first_edition_id, ended_at) values (?, 1, 1, ?)",
            person.id,
            NOW - reader.returned_days * DAY,
        )


def results_of(refusals: Sequence[tuple[int, str]]) -> list[DeliveryResult]:
    return [
        DeliveryResult(
            id=EDITIONS * 100 + number + 1,
            state=DeliveryState.DEFERRED if word == "block" else DeliveryState.FAILED,
            due_at=NOW,
            relay="primary",
            reply=f"{number} not wanted here",
            kind=None if word == "block" else FailureKind.HARD,
            bounce=None if word == "block" else BounceClass(word),
            blocks=word == "block",
            edition_id=EDITIONS,
        )
        for number, word in refusals
    ]


def record_failures(tx: Transaction, results: Sequence[DeliveryResult]) -> None:
    for result in results:
        execute_in(
            tx,
            "update delivery set state = ?, bounce = ?, recorded_at = ? where id = ?",
            result.state.value,
            None if result.bounce is None else result.bounce.value,
            NOW,
            result.id,
        )


def draw_one_by_one(tx: Transaction, results: Sequence[DeliveryResult], context: ServiceContext) -> Consequences:
    """The consequences by the statements for one person and one copy."""
    suspended = [number for result in results if result.bounce in COUNTING for number in _suspend_reader(tx, result.id)]
    policy = [result for result in results if result.blocks or result.bounce is BounceClass.POLICY][:5]
    alerted = []
    for result in policy:
        (copy,) = bounces.find_failed_copies(tx, [result.id])
        alerted += alert_of_policy(tx, [(copy, result.reply or "")], NOW, context)
    return Consequences(tuple(suspended), tuple(alerted))


def _suspend_reader(tx: Transaction, delivery_id: int) -> list[int]:
    copy = bounces.find_copy(tx, delivery_id)
    assert copy is not None
    number = copy.subscriber_id
    assert number is not None
    if bounces.is_suspended(tx, number):
        return []
    past = bounces.histories(tx, [number])[number]
    streak = count_streak(past, settle_after=LIMITS.settle_after_seconds, now=NOW)
    is_hard = streak.hard >= LIMITS.hard_limit
    if not is_hard and streak.bounced < LIMITS.soft_limit:
        return []
    person = subscribers.find_subscriber_by_id(tx, number)
    assert person is not None
    assert streak.first_edition_id is not None
    for details in list_subscriptions(tx, person):
        state = move(details.subscription.state, SubscriptionEvent.SUSPEND)
        if state is not None:
            changed = replace(details.subscription, state=state, suspended_for="bounces", since=NOW)
            subscriptions.record_subscription(tx, details.subscription, changed, NOW)
    deliveries.cancel_copies_of(tx, number, now=NOW)
    tx.run("bounces.suspend", suspensions=f"[[{number}, {streak.first_edition_id}]]", now=NOW)
    if is_hard:
        suppress_for_bounces(tx, person)
    return [number]


def suppress_for_bounces(tx: Transaction, person: Subscriber) -> None:
    """And date it anew where that has been so before."""
    digests, reason = person.digests, SuppressionReason.HARD_BOUNCE
    is_new = suppress(tx, [NewSuppression(digests, reason, person.address, NOW)], NOW) > 0
    if not is_new and find_reason(tx, digests) is reason:
        suppressions.suppress(tx, digests.own, address=person.address, reason=reason, since=NOW)
        suppression._draw_consequences(tx, [digests.mailbox], {}, NOW)


def state_of(tx: Transaction) -> dict[str, list[tuple[Any, ...]]]:
    return {name: sorted(select_in(tx, f"select {columns} from {name}"), key=repr) for name, columns in TABLES.items()}


async def test_a_batch_of_refusals_equals_one_after_the_other(tmp_path: Path) -> None:
    async with open_services(tmp_path, kind=Database) as services:
        context = replace(services.context, site=SITE)
        handler = BounceHandler(context)
        change(services.settings, bounces=LIMITS)

        def compare(tx: Transaction) -> None:
            def outcome_of(
                draw: Callable[[Transaction, Sequence[DeliveryResult]], Consequences],
                readers: Sequence[Reader],
                results: Sequence[DeliveryResult],
            ) -> tuple[Consequences, dict[str, list[tuple[Any, ...]]]]:
                def run(tx: Transaction) -> tuple[Consequences, dict[str, list[tuple[Any, ...]]]]:
                    set_up(tx, services, readers)
                    record_failures(tx, results)
                    return draw(tx, results), state_of(tx)

                return undone(tx, run)

            @settings(max_examples=200)
            @given(readers=st.lists(READERS, min_size=len(ADDRESSES), max_size=len(ADDRESSES)), refusals=REFUSALS)
            def examples(readers: list[Reader], refusals: list[tuple[int, str]]) -> None:
                results = results_of(refusals)
                by_set = outcome_of(lambda tx, some: handler.draw_consequences(tx, some, NOW), readers, results)
                assert outcome_of(partial(draw_one_by_one, context=context), readers, results) == by_set

            examples()

        await services.database.write(compare)
