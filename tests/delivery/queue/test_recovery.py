"""Starting after whatever end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace
from tests.delivery.harness import RELAY, TAKEN, DeliveryHarness
from tests.delivery.queue.test_dispatcher import queue_notice
from tests.postgresql import shared_server

from pressrun.core.addresses.address import parse_address
from pressrun.core.bounces.classes import BounceClass
from pressrun.core.lifecycles.delivery import FailureKind
from pressrun.core.upkeep.alerts import Cause
from pressrun.delivery.queue.jobs import Job, claim_of
from pressrun.delivery.queue.recovery import Journaled, recover
from pressrun.services.background import FAILING_SECONDS, LoopFault
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.ports import RelayStatus
from pressrun.services.upkeep import readiness as readiness_module
from pressrun.services.upkeep.readiness import QUIET_SECONDS, RELAYS_FAILING_SECONDS, Readiness
from pressrun.store.queue.journal import Claim, JournalEntry
from pressrun.store.readers.bounces import Failure, fail_copy


async def test_a_start_with_nothing_claimed_changes_nothing(harness: DeliveryHarness) -> None:
    await harness.readers(2)
    edition = await harness.edition()
    await recover(harness.services.database, harness.owner.session, Journaled(entries={}), harness.services.now)
    assert {"queued": 2} == await harness.counts(edition)


async def test_what_was_claimed_goes_back_whatever_the_edition_does(harness: DeliveryHarness) -> None:
    await harness.readers(2)
    editions = [await harness.edition(text) for text in ("sending", "paused", "cancelled")]
    await harness.run_cycle()
    assert 6 == len(harness.all_outgoing())
    await harness.edition_admin.pause(editions[1])
    await harness.edition_admin.cancel(editions[2])
    await harness.start()
    assert [{"queued": 2}, {"queued": 2}, {"cancelled": 2}] == [await harness.counts(number) for number in editions]
    assert [(1,)] == await harness.rows("select distinct attempts from delivery")  # they may have gone out


def _in_flight(harness: DeliveryHarness) -> list[Job]:
    return [*harness.dispatcher.broker._in_flight.values()]


async def test_what_a_relay_has_is_delivered_though_nobody_had_recorded_it(harness: DeliveryHarness) -> None:
    """Of each edition, whatever became of that; what was noted of another claim says nothing about this one."""
    await harness.readers(3)
    editions = [await harness.edition(text) for text in ("sending", "paused", "cancelled")]
    await harness.run_cycle()
    assert 9 == len(harness.all_outgoing())
    jobs = {job.row.id: job for job in _in_flight(harness)}
    await harness.edition_admin.pause(editions[1])
    await harness.edition_admin.cancel(editions[2])
    copies = await harness.rows("select id, edition_id from delivery order by id")
    noted = [min(number for number, edition in copies if edition == sent) for sent in editions]
    harness.taken = [JournalEntry(claim_of(jobs[number]), RELAY, 250, "2.0.0") for number in noted]
    other = jobs[max(number for number, edition in copies if edition == editions[0])]
    harness.taken += [
        JournalEntry(replace(claim_of(other), first_attempt_at=5), RELAY, 250, ""),
        JournalEntry(replace(claim_of(other), attempts=2, first_attempt_at=5), RELAY, 250, ""),
        JournalEntry(replace(claim_of(other), session=10**9), RELAY, 250, ""),
        JournalEntry(Claim(0, 1, 5, harness.owner.session), RELAY, 250, ""),
    ]
    await harness.start()
    states = [{"delivered": 1, rest: 2} for rest in ("queued", "queued", "cancelled")]
    assert states == [await harness.counts(number) for number in editions]
    told = await harness.rows("select relay, code, enhanced, recorded_at from delivery where state = 'delivered'")
    assert [(RELAY, 250, "2.0.0", int(harness.services.now))] * 3 == told
    await harness.start()  # what is noted stays there, and says nothing new
    assert states == [await harness.counts(number) for number in editions]
    await harness.edition_admin.resume(editions[1])
    assert 4 == len(await harness.send_all())


async def test_a_copy_that_is_sent_anew_goes_out_though_an_earlier_one_was_taken(harness: DeliveryHarness) -> None:
    """It was delivered, came back later, and is on its way again when the process is killed."""
    await harness.readers(1)
    edition = await harness.edition()
    await harness.run_cycle()
    [outgoing] = harness.all_outgoing()
    [job] = _in_flight(harness)
    harness.answer(outgoing, TAKEN)
    await harness.run_cycle()
    harness.taken = [JournalEntry(claim_of(job), RELAY, 250, "2.0.0")]
    harness.pass_time(60)
    failure = Failure(kind=FailureKind.HARD, bounce=BounceClass.GONE, code=550, enhanced="5.1.1", reply="no such user")
    assert await harness.services.database.write(fail_copy, job.row.id, failure, int(harness.services.now))
    await harness.edition_admin.resend(edition)
    await harness.run_cycle()
    harness.all_outgoing()
    await harness.start()
    assert {"queued": 1} == await harness.counts(edition)


async def test_a_notice_goes_out_again(harness: DeliveryHarness) -> None:
    await harness.edition_admin.send_test(
        "news",
        Manuscript(source=b"---\nsubject: Try\n---\nx\n", source_name="a.md", assets={}),
        [parse_address("a@else.example")],
    )
    await harness.run_cycle()
    first = harness.next_outgoing()
    await harness.start()
    assert first is not None
    (again,) = await harness.send_all()
    assert first.content == again.content
    assert [("delivered", 2)] == await harness.rows("select state, attempts from delivery")


async def test_a_notice_that_a_relay_has_does_not(harness: DeliveryHarness) -> None:
    await queue_notice(harness, "a@else.example")
    await harness.run_cycle()
    harness.next_outgoing()
    harness.taken = [JournalEntry(claim_of(job), RELAY, 250, "2.0.0") for job in _in_flight(harness)]
    await harness.start()
    assert [("delivered", 1)] == await harness.rows("select state, attempts from delivery")
    assert [] == await harness.send_all()


async def test_a_copy_that_went_out_before_its_reader_left_stays_delivered(harness: DeliveryHarness) -> None:
    """If a start cancelled it, they would get it again when they come back."""
    await harness.readers(2)
    edition = await harness.edition()
    first, _ = await harness.outgoing_after_cycle()
    harness.answer(first, TAKEN)
    await harness.run_cycle()
    await harness.leave(first.rcpt_to)
    await harness.start()
    assert {"delivered": 1, "queued": 1} == await harness.counts(edition)


async def test_starting_often_loses_nothing(harness: DeliveryHarness) -> None:
    await harness.readers(7)
    edition = await harness.edition()
    for _ in range(5):
        await harness.run_cycle()
        outgoing = harness.next_outgoing()
        assert outgoing is not None
        harness.answer(outgoing, TAKEN)
        await harness.run_cycle()
        harness.all_outgoing()
        await harness.start()
    assert {"delivered": 5, "queued": 2} == await harness.counts(edition)


@pytest.mark.parametrize(
    ("quiet", "failing_for", "loop_failing_for", "blockers"),
    [
        (0.0, None, None, 0),
        (QUIET_SECONDS + 1, None, None, 1),
        (0.0, 59.0, None, 0),
        (0.0, RELAYS_FAILING_SECONDS, None, 1),
        (0.0, None, FAILING_SECONDS - 1, 0),
        (0.0, None, FAILING_SECONDS, 1),
    ],
)
async def test_what_stands_in_the_way_is_told(
    harness: DeliveryHarness, quiet: float, failing_for: float | None, loop_failing_for: float | None, blockers: int
) -> None:
    readiness = readiness_of(harness, loops=lambda: [harness.dispatcher, harness.housekeeping])
    await harness.run_cycle()
    harness.pass_time(quiet)
    if failing_for is not None:
        since = harness.clock() - failing_for
        harness.pool.status = RelayStatus(name=RELAY, connections=0, failing_since=since, last_error="refused")
    if loop_failing_for is not None:
        since = harness.clock() - loop_failing_for
        harness.housekeeping.fault = LoopFault(since=since, times=7, problem="OSError: No space left on device")
    problems = await readiness.problems()
    assert blockers == len(problems)
    if loop_failing_for is not None and blockers:
        assert [
            "housekeeping has failed since 2027-01-15T07:59:00Z, 7 times: OSError: No space left on device"
        ] == problems


def readiness_of(harness: DeliveryHarness, **changes: Any) -> Readiness:
    return Readiness(
        **{
            "database": harness.services.database,
            "progress": harness.dispatcher,
            "relays": harness.pool,
            "loops": list,
            "clock": harness.clock,
            **changes,
        }
    )


async def test_a_database_that_takes_no_changes_stands_in_the_way(harness: DeliveryHarness) -> None:
    """As a server that has become a standby: it answers, and the lease runs out."""
    answers = [None, "", "is it a standby?"]
    readiness = readiness_of(harness, why_not_held=lambda: answers.pop(0))
    await harness.run_cycle()
    assert [] == await readiness.problems()
    for reason in ("in time", "in time: is it a standby?"):
        [obstacle] = await readiness.obstacles()
        assert (Cause.DATABASE, True) == (obstacle.cause, obstacle.text.endswith(reason))


async def changes_go_nowhere(harness: DeliveryHarness) -> str:
    """What is said of that."""
    readiness = readiness_of(harness)
    await harness.run_cycle()
    [obstacle] = await readiness.obstacles()
    assert Cause.DATABASE is obstacle.cause
    return obstacle.text


@pytest.mark.only_on("sqlite", "a server has its files to itself")
async def test_a_file_that_was_replaced_stands_in_the_way(harness: DeliveryHarness) -> None:
    """As by somebody who copies a backup over it: all goes on, with the file that nobody will find again."""
    path = harness.services.database.location.path  # type: ignore[attr-defined]  # of a file
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    copy.replace(path)
    assert "was replaced or removed" in await changes_go_nowhere(harness)


@pytest.mark.only_on("postgresql", "a file knows no rights on tables")
async def test_a_table_that_may_no_longer_be_changed_stands_in_the_way(harness: DeliveryHarness) -> None:
    """Though everything else still works."""
    await harness.change("revoke insert on suppression from current_user")
    try:
        assert "the role may not change suppression" in await changes_go_nowhere(harness)
    finally:  # later tests have the same database
        await harness.change("grant insert on suppression to current_user")


@pytest.mark.only_on("postgresql", "a file has no tables of others")
async def test_a_table_of_somebody_else_stands_in_nobodys_way(harness: DeliveryHarness) -> None:
    """In our schema, where an administrator keeps notes that we may only read."""
    [[name]] = await harness.rows("select current_database()")
    with shared_server().connect(name) as administrator:
        administrator.execute("create table their_notes (note text)")
        administrator.execute("grant select on their_notes to public")
        try:
            readiness = readiness_of(harness)
            await harness.run_cycle()
            assert [] == await readiness.obstacles()
        finally:
            administrator.execute("drop table their_notes")


async def test_a_database_that_does_not_answer_is_not_waited_for(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks whether the service is ready would give up, and not hear what is wrong."""
    database = harness.services.database

    async def hang(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(readiness_module, "ANSWER_SECONDS", 0.01)
    monkeypatch.setattr(database, "read", hang)
    [obstacle] = await readiness_of(harness).obstacles()
    assert (Cause.DATABASE, True) == (obstacle.cause, "has not answered" in obstacle.text)
