"""Starting after whatever end."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.delivery.pressroom import RELAY, TAKEN, Pressroom
from tests.delivery.queue.test_dispatcher import queue_notice

from pressrun.core.addresses.address import parse_address
from pressrun.core.bounces.classes import BounceClass
from pressrun.core.lifecycles.delivery import FailureKind
from pressrun.core.upkeep.alerts import Cause
from pressrun.delivery.queue.jobs import Job, claim_of
from pressrun.delivery.queue.recovery import recover
from pressrun.services.background import FAILING_SECONDS, LoopFault
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.ports import RelayStatus
from pressrun.services.upkeep.readiness import QUIET_SECONDS, RELAYS_FAILING_SECONDS, Readiness
from pressrun.store.queue.journal import Claim, JournalEntry
from pressrun.store.readers.bounces import Failure, fail_copy


async def test_a_start_with_nothing_claimed_changes_nothing(press: Pressroom) -> None:
    await press.readers(2)
    edition = await press.edition()
    await recover(press.office.database, press.owner.session, [], press.office.now)
    assert {"queued": 2} == await press.counts(edition)


async def test_what_was_claimed_goes_back_whatever_the_edition_does(press: Pressroom) -> None:
    await press.readers(2)
    editions = [await press.edition(text) for text in ("sending", "paused", "cancelled")]
    await press.turn()
    assert 6 == len(press.take_all())
    await press.edition_admin.pause(editions[1])
    await press.edition_admin.cancel(editions[2])
    await press.start()
    assert [{"queued": 2}, {"queued": 2}, {"cancelled": 2}] == [await press.counts(number) for number in editions]
    assert [(1,)] == await press.rows("select distinct attempts from delivery")  # they may have gone out


def _in_flight(press: Pressroom) -> list[Job]:
    return [*press.dispatcher.broker._in_flight.values()]


async def test_what_a_relay_has_is_delivered_though_nobody_had_recorded_it(press: Pressroom) -> None:
    """Of each edition, whatever became of that; what was noted of another claim says nothing about this one."""
    await press.readers(3)
    editions = [await press.edition(text) for text in ("sending", "paused", "cancelled")]
    await press.turn()
    assert 9 == len(press.take_all())
    jobs = {job.row.id: job for job in _in_flight(press)}
    await press.edition_admin.pause(editions[1])
    await press.edition_admin.cancel(editions[2])
    copies = await press.rows("select id, edition_id from delivery order by id")
    noted = [min(number for number, edition in copies if edition == sent) for sent in editions]
    press.taken = [JournalEntry(claim_of(jobs[number]), RELAY, 250, "2.0.0") for number in noted]
    other = jobs[max(number for number, edition in copies if edition == editions[0])]
    press.taken += [
        JournalEntry(replace(claim_of(other), first_attempt_at=5), RELAY, 250, ""),
        JournalEntry(replace(claim_of(other), attempts=2), RELAY, 250, ""),
        JournalEntry(Claim(10**9, 1, 5, press.owner.session), RELAY, 250, ""),
    ]
    await press.start()
    states = [{"delivered": 1, rest: 2} for rest in ("queued", "queued", "cancelled")]
    assert states == [await press.counts(number) for number in editions]
    told = await press.rows("select relay, code, enhanced, recorded_at from delivery where state = 'delivered'")
    assert [(RELAY, 250, "2.0.0", int(press.office.now))] * 3 == told
    await press.start()  # what is noted stays there, and says nothing new
    assert states == [await press.counts(number) for number in editions]
    await press.edition_admin.resume(editions[1])
    assert 4 == len(await press.send_all())


async def test_a_copy_that_is_sent_anew_goes_out_though_an_earlier_one_was_taken(press: Pressroom) -> None:
    """It was delivered, came back later, and is on its way again when the process is killed."""
    await press.readers(1)
    edition = await press.edition()
    await press.turn()
    [outgoing] = press.take_all()
    [job] = _in_flight(press)
    press.answer(outgoing, TAKEN)
    await press.turn()
    press.taken = [JournalEntry(claim_of(job), RELAY, 250, "2.0.0")]
    press.pass_time(60)
    failure = Failure(kind=FailureKind.HARD, bounce=BounceClass.GONE, code=550, enhanced="5.1.1", reply="no such user")
    assert await press.office.database.write(fail_copy, job.row.id, failure, int(press.office.now))
    await press.edition_admin.resend(edition)
    await press.turn()
    press.take_all()
    await press.start()
    assert {"queued": 1} == await press.counts(edition)


async def test_a_notice_goes_out_again(press: Pressroom) -> None:
    await press.edition_admin.send_test(
        "news",
        Manuscript(source=b"---\nsubject: Try\n---\nx\n", source_name="a.md", assets={}),
        [parse_address("a@else.example")],
    )
    await press.turn()
    first = press.take()
    await press.start()
    assert first is not None
    (again,) = await press.send_all()
    assert first.content == again.content
    assert [("delivered", 2)] == await press.rows("select state, attempts from delivery")


async def test_a_notice_that_a_relay_has_does_not(press: Pressroom) -> None:
    await queue_notice(press, "a@else.example")
    await press.turn()
    press.take()
    press.taken = [JournalEntry(claim_of(job), RELAY, 250, "2.0.0") for job in _in_flight(press)]
    await press.start()
    assert [("delivered", 1)] == await press.rows("select state, attempts from delivery")
    assert [] == await press.send_all()


async def test_starting_often_loses_nothing(press: Pressroom) -> None:
    await press.readers(7)
    edition = await press.edition()
    for _ in range(5):
        await press.turn()
        outgoing = press.take()
        assert outgoing is not None
        press.answer(outgoing, TAKEN)
        await press.turn()
        press.take_all()
        await press.start()
    assert {"delivered": 5, "queued": 2} == await press.counts(edition)


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
    press: Pressroom, quiet: float, failing_for: float | None, loop_failing_for: float | None, blockers: int
) -> None:
    readiness = Readiness(
        database=press.office.database,
        progress=press.dispatcher,
        relays=press.pool,
        loops=lambda: [press.dispatcher, press.housekeeping],
        clock=press.clock,
    )
    await press.turn()
    press.pass_time(quiet)
    if failing_for is not None:
        since = press.clock() - failing_for
        press.pool.status = RelayStatus(name=RELAY, connections=0, failing_since=since, last_error="refused")
    if loop_failing_for is not None:
        since = press.clock() - loop_failing_for
        press.housekeeping.fault = LoopFault(since=since, times=7, problem="OSError: No space left on device")
    problems = await readiness.problems()
    assert blockers == len(problems)
    if loop_failing_for is not None and blockers:
        assert [
            "housekeeping has failed since 2027-01-15T07:59:00Z, 7 times: OSError: No space left on device"
        ] == problems


async def test_a_database_that_takes_no_changes_stands_in_the_way(press: Pressroom) -> None:
    """As a server that has become a standby: it answers, and the lease runs out."""
    held = [True, False]
    readiness = Readiness(
        database=press.office.database,
        progress=press.dispatcher,
        relays=press.pool,
        loops=list,
        clock=press.clock,
        holds_database=lambda: held.pop(0),
    )
    await press.turn()
    assert [] == await readiness.problems()
    [obstacle] = await readiness.obstacles()
    assert (Cause.DATABASE, True) == (obstacle.cause, "takes no changes" in obstacle.text)
