"""The import of a batch by sets leaves behind what one row after the other does."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.database import select_in, undone
from tests.services.harness import NOW, ServiceHarness, open_services

from pressrun.core.abuse.sign_up import Verdict
from pressrun.core.addresses.address import parse_address
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.core.signing.tokens import digests_of
from pressrun.services.members.import_decision import ImportOptions, RowOutcome, decide_row, state_after
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.members.row_checks import CheckedRow, check_row
from pressrun.services.members.subscriber_import import import_rows, prepare_rows
from pressrun.services.readers.confirmation_requests import request_confirmation
from pressrun.services.readers.requests import Origin, ReaderRequest
from pressrun.services.readers.subscription_records import end_subscription
from pressrun.services.suppression import find_reason
from pressrun.store.database import Database
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.queue import audiences, deliveries
from pressrun.store.readers import subscribers, subscriptions
from pressrun.store.readers.enrolment import PriorState
from pressrun.store.transaction import Transaction

_State = SubscriptionState
ADDRESSES = ["a@x.example", "A@x.example", "b@x.example", "c@y.example", "d@y.example", "e@y.example", "e+2@y.example"]
LATER = NOW + 100
# Everything but octets of chance, and what is made of them. A batch is written in the order of its addresses, so ids
# say nothing: a row is named by whose it is, and by its place among theirs.
_WHOSE = "(select address_key from subscriber where id = {}.subscriber_id)"
_OF = (
    "(select subscription.list_id || ' ' || address_key from subscription join subscriber"
    " on subscriber.id = subscription.subscriber_id where subscription.id = {}.subscription_id)"
)
TABLES = {
    "subscriber": "address_key, address, domain, suppression_digest, mailbox_digest, name, language, attributes, epoch,"
    " created_at, text_only",
    "subscription": f"{_WHOSE.format('subscription')}, list_id, state, state_before, suspended_for, paused_until,"
    " source, since, round, moved_to",
    "confirmation": f"{_OF.format('confirmation')}, round, name, language, created_at, expires_at, leader_id",
    "unsubscribe": f"{_OF.format('unsubscribe')}, former, edition_id, left_at, expires_at, language, notice_queued,"
    " has_given_reason",
    "notice": f"{_WHOSE.format('notice')}, kind, list_id, address, language, payload, created_at",
    "delivery": f"coalesce({_OF.format('delivery')}, (select address from notice where notice.id = notice_id)),"
    " edition_id, domain, state, due_at, recorded_at",
    "consent": f"{_WHOSE.format('consent')}, list_id, event, at, content, ip",
    "suppression": "*",
}

ROWS = st.lists(
    st.builds(
        ImportRow,
        line=st.integers(2, 99),
        email=st.sampled_from(ADDRESSES),
        name=st.sampled_from(["", "", "Ann", "Bob"]),
        language=st.sampled_from(["", "de", "pt-BR"]),
        subscribed_at=st.sampled_from(["", "2020-01-02"]),
        consent_source=st.sampled_from(["", "a fair"]),
        consent_ip=st.sampled_from(["", "192.0.2.7"]),
        state=st.sampled_from(["", "active", "pending", "suspended", "unsubscribed"]),
        attributes=st.sampled_from([{}, {"city": "Rome"}, {"city": "Oslo", "size": "9"}]),
    ),
    max_size=9,
)


def import_one(tx: Transaction, options: ImportOptions, row: CheckedRow) -> None:
    """One row by the statements for one person, as `subscriber add` and the pages of readers use them."""
    assert options.entropy is not None
    target = lists.get_open_list(tx, options.list_name)
    digests = digests_of(options.keys, row.address)
    prior = _prior(tx, target, row)
    prior = PriorState(is_suppressed=True) if find_reason(tx, digests) is not None else prior
    decision = decide_row(prior, row, asks=options.asks)
    if not decision.changes_anything:
        return
    after = state_after(prior, row, decision)
    person = subscribers.find_subscriber(tx, row.address)
    person = person or subscribers.insert_subscriber(tx, row.address, digests=digests, now=options.now)
    changed = replace(person, name=after.name, language=after.language, attributes=after.attributes)
    subscribers.update_profile(tx, person, changed)
    person = changed
    if after.state is prior.state:
        return
    since = row.since or options.now
    if prior.state is not None:
        _move(tx, prior.subscription_id, after.state, options.now if after.state is _State.UNSUBSCRIBED else since)
    elif after.state is _State.PENDING:
        request = _request(tx, Origin(source="import", language=row.language), options)
        verdict = Verdict.ACCEPTED if options.asks else Verdict.LIMITED
        request_confirmation(request, [(target, None)], person, verdict, name=row.name)
        if not options.asks:
            asked = subscriptions.find_subscription(tx, list_id=target.id, subscriber_id=person.id)
            assert asked is not None
            subscriptions.record_subscription(tx, asked, replace(asked, since=since), options.now)
    else:
        assert after.state is not None
        subscription = subscriptions.insert_subscription(
            tx, list_id=target.id, subscriber_id=person.id, state=after.state, source="import", now=since
        )
        if after.state is _State.SUSPENDED:
            _move(tx, subscription.id, after.state, since)
    evidence = Origin(source=row.consent_source or "import", ip=row.consent_ip, language=row.language)
    event = "withdrawn" if after.state is _State.UNSUBSCRIBED and prior.state is not None else "imported"
    _request(tx, evidence, options).record(event, target, person)


def _request(tx: Transaction, origin: Origin, options: ImportOptions) -> ReaderRequest:
    """A request with the surroundings that an import has."""
    tokens = SimpleNamespace(confirm_lifetime_seconds=options.confirm_seconds)
    return ReaderRequest(
        tx, origin, cast(Any, SimpleNamespace(now=options.now, entropy=options.entropy, tokens=tokens))
    )


def _prior(tx: Transaction, target: MailingList, row: CheckedRow) -> PriorState:
    person = subscribers.find_subscriber(tx, row.address)
    if person is None:
        return PriorState()
    known = PriorState(
        subscriber_id=person.id,
        address=person.address,
        name=person.name,
        language=person.language,
        attributes=person.attributes,
    )
    subscription = subscriptions.find_subscription(tx, list_id=target.id, subscriber_id=person.id)
    if subscription is None:
        return known
    return PriorState(
        **{name: getattr(known, name) for name in ("subscriber_id", "address", "name", "language", "attributes")},
        subscription_id=subscription.id,
        state=subscription.state,
        has_left=_State.UNSUBSCRIBED in (subscription.state, subscription.state_before),
    )


def _move(tx: Transaction, number: int, state: SubscriptionState | None, since: int) -> None:
    subscription = subscriptions.find_subscription_by_id(tx, number)
    assert subscription is not None
    if state is _State.UNSUBSCRIBED:
        end_subscription(tx, subscription, "import", since)
        return
    moved = replace(subscription, source="import", since=since)
    if state is _State.SUSPENDED:
        suspended = replace(moved, state=_State.SUSPENDED)
        subscriptions.record_subscription(tx, subscription, suspended, since)
        deliveries.cancel_copies(tx, [number], LATER)
    else:
        active = replace(moved, state=_State.ACTIVE, state_before=None)
        subscriptions.record_subscription(tx, subscription, active, since)


async def set_up(services: ServiceHarness) -> None:
    """Two lists, an edition that is about to be sent to the first, and two addresses that get no mail."""
    await services.make_list()
    await services.make_list("other")
    await services.subscribers.add("other", parse_address("D@y.example"), name="Dee")
    await services.make_edition()
    await services.suppressions.add(parse_address("c@y.example"), "complaint")
    await services.suppressions.add(parse_address("e+1@y.example"), "never-again")


def state_of(tx: Transaction) -> dict[str, dict[Any, list[tuple[Any, ...]]]]:
    """The rows of each table, those of one person in the order in which they were written."""
    requests = dict(select_in(tx, f"select id, {_OF.format('confirmation')} from confirmation"))
    state: dict[str, dict[Any, list[tuple[Any, ...]]]] = {}
    for name, columns in TABLES.items():
        order = {"consent": "number", "suppression": "digest"}.get(name, "id")
        rows = state[name] = dict[Any, list[tuple[Any, ...]]]()
        for whose, *rest in select_in(tx, f"select {columns} from {name} order by {order}"):
            rows.setdefault(whose, []).append(tuple(_plain(value, requests) for value in rest))
    return state


def _plain(value: Any, requests: Mapping[int, str]) -> Any:
    """JSON may be written with blanks and without them, and the request that a mail asks about has another id."""
    if not isinstance(value, str) or not value.startswith("{"):
        return value
    content = json.loads(value)
    return {**content, "confirmation": requests[content["confirmation"]]} if "confirmation" in content else content


async def test_a_batch_equals_its_rows_one_by_one(tmp_path: Path) -> None:
    """Evidence, copies and mails included."""
    async with open_services(tmp_path, kind=Database) as services:
        await set_up(services)

        def compare(tx: Transaction) -> None:
            def state_after_import(
                work: Callable[[Transaction, ImportOptions, list[ImportRow]], object],
                before: list[ImportRow],
                rows: list[ImportRow],
                options: ImportOptions,
            ) -> dict[str, dict[Any, list[tuple[Any, ...]]]]:
                def run(tx: Transaction) -> dict[str, dict[Any, list[tuple[Any, ...]]]]:
                    by_set(tx, replace(options, now=NOW, asks=False), before)
                    audiences.queue_audience(tx, edition_id=1, list_id=1, members=(0, 1 << 40), started_at=NOW, now=NOW)
                    work(tx, options, rows)
                    tx.run_deferred()
                    return state_of(tx)

                return undone(tx, run)

            @settings(max_examples=150)
            @given(before=ROWS, rows=ROWS, asks=st.booleans())
            def examples(before: list[ImportRow], rows: list[ImportRow], asks: bool) -> None:
                options = ImportOptions(
                    list_name="news", keys=services.keys, now=LATER, asks=asks, confirm_seconds=60.0, entropy=os.urandom
                )
                together = state_after_import(by_set, before, rows, options)
                assert state_after_import(one_by_one, before, rows, options) == together

            examples()

        await services.database.write(compare)


def by_set(tx: Transaction, options: ImportOptions, rows: list[ImportRow]) -> None:
    import_rows(tx, options, prepare_rows(options, rows))


def one_by_one(tx: Transaction, options: ImportOptions, rows: list[ImportRow]) -> None:
    for row in rows:
        import_one(tx, options, check_row(row, options.now))


def row_of_ann(state: SubscriptionState) -> CheckedRow:
    ann = parse_address("ann@x.example")
    return CheckedRow(line=1, address=ann, key=ann.key, state=state)


@pytest.mark.parametrize("state", [_State.UNSUBSCRIBED, _State.SUSPENDED])
def test_nobody_is_asked_to_confirm_whom_the_file_does_not_make_a_member(state: SubscriptionState) -> None:
    assert state is decide_row(PriorState(), row_of_ann(state), asks=True).state


def test_who_leaves_by_one_row_is_not_brought_back_by_the_next() -> None:
    prior = PriorState(subscriber_id=1, subscription_id=1, state=_State.ACTIVE, source="web")
    leaving = row_of_ann(_State.UNSUBSCRIBED)
    after = state_after(prior, leaving, decide_row(prior, leaving, asks=False))
    assert RowOutcome.SKIPPED_UNSUBSCRIBED is decide_row(after, row_of_ann(_State.ACTIVE), asks=False).outcome
