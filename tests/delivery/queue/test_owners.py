"""Claims have an owner: nobody touches what another living session has claimed, and nobody what was taken from it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from msgspec.structs import replace
from tests.database import begin_session, execute, select
from tests.delivery.pressroom import GONE, LATER, TAKEN, UNSENT, Pressroom

from pressrun.core.errors import Unavailable
from pressrun.delivery.queue.jobs import NOT_SENT, Job, Result, claim_of
from pressrun.delivery.queue.recovery import recover
from pressrun.store.queue.journal import JournalEntry
from pressrun.store.upkeep import sessions


@pytest_asyncio.fixture
async def other(press: Pressroom) -> AsyncIterator[Pressroom]:
    """A second dispatcher on the same database, whose session lives beside that of the first one."""
    database = press.office.database
    other = Pressroom(
        office=press.office,
        edition_admin=press.edition_admin,
        housekeeping=press.housekeeping,
        bounce_handler=press.bounce_handler,
    )
    await execute(database, "drop index session_live")  # the rule that there is only one
    await other.start()
    await execute(database, "update session set state = 'live'")
    yield other
    await execute(database, "update session set state = 'gone'")
    await execute(database, "create unique index session_live on session (state) where state = 'live'")


async def owners(press: Pressroom) -> dict[int, int | None]:
    """Who has claimed which copy."""
    return dict(await press.rows("select id, claimed_by from delivery order by id"))


def jobs(press: Pressroom) -> list[Job]:
    return [*press.dispatcher.broker._in_flight.values()]


async def test_two_claim_and_record_side_by_side(
    press: Pressroom, other: Pressroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pressrun.delivery.queue.dispatcher.BATCH", 3)
    await press.readers(6)
    edition = await press.edition()
    mine, theirs = await press.take_after_turn(), await other.take_after_turn()
    assert 6 == len({outgoing.delivery_id for outgoing in mine + theirs})
    assert [*[press.owner.session] * 3, *[other.owner.session] * 3] == [*(await owners(press)).values()]
    for outgoing, result in zip(mine, [TAKEN, GONE, LATER], strict=True):
        press.answer(outgoing, result)
    await press.turn()
    assert {"delivered": 1, "failed": 1, "deferred": 1, "claimed": 3} == await press.counts(edition)
    assert [*[None] * 3, *[other.owner.session] * 3] == [*(await owners(press)).values()]
    for outgoing in theirs:
        other.answer(outgoing, TAKEN)
    await other.turn()
    assert {"delivered": 4, "failed": 1, "deferred": 1} == await press.counts(edition)


async def test_a_result_for_a_copy_of_somebody_else_changes_nothing(press: Pressroom, other: Pressroom) -> None:
    """Whatever it says, and also where a copy is given back."""
    await press.readers(4)
    edition = await press.edition()
    outgoing = await press.take_after_turn()
    other.dispatcher.broker._in_flight.update({job.row.id: job for job in jobs(press)})
    other.worker.assignments._in_flight.update({job.row.id: job for job in jobs(press)})
    for copy, result in zip(outgoing, [TAKEN, GONE, LATER, UNSENT], strict=True):
        other.answer(copy, result)
    await other.turn()
    other.dispatcher.broker.give_back()
    await other.turn()
    assert {"claimed": 4} == await press.counts(edition)
    assert {press.owner.session} == {*(await owners(press)).values()}


async def test_a_start_leaves_alone_what_a_living_session_has(press: Pressroom, other: Pressroom) -> None:
    await press.readers(4)
    editions = [await press.edition(text) for text in ("sending", "cancelled")]
    await press.take_after_turn()
    await press.edition_admin.cancel(editions[1])
    before = await owners(press)
    journal = [JournalEntry(claim_of(job), "primary", 250, "") for job in jobs(press)]
    await recover(press.office.database, other.owner.session, journal, press.office.now)
    assert before == await owners(press)
    await press.office.database.write(sessions.end, press.owner.session)
    await recover(press.office.database, other.owner.session, [], press.office.now)
    assert [{"queued": 4}, {"cancelled": 4}] == [await press.counts(number) for number in editions]
    assert {None} == {*(await owners(press)).values()}


async def test_a_careful_cycle_gives_back_only_what_is_its_own(press: Pressroom, other: Pressroom) -> None:
    await press.readers(4)
    edition = await press.edition()
    await press.take_after_turn()
    other.dispatcher.broker.wake_ups.be_careful()
    await other.turn()
    assert {"claimed": 4} == await press.counts(edition)
    press.dispatcher.broker._in_flight.clear()  # nobody holds them, though they are claimed
    press.dispatcher.broker.wake_ups.be_careful()
    await press.dispatcher.cycle()
    assert 4 == len(await press.take_after_turn())


async def test_results_that_come_after_a_takeover_change_nothing_and_are_logged(
    press: Pressroom, caplog: pytest.LogCaptureFixture
) -> None:
    """As after a pause of the machine: somebody else has sent the copies, or is about to."""
    caplog.set_level(logging.INFO)
    await press.readers(3)
    edition = await press.edition()
    late, taken = press.dispatcher, await press.take_after_turn()
    session, worker = press.owner.session, press.worker
    await press.start()
    again = await press.take_after_turn()
    assert [copy.delivery_id for copy in taken] == [copy.delivery_id for copy in again]
    press.answer(again[0], TAKEN)
    await press.turn()
    before = await press.rows("select * from delivery order by id")
    press.worker, new_worker = worker, press.worker
    for outgoing in taken:
        press.answer(outgoing, GONE)
    with pytest.raises(Unavailable, match="lost its session"):
        await late.cycle()
    assert before == await press.rows("select * from delivery order by id")
    assert [] == await select(press.office.database, "select * from suspension")
    fenced = [record for record in caplog.records if record.getMessage() == "dispatch.fenced"]
    assert [{"copies": 3, "session": session}] == [record.__dict__["fields"] for record in fenced]
    press.worker = new_worker
    for outgoing in again[1:]:
        press.answer(outgoing, TAKEN)
    await press.turn()
    assert {"delivered": 3} == await press.counts(edition)


async def test_results_count_until_somebody_has_taken_the_copies(press: Pressroom) -> None:
    """A session that has been ended may still say what became of what it sent."""
    await press.readers(2)
    edition = await press.edition()
    first, _ = await press.take_after_turn()
    await press.office.database.write(sessions.end, press.owner.session)
    press.answer(first, TAKEN)
    with pytest.raises(Unavailable):
        await press.turn()
    assert {"delivered": 1, "claimed": 1} == await press.counts(edition)


async def test_who_was_ended_claims_nothing_more(press: Pressroom) -> None:
    await press.readers(2)
    edition = await press.edition()
    await begin_session(press.office.database)
    with pytest.raises(Unavailable):
        await press.turn()
    assert {"queued": 2} == await press.counts(edition)


async def test_a_journal_of_another_session_says_nothing_about_a_claim(press: Pressroom) -> None:
    await press.readers(2)
    edition = await press.edition()
    await press.take_after_turn()
    mine, other = (claim_of(job) for job in jobs(press))
    press.taken = [
        JournalEntry(mine, "primary", 250, ""),
        JournalEntry(replace(other, session=other.session + 7), "primary", 250, ""),
    ]
    await press.start()
    assert {"delivered": 1, "queued": 1} == await press.counts(edition)


async def test_what_a_program_without_sessions_had_in_hand_is_recovered(press: Pressroom) -> None:
    """It was killed, and its successor has sessions: claims and journal name none."""
    await press.readers(2)
    edition = await press.edition()
    await press.take_after_turn()
    await press.change("update delivery set claimed_by = null")
    press.taken = [JournalEntry(replace(claim_of(jobs(press)[0]), session=0), "primary", 250, "")]
    await press.start()
    assert {"delivered": 1, "queued": 1} == await press.counts(edition)


async def test_without_a_lease_nothing_goes_out(press: Pressroom) -> None:
    await press.readers(4)
    edition = await press.edition()
    await press.turn()
    first = press.take()
    assert first is not None
    press.owner.is_leased = False
    assert (None, 0) == (press.take(), press.dispatcher.broker.waiting("primary"))
    press.dispatcher.suspend()
    press.answer(first, TAKEN)
    await press.turn()
    assert {"delivered": 1, "queued": 3} == await press.counts(edition)
    assert [] == press.take_all()
    press.owner.is_leased = True
    press.dispatcher.wake()
    assert 3 == len(await press.send_all())


async def test_rows_that_come_back_while_suspended_are_given_back(press: Pressroom) -> None:
    """A worker had them, and no connection took them."""
    await press.readers(2)
    edition = await press.edition()
    await press.take_after_turn()
    press.owner.is_leased = False
    press.dispatcher.suspend()
    for job in jobs(press):
        press.worker.assignments._in_flight.pop(job.row.id)
        press.dispatcher.broker.record("primary", [_unsent(job)])
    await press.turn()
    assert {"queued": 2} == await press.counts(edition)
    assert [(0,)] == await press.rows("select distinct attempts from delivery")


def _unsent(job: Job) -> Result:
    return Result(job.row.id, NOT_SENT)
