"""Claims have an owner: nobody touches what another living session has claimed, and nobody what was taken from it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from msgspec.structs import replace
from tests.database import begin_session, execute, select
from tests.delivery.harness import GONE, LATER, TAKEN, UNSENT, DeliveryHarness
from tests.delivery.queue.test_dispatcher import queue_notice

from pressrun.core.errors import Unavailable
from pressrun.delivery.queue.jobs import NOT_SENT, Job, Result, claim_of
from pressrun.delivery.queue.recovery import Journaled, recover
from pressrun.store.queue.journal import JournalEntry
from pressrun.store.upkeep import sessions


@pytest_asyncio.fixture
async def other(harness: DeliveryHarness) -> AsyncIterator[DeliveryHarness]:
    """A second dispatcher on the same database, whose session lives beside that of the first one."""
    database = harness.services.database
    other = DeliveryHarness(
        services=harness.services,
        edition_admin=harness.edition_admin,
        housekeeping=harness.housekeeping,
        bounce_handler=harness.bounce_handler,
    )
    await execute(database, "drop index session_live")  # the rule that there is only one
    await other.start()
    await execute(database, "update session set state = 'live'")
    yield other
    await execute(database, "update session set state = 'gone'")
    await execute(database, "create unique index session_live on session (state) where state = 'live'")


async def owners(harness: DeliveryHarness) -> dict[int, int | None]:
    """Who has claimed which copy."""
    return dict(await harness.rows("select id, claimed_by from delivery order by id"))


def jobs(harness: DeliveryHarness) -> list[Job]:
    return [*harness.dispatcher.broker._in_flight.values()]


async def test_two_claim_and_record_side_by_side(
    harness: DeliveryHarness, other: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pressrun.delivery.queue.dispatcher.BATCH", 3)
    await harness.readers(6)
    edition = await harness.edition()
    mine, theirs = await harness.outgoing_after_cycle(), await other.outgoing_after_cycle()
    assert 6 == len({outgoing.delivery_id for outgoing in mine + theirs})
    assert [*[harness.owner.session] * 3, *[other.owner.session] * 3] == [*(await owners(harness)).values()]
    for outgoing, result in zip(mine, [TAKEN, GONE, LATER], strict=True):
        harness.answer(outgoing, result)
    await harness.run_cycle()
    assert {"delivered": 1, "failed": 1, "deferred": 1, "claimed": 3} == await harness.counts(edition)
    assert [*[None] * 3, *[other.owner.session] * 3] == [*(await owners(harness)).values()]
    for outgoing in theirs:
        other.answer(outgoing, TAKEN)
    await other.run_cycle()
    assert {"delivered": 4, "failed": 1, "deferred": 1} == await harness.counts(edition)


async def test_a_result_for_a_copy_of_somebody_else_changes_nothing(
    harness: DeliveryHarness, other: DeliveryHarness
) -> None:
    """Whatever it says, and also where a copy is given back."""
    await harness.readers(4)
    edition = await harness.edition()
    outgoing = await harness.outgoing_after_cycle()
    other.dispatcher.broker._in_flight.update({job.row.id: job for job in jobs(harness)})
    other.worker.assignments._in_flight.update({job.row.id: job for job in jobs(harness)})
    for copy, result in zip(outgoing, [TAKEN, GONE, LATER, UNSENT], strict=True):
        other.answer(copy, result)
    await other.run_cycle()
    other.dispatcher.broker.give_back()
    await other.run_cycle()
    assert {"claimed": 4} == await harness.counts(edition)
    assert {harness.owner.session} == {*(await owners(harness)).values()}


async def test_a_start_leaves_alone_what_a_living_session_has(harness: DeliveryHarness, other: DeliveryHarness) -> None:
    await harness.readers(4)
    editions = [await harness.edition(text) for text in ("sending", "cancelled")]
    await queue_notice(harness)
    await harness.outgoing_after_cycle()
    await harness.edition_admin.cancel(editions[1])
    before = await owners(harness)
    assert [harness.owner.session] * 9 == [*before.values()]
    journal = {claim_of(job): JournalEntry(claim_of(job), "primary", 250, "") for job in jobs(harness)}
    await recover(harness.services.database, other.owner.session, Journaled(entries=journal), harness.services.now)
    assert before == await owners(harness)
    await harness.services.database.write(sessions.end, harness.owner.session)
    await recover(harness.services.database, other.owner.session, Journaled(entries={}), harness.services.now)
    assert [{"queued": 4}, {"cancelled": 4}] == [await harness.counts(number) for number in editions]
    assert {None} == {*(await owners(harness)).values()}


async def test_a_careful_cycle_gives_back_only_what_is_its_own(
    harness: DeliveryHarness, other: DeliveryHarness
) -> None:
    await harness.readers(4)
    edition = await harness.edition()
    await harness.outgoing_after_cycle()
    other.dispatcher.broker.wake_ups.be_careful()
    await other.run_cycle()
    assert {"claimed": 4} == await harness.counts(edition)
    harness.dispatcher.broker._in_flight.clear()  # nobody holds them, though they are claimed
    harness.dispatcher.broker.wake_ups.be_careful()
    await harness.dispatcher.cycle()
    assert 4 == len(await harness.outgoing_after_cycle())


async def test_results_that_come_after_a_takeover_change_nothing_and_are_logged(
    harness: DeliveryHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """As after a pause of the machine: somebody else has sent the copies, or is about to."""
    caplog.set_level(logging.INFO)
    await harness.readers(3)
    edition = await harness.edition()
    late, taken = harness.dispatcher, await harness.outgoing_after_cycle()
    session, worker = harness.owner.session, harness.worker
    await harness.start()
    again = await harness.outgoing_after_cycle()
    assert [copy.delivery_id for copy in taken] == [copy.delivery_id for copy in again]
    harness.answer(again[0], TAKEN)
    await harness.run_cycle()
    before = await harness.rows("select * from delivery order by id")
    harness.worker, new_worker = worker, harness.worker
    for outgoing in taken:
        harness.answer(outgoing, GONE)
    with pytest.raises(Unavailable, match="lost its session"):
        await late.cycle()
    assert before == await harness.rows("select * from delivery order by id")
    assert [] == await select(harness.services.database, "select * from suspension")
    fenced = [record for record in caplog.records if record.getMessage() == "dispatch.fenced"]
    assert [{"copies": 3, "session": session}] == [record.__dict__["fields"] for record in fenced]
    harness.worker = new_worker
    for outgoing in again[1:]:
        harness.answer(outgoing, TAKEN)
    await harness.run_cycle()
    assert {"delivered": 3} == await harness.counts(edition)


async def test_results_count_until_somebody_has_taken_the_copies(harness: DeliveryHarness) -> None:
    """A session that has been ended may still say what became of what it sent."""
    await harness.readers(2)
    edition = await harness.edition()
    first, _ = await harness.outgoing_after_cycle()
    await harness.services.database.write(sessions.end, harness.owner.session)
    harness.answer(first, TAKEN)
    with pytest.raises(Unavailable):
        await harness.run_cycle()
    assert {"delivered": 1, "claimed": 1} == await harness.counts(edition)


async def test_who_was_ended_claims_nothing_more(harness: DeliveryHarness) -> None:
    await harness.readers(2)
    edition = await harness.edition()
    await begin_session(harness.services.database)
    with pytest.raises(Unavailable):
        await harness.run_cycle()
    assert {"queued": 2} == await harness.counts(edition)


async def test_a_journal_of_another_session_says_nothing_about_a_claim(harness: DeliveryHarness) -> None:
    await harness.readers(2)
    edition = await harness.edition()
    await harness.outgoing_after_cycle()
    mine, other = (claim_of(job) for job in jobs(harness))
    harness.taken = [
        JournalEntry(mine, "primary", 250, ""),
        JournalEntry(replace(other, session=other.session + 7), "primary", 250, ""),
    ]
    await harness.start()
    assert {"delivered": 1, "queued": 1} == await harness.counts(edition)


async def test_what_a_program_without_sessions_had_in_hand_is_recovered(harness: DeliveryHarness) -> None:
    """It was killed, and its successor has sessions: claims and journal name none."""
    await harness.readers(2)
    edition = await harness.edition()
    await harness.outgoing_after_cycle()
    await harness.change("update delivery set claimed_by = null")
    harness.taken = [JournalEntry(replace(claim_of(jobs(harness)[0]), session=0), "primary", 250, "")]
    await harness.start()
    assert {"delivered": 1, "queued": 1} == await harness.counts(edition)


async def test_without_a_lease_nothing_goes_out(harness: DeliveryHarness) -> None:
    await harness.readers(4)
    edition = await harness.edition()
    await harness.run_cycle()
    first = harness.next_outgoing()
    assert first is not None
    harness.owner.is_leased = False
    assert (None, 0) == (harness.next_outgoing(), harness.dispatcher.broker.waiting("primary"))
    harness.dispatcher.suspend()
    harness.answer(first, TAKEN)
    await harness.run_cycle()
    assert {"delivered": 1, "queued": 3} == await harness.counts(edition)
    assert [] == harness.all_outgoing()
    harness.owner.is_leased = True
    harness.dispatcher.wake()
    assert 3 == len(await harness.send_all())


async def test_rows_that_come_back_while_suspended_are_given_back(harness: DeliveryHarness) -> None:
    """A worker had them, and no connection took them."""
    await harness.readers(2)
    edition = await harness.edition()
    await harness.outgoing_after_cycle()
    harness.owner.is_leased = False
    harness.dispatcher.suspend()
    for job in jobs(harness):
        harness.worker.assignments._in_flight.pop(job.row.id)
        harness.dispatcher.broker.record("primary", [_unsent(job)])
    await harness.run_cycle()
    assert {"queued": 2} == await harness.counts(edition)
    assert [(0,)] == await harness.rows("select distinct attempts from delivery")


def _unsent(job: Job) -> Result:
    return Result(job.row.id, NOT_SENT)
