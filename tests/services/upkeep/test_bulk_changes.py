"""Whatever changes very many rows does so a slice at a time: no statement touches more, and nothing is left out.

What is left stands in the database: whoever asked goes on with it, and so does housekeeping after a kill.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from tests.database import execute, execute_in, select
from tests.services.harness import ServiceHarness

from pressrun.core.errors import Refused
from pressrun.services.editions import lifecycle
from pressrun.services.lists.list_end import begin_closing
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.readers.confirmations import Confirmed
from pressrun.services.upkeep.housekeeping import Housekeeping
from pressrun.store.bulk_changes import ROWS_AT_ONCE
from pressrun.store.lists import lists
from pressrun.store.queue import destinations, retries
from pressrun.store.queue.retries import FailedPlace
from pressrun.store.transaction import Transaction

READERS = 2 * ROWS_AT_ONCE + 500
DOMAIN = "reader.example"
ROWS = [ImportRow(line=number, email=f"r{number}@{DOMAIN}") for number in range(READERS)]
COPIES = "select state, destination, count(*) from delivery group by state, destination"
LIST_IDS = {"news": 1, "one": 2, "two": 3, "last": 4}
WAYS = (
    "select way, list_id, count(*) from (select 'goes on' as way, moved_to from subscription"
    " union all select 'is removed', moved_to from removed_subscription) as redirect"
    " join subscription on subscription.id = redirect.moved_to group by way, list_id order by way"
)
REQUESTS = "select state, count(*) from subscription group by state order by state"

Step = Callable[[ServiceHarness], Awaitable[None]]


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    """The most rows that each statement changed or returned at a time."""
    most: dict[str, int] = {}
    run, rows = Transaction.run, Transaction.rows

    def count_changes(tx: Transaction, name: str, /, **parameters: Any) -> int:
        number = run(tx, name, **parameters)
        most[name] = max(number, most.get(name, 0))
        return number

    def count_rows(tx: Transaction, name: str, /, **parameters: Any) -> list[Any]:
        answer = rows(tx, name, **parameters)
        most[name] = max(len(answer), most.get(name, 0))
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(Transaction, "run", count_changes)
        patched.setattr(Transaction, "rows", count_rows)
        yield most


async def carry_on(services: ServiceHarness) -> None:
    """What housekeeping does with everything that is not complete."""
    await Housekeeping(services.context).round()


# ---------------------------------------------------------------------- what is there before


async def members(services: ServiceHarness) -> None:
    await services.make_list()
    await services.subscribers.import_batch("news", ROWS)


async def sending(services: ServiceHarness) -> None:
    """Edition 1, of which everybody's copy waits."""
    await members(services)
    await start(services)


async def blocked(services: ServiceHarness) -> None:
    """All its copies wait for one destination."""
    await sending(services)
    await open_destination(services)


async def failed(services: ServiceHarness) -> None:
    await blocked(services)
    await give_up(services)


async def requests(services: ServiceHarness) -> None:
    """Half of those who have not confirmed yet had been members before."""
    await services.make_list()
    await services.subscribers.import_batch("news", ROWS, asks=True)
    await execute(services.database, "update subscription set state_before = 'unsubscribed' where id % 2 = 0")


async def closed(services: ServiceHarness) -> None:
    await sending(services)
    await services.lists.close_list("news")


async def switched(services: ServiceHarness) -> None:
    """Everybody went from two lists to the closed one, and from there to another; one of the two is removed already."""
    await services.make_list()
    for name in ("one", "two", "last"):
        await services.make_list(name)
        await services.subscribers.import_batch(name, ROWS)
    await services.subscribers.import_batch("news", ROWS)
    for names, through in ((("one", "two"), "news"), (("news",), "last")):
        for name in names:
            await execute(
                services.database,
                "update subscription set state = 'unsubscribed', moved_to = (select taker.id from subscription as taker"
                f" where taker.subscriber_id = subscription.subscriber_id and taker.list_id = {LIST_IDS[through]})"
                f" where list_id = {LIST_IDS[name]}",
            )
    for name in ("one", "news"):
        await services.lists.close_list(name)
    await services.lists.remove_list("one")


# ---------------------------------------------------------------------- the changes


async def start(services: ServiceHarness) -> None:
    edition = await services.make_edition()

    def begin(tx: Transaction) -> None:
        lifecycle.start(tx, lifecycle.require_edition(tx, edition), int(services.now))

    await services.database.write(begin)
    await carry_on(services)


async def cancel(services: ServiceHarness) -> None:
    await services.database.write(lifecycle.cancel, 1, int(services.now))
    await carry_on(services)


async def resend(services: ServiceHarness) -> None:
    place = FailedPlace()
    while places := await services.database.read(retries.failed_places, 1, place, ROWS_AT_ONCE):
        copies, place = [copy.id for copy in places], places[-1]
        await services.database.write(lifecycle.resend_failed, 1, int(services.now), copies)


async def set_domains(services: ServiceHarness) -> None:
    await services.database.write(destinations.set_domains, {DOMAIN: "a provider"}, int(services.now))
    await carry_on(services)


async def open_destination(services: ServiceHarness) -> None:
    await services.database.write(destinations.open_destinations, [DOMAIN], int(services.now))
    await carry_on(services)


async def give_up(services: ServiceHarness) -> None:
    work = (DOMAIN, "too long", int(services.now), ROWS_AT_ONCE)
    while await services.database.write(destinations.give_up, *work) == ROWS_AT_ONCE:
        pass


async def close_list(services: ServiceHarness) -> None:
    await services.lists.close_list("news")


async def remove_list(services: ServiceHarness) -> None:
    await services.lists.remove_list("news")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A change of `work`, what a query finds after it, and a statement that must have taken part."""

    before: Step
    work: Step
    query: str = COPIES
    after: list[tuple[Any, ...]]
    by: str


HALF = READERS // 2
CASES = {
    "start": Case(before=members, work=start, after=[("queued", "", READERS)], by="audiences.queue_audience"),
    "cancel": Case(before=sending, work=cancel, after=[("cancelled", "", READERS)], by="deliveries.cancel_waiting"),
    "resend": Case(before=failed, work=resend, after=[("queued", DOMAIN, READERS)], by="deliveries.requeue_failed"),
    "domains": Case(
        before=sending, work=set_domains, after=[("queued", "a provider", READERS)], by="destinations.reassign"
    ),
    "domain": Case(
        before=sending, work=open_destination, after=[("queued", DOMAIN, READERS)], by="destinations.reassign"
    ),
    "give up": Case(before=blocked, work=give_up, after=[("failed", DOMAIN, READERS)], by="destinations.give_up"),
    "close": Case(
        before=requests, work=close_list, query=REQUESTS, after=[("unsubscribed", HALF)], by="lists.delete_requests"
    ),
    "remove": Case(before=closed, work=remove_list, after=[], by="list_removals.delete_copies"),
    "remove a language": Case(
        before=switched,
        work=remove_list,
        query=WAYS,
        after=[("goes on", LIST_IDS["last"], READERS), ("is removed", LIST_IDS["last"], 2 * READERS)],
        by="language_switch.bypass",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_no_statement_touches_more_than_a_slice(
    services: ServiceHarness, monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    await case.before(services)
    with counted(monkeypatch) as touched:
        await case.work(services)
    assert {} == {name: number for name, number in touched.items() if number > ROWS_AT_ONCE}
    assert 0 < touched[case.by]
    assert case.after == [tuple(row) for row in await select(services.database, case.query)]
    assert [] == await select(services.database, "select * from bulk_change")


async def test_a_domain_learned_while_copies_move_is_looked_for_from_the_start(services: ServiceHarness) -> None:
    """However many are learned meanwhile, one more walk is enough, and it begins when the first is through."""
    await sending(services)
    for name in ("one", "two", "three"):
        await services.database.write(destinations.set_domains, {DOMAIN: name}, int(services.now))
    walks = [tuple(row) for row in await select(services.database, "select kind, done_through from bulk_change")]
    assert [("reassign", ROWS_AT_ONCE), ("reassign", 0)] == walks
    await carry_on(services)
    assert [("queued", "three", READERS)] == [tuple(row) for row in await select(services.database, COPIES)]


@pytest.mark.only_on("postgresql", "SQLite's plans are the same whatever it knows of the tables")
async def test_an_audience_is_taken_where_the_server_takes_the_tables_for_empty(services: ServiceHarness) -> None:
    """By the plans for empty tables, this takes more than ten minutes."""
    await members(services)

    def count_nothing(tx: Transaction) -> None:
        for table in ("subscription", "subscriber"):
            execute_in(tx, f"delete from {table}")
            execute_in(tx, f"analyze {table}")  # which no rollback takes back
        raise Refused("and all of them are back")

    with pytest.raises(Refused):
        await services.database.write(count_nothing)
    await start(services)
    assert [("queued", "", READERS)] == [tuple(row) for row in await select(services.database, COPIES)]


@pytest.mark.only_on("postgresql", "SQLite's plans are the same whatever it knows of the tables")
async def test_an_audience_is_taken_where_the_server_knows_the_tables_as_small(services: ServiceHarness) -> None:
    """Also by a session that planned it when they were small, and executed it until the server kept the plan."""
    await services.make_list()
    await services.subscribers.import_batch("news", ROWS[:1])
    for table in ("subscription", "subscriber"):
        await execute(services.database, f"analyze {table}")
    edition = await services.make_edition()
    for _ in range(20):
        await services.queue_audience(edition)
    await services.subscribers.import_batch("news", ROWS)
    await services.queue_audience(edition)
    assert [("queued", "", READERS)] == [tuple(row) for row in await select(services.database, COPIES)]


async def test_copies_in_flight_move_as_well(services: ServiceHarness) -> None:
    """They may come back to the queue."""
    await sending(services)
    await execute(services.database, "update delivery set state = 'claimed'")
    await set_domains(services)
    assert [("claimed", "a provider", READERS)] == [tuple(row) for row in await select(services.database, COPIES)]


async def test_closing_a_list_cancels_one_slice_of_all_its_editions_at_once(services: ServiceHarness) -> None:
    """However many are being sent; what is left of each goes on like that of one which is cancelled."""
    await sending(services)
    await start(services)

    def close(tx: Transaction) -> None:
        begin_closing(tx, lists.get_list(tx, "news"), int(services.now), os.urandom)

    async def cancelled(table: str) -> int:
        counts = await select(services.database, f"select count(*) from {table} where state = 'cancelled'")
        number: int = counts[0][0]
        return number

    await services.database.write(close)
    assert (2, ROWS_AT_ONCE) == (await cancelled("edition"), await cancelled("delivery"))
    await carry_on(services)
    assert 2 * READERS == await cancelled("delivery")


async def test_housekeeping_ends_what_a_kill_has_left_of_closing(services: ServiceHarness) -> None:
    """Until then the list cannot be opened, and no link of it works."""
    await requests(services)

    def begin(tx: Transaction) -> None:
        begin_closing(tx, lists.get_list(tx, "news"), int(services.now), os.urandom)

    await services.database.write(begin)
    assert [(READERS - ROWS_AT_ONCE,)] == [
        tuple(row)
        for row in await select(services.database, "select count(*) from subscription where state = 'pending'")
    ]
    with pytest.raises(Refused, match="still being closed"):
        await services.lists.set_list("news", {"closed": "false"})
    last = (await select(services.database, "select max(id) from confirmation"))[0][0]
    outcome, _ = await services.confirmations.find(last)
    assert outcome is not Confirmed.CONFIRMED
    await carry_on(services)
    assert [("unsubscribed", HALF)] == [tuple(row) for row in await select(services.database, REQUESTS)]
    assert [(0,)] == [tuple(row) for row in await select(services.database, "select count(*) from confirmation")]
    await services.lists.set_list("news", {"closed": "false"})


async def test_whoever_never_confirmed_is_forgotten_with_a_closed_list(services: ServiceHarness) -> None:
    """As they are when their link expires: nobody would look for them on a list that is closed."""
    await requests(services)
    await services.lists.close_list("news")
    for table in ("subscriber", "subscription"):
        assert [(HALF,)] == [tuple(row) for row in await select(services.database, f"select count(*) from {table}")]
    known = await select(services.database, "select count(*) from consent where subscriber_id is not null")
    assert [(HALF,)] == [tuple(row) for row in known]
