"""The queue: claimed before it is handed out, recorded as it went, and given back to those it belongs to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.database import REFUSALS, file_of, held_by_another, refused_updates
from tests.delivery.pressroom import (
    GONE,
    LATER,
    LOST,
    TAKEN,
    UNSENT,
    Pressroom,
    identity,
)

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import Unavailable
from pressrun.core.quantities import Rate
from pressrun.delivery.queue import dispatcher
from pressrun.delivery.queue.destination_queues import STALE_SECONDS
from pressrun.delivery.queue.wakeups import Work
from pressrun.services import background
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.mails.forwards import new_forward
from pressrun.services.settings import DeliverySettings
from pressrun.smtp.handover import Outgoing
from pressrun.store.lists.lists import find_list
from pressrun.store.queue.deliveries import claim_notices
from pressrun.store.queue.inbound import InboundMail
from pressrun.store.queue.notices import insert_notice
from pressrun.store.transaction import Transaction

CLAIMED = "select state, attempts from delivery where id = ?"


async def queue_notice(press: Pressroom, address: str = "test@reader.example") -> None:
    await press.edition_admin.send_test(
        "news",
        Manuscript(source=b"---\nsubject: Try\n---\nx\n", source_name="a.md", assets={}),
        [parse_address(address)],
    )


# ---------------------------------------------------------------------- the way of a copy


async def test_an_edition_goes_to_everyone_once_and_is_finished(press: Pressroom) -> None:
    addresses = await press.readers(5)
    edition = await press.edition()
    sent = await press.send_all()
    assert sorted(addresses) == sorted(outgoing.rcpt_to for outgoing in sent)
    assert ("finished", {"delivered": 5}) == (await press.state(edition), await press.counts(edition))
    assert 5 == len({identity(outgoing)[0] for outgoing in sent})


async def test_a_copy_is_claimed_before_a_connection_sees_it(press: Pressroom) -> None:
    await press.readers(2)
    await press.edition()
    await press.turn()
    outgoing = press.take()
    assert outgoing is not None
    assert [("claimed", 1)] == await press.rows(CLAIMED, outgoing.delivery_id)


async def test_notices_go_first(press: Pressroom) -> None:
    await press.readers(2)
    await press.edition()
    await queue_notice(press)
    await press.turn()
    first = press.take()
    assert first is not None
    assert "test@reader.example" == first.rcpt_to


async def test_two_editions_share_the_turns(press: Pressroom) -> None:
    await press.office.make_list("other")
    await press.readers(20)
    await press.readers(20, "other")
    first, second = await press.edition("first"), await press.edition("second", "other")
    press.settings = DeliverySettings(rates=(Rate(40, 1.0),))
    await press.start()
    await press.turn()
    counts = [(await press.counts(number)).get("claimed", 0) for number in (first, second)]
    assert abs(counts[0] - counts[1]) <= 1
    assert sum(counts) > 2


async def test_a_deferred_copy_comes_back_after_its_wait_under_the_same_name_and_date(press: Pressroom) -> None:
    await press.readers(1)
    edition = await press.edition()
    press.pass_time(0.9)
    await press.turn()
    press.pass_time(0.3)  # claimed in one second, taken in the next
    first = press.take()
    assert first is not None
    press.answer(first, LATER)
    await press.turn()
    assert {"deferred": 1} == await press.counts(edition)
    press.pass_time(299)
    assert [] == await press.send_all()
    press.pass_time(40)
    (second,) = await press.send_all()
    assert identity(first) == identity(second)
    assert {"delivered": 1} == await press.counts(edition)


async def test_what_was_never_handed_over_counts_as_not_tried(press: Pressroom) -> None:
    await press.readers(1)
    edition = await press.edition()
    await press.turn()
    first = press.take()
    assert first is not None
    press.answer(first, UNSENT)
    press.pass_time(100)
    await press.turn()
    assert [("queued", 0, None)] == await press.rows("select state, attempts, first_attempt_at from delivery")
    await press.turn()
    assert [("claimed", 1, int(press.office.now))] == await press.rows(
        "select state, attempts, first_attempt_at from delivery"
    )
    second = press.take()
    assert second is not None
    assert identity(first)[0] == identity(second)[0]
    press.answer(second, TAKEN)
    await press.turn()
    assert "finished" == await press.state(edition)


async def test_a_copy_without_an_answer_goes_out_again_later(press: Pressroom) -> None:
    await press.readers(1)
    edition = await press.edition()
    await press.send_all(LOST)
    assert {"deferred": 1} == await press.counts(edition)
    assert [(None, "the connection ended before the relay replied; it may have accepted the copy")] == (
        await press.rows("select code, reply from delivery")
    )


async def test_a_copy_that_nobody_takes_is_given_up(press: Pressroom) -> None:
    await press.readers(1)
    edition = await press.edition()
    for _ in range(60):
        await press.send_all(LATER)
        press.pass_time(4.4 * 3600)
    assert ("finished", {"failed": 1}) == (await press.state(edition), await press.counts(edition))
    assert [("expired", 450)] == await press.rows("select kind, code from delivery")


async def test_a_refusal_is_recorded_with_its_words(press: Pressroom) -> None:
    await press.readers(1)
    edition = await press.edition()
    await press.send_all(GONE)
    assert [("failed", "hard", 550, "5.1.1", "no such user", "primary")] == await press.rows(
        "select state, kind, code, enhanced, reply, relay from delivery"
    )
    assert "finished" == await press.state(edition)


async def test_a_clock_that_was_set_back_holds_nothing_up(press: Pressroom) -> None:
    await press.readers(3)
    edition = await press.edition()
    await queue_notice(press)
    press.pass_time(-86400)
    assert 4 == len(await press.send_all())
    assert "finished" == await press.state(edition)


async def test_a_clock_that_was_set_back_stops_the_pace_for_one_window(press: Pressroom) -> None:
    await press.readers(5)
    press.settings = DeliverySettings(rates=(Rate(1, 10.0),))
    await press.start()
    await press.edition()
    assert 1 == len(await press.send_all())
    press.pass_time(-86400)
    assert [] == await press.send_all()
    press.pass_time(10)
    assert 1 == len(await press.send_all())


# ---------------------------------------------------------------------- people who go meanwhile


async def test_who_leaves_before_the_claim_gets_nothing(press: Pressroom) -> None:
    await press.readers(3)
    edition = await press.edition()
    await press.leave("r1@reader.example")
    assert {"r0@reader.example", "r2@reader.example"} == {outgoing.rcpt_to for outgoing in await press.send_all()}
    assert {"delivered": 2, "cancelled": 1} == await press.counts(edition)


async def test_an_edition_is_finished_when_its_last_reader_leaves(press: Pressroom) -> None:
    await press.readers(1)
    edition = await press.edition()
    await press.leave("r0@reader.example")
    await press.turn()
    assert ("finished", {"cancelled": 1}) == (await press.state(edition), await press.counts(edition))


@pytest.mark.parametrize("way", ["leave", "erase", "suppress", "hard-bounce", "cancel"])
@pytest.mark.parametrize("result", [LATER, UNSENT])
async def test_a_claimed_copy_that_comes_back_does_not_go_out_again(press: Pressroom, way: str, result: object) -> None:
    """Claimed, it may still go; put off or given back, it may not."""
    await press.readers(1)
    edition = await press.edition()
    await press.turn()
    outgoing = press.take()
    assert outgoing is not None
    await go(press, way, edition)
    press.answer(outgoing, LATER if result is LATER else UNSENT)
    await press.turn()
    press.pass_time(86400)
    assert [] == await press.send_all()
    assert {"cancelled": 1} == await press.counts(edition)


@pytest.mark.parametrize("way", ["leave", "erase", "suppress", "hard-bounce", "cancel"])
async def test_a_copy_claimed_by_a_dead_process_does_not_go_out_to_who_went(press: Pressroom, way: str) -> None:
    await press.readers(1)
    edition = await press.edition()
    await press.turn()
    assert press.take() is not None
    await go(press, way, edition)
    await press.start()
    assert [] == await press.send_all()
    assert {"cancelled": 1} == await press.counts(edition)


async def go(press: Pressroom, way: str, edition: int) -> None:
    address = parse_address("r0@reader.example")
    if way == "leave":
        await press.leave(address.typed)
    elif way == "erase":
        await press.office.subscribers.erase(address)
    elif way == "suppress":
        await press.office.suppressions.add(address, "operator")
    elif way == "hard-bounce":
        await press.office.suppressions.add(address, "hard-bounce")
    else:
        await press.edition_admin.cancel(edition)


async def test_who_is_erased_while_claimed_stays_in_the_counts(press: Pressroom) -> None:
    await press.readers(2)
    edition = await press.edition()
    await press.turn()
    taken = press.take_all()
    await press.office.subscribers.erase(parse_address("r0@reader.example"))
    for outgoing in taken:
        press.answer(outgoing, TAKEN)
    await press.turn()
    assert ("finished", {"delivered": 2}) == (await press.state(edition), await press.counts(edition))


async def _taken_as_the_list_is_removed(press: Pressroom) -> Outgoing:
    """What a connection had then; the relay puts it off."""
    taken = press.take()
    assert taken is not None
    await press.office.lists.close_list("news")
    await press.office.lists.remove_list("news")
    press.answer(taken, LATER)
    await press.turn()
    return taken


async def test_a_list_that_is_removed_meanwhile_leaves_nothing_behind(press: Pressroom) -> None:
    await press.readers(2)
    await press.edition()
    await press.turn()
    await _taken_as_the_list_is_removed(press)
    assert [] == await press.rows("select * from delivery")


async def test_mail_to_the_owner_of_a_list_that_is_removed_meanwhile_arrives(press: Pressroom) -> None:
    """It was accepted from somebody; should it come back, its return path is of no list."""
    await press.readers(1)
    mail = InboundMail(
        id=1,
        mail_from="eve@else.example",
        recipient="news-owner",
        peer="",
        utf8=False,
        received_at=1,
        content=b"Subject: Hello\r\n\r\n",
        content_digest=b"",
    )

    def forward(tx: Transaction) -> None:
        target = find_list(tx, "news")
        owner = parse_address("owner@harbour.example")
        insert_notice(tx, new_forward(mail, owner, target, trace=b"", message_secret=b"m"), int(press.office.now))

    await press.office.database.write(forward)
    await press.turn()
    taken = await _taken_as_the_list_is_removed(press)
    press.pass_time(3600)
    [outgoing] = await press.send_all()
    assert (taken.content, "owner@harbour.example") == (outgoing.content, outgoing.rcpt_to)
    assert outgoing.mail_from.startswith("postmaster-bounces+")


async def test_what_is_claimed_goes_back_when_no_connection_takes_it(press: Pressroom) -> None:
    """A relay is down: who leaves now must not get the copy when it is back."""
    await press.readers(3)
    edition = await press.edition()
    await press.turn()
    assert {"claimed": 3} == await press.counts(edition)
    press.pass_time(STALE_SECONDS)
    await press.turn()
    assert {"queued": 3} == await press.counts(edition)
    assert [(0, None)] == await press.rows("select distinct attempts, first_attempt_at from delivery")
    assert press.take() is None
    await press.leave("r0@reader.example")
    assert 2 == len(await press.send_all())
    assert "finished" == await press.state(edition)


# ---------------------------------------------------------------------- pause and drain


@pytest.mark.parametrize(("verb", "state"), [("pause", "queued"), ("cancel", "cancelled")])
async def test_what_no_connection_has_at_a_pause_or_the_end_does_not_go_out(
    press: Pressroom, verb: str, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it was claimed ahead of its turn, and the press may have some. Another list's edition goes on."""
    recalls: list[str] = []
    monkeypatch.setattr(press.worker, "recall", lambda: recalls.append(verb))
    await press.readers(9)
    await press.office.make_list("other")
    other_readers = await press.readers(4, "other")
    edition = await press.edition()
    await press.turn()
    on_their_way = [press.take(), press.take()]
    other = await press.edition(name="other")
    await press.turn()
    assert ({"claimed": 9}, {"claimed": 4}) == (await press.counts(edition), await press.counts(other))
    await getattr(press.edition_admin, verb)(edition)
    await press.turn()
    assert sorted(other_readers) == sorted(outgoing.rcpt_to for outgoing in await press.take_after_turn())
    assert [verb] == recalls
    for outgoing in on_their_way:
        assert outgoing is not None
        press.answer(outgoing, TAKEN)
    await press.turn()
    assert {"delivered": 2, state: 7} == await press.counts(edition)


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel"])
async def test_the_next_turn_comes_at_once_after_a_button(press: Pressroom, verb: str) -> None:
    edition = await press.edition(scheduled_at=int(press.clock()) + 3600)
    if verb == "resume":
        await press.edition_admin.pause(edition)
    woken = press.office.woken
    await getattr(press.edition_admin, verb)(edition)
    assert woken + 1 == press.office.woken


async def test_after_a_pause_everybody_has_one_copy(press: Pressroom) -> None:
    await press.readers(9)
    edition = await press.edition()
    await press.turn()
    taken = press.take()
    assert taken is not None
    await press.edition_admin.pause(edition)
    assert [] == (await press.take_after_turn())
    press.answer(taken, TAKEN)
    assert [] == (await press.send_all())
    assert "paused" == await press.state(edition)
    await press.edition_admin.resume(edition)
    assert 8 == len({outgoing.rcpt_to for outgoing in await press.send_all()} - {taken.rcpt_to})
    assert ("finished", {"delivered": 9}) == (await press.state(edition), await press.counts(edition))


async def test_an_edition_whose_last_copies_were_in_flight_at_the_pause_is_finished(press: Pressroom) -> None:
    await press.readers(1)
    edition = await press.edition()
    await press.turn()
    outgoing = press.take()
    assert outgoing is not None
    await press.edition_admin.pause(edition)
    press.answer(outgoing, TAKEN)
    await press.turn()
    assert "finished" == await press.state(edition)


async def test_a_drain_gives_back_what_no_connection_has(press: Pressroom) -> None:
    await press.readers(3)
    edition = await press.edition()
    press.dispatcher.connect(press.pool)
    running = asyncio.create_task(press.dispatcher.run())
    while not press.pool.wakes:  # noqa: ASYNC110 - each step lets the loop turn
        await asyncio.sleep(0)
    outgoing = press.take()
    assert outgoing is not None
    press.answer(outgoing, TAKEN)
    await press.dispatcher.drain(1.0)
    await running
    assert {"delivered": 1, "queued": 2} == await press.counts(edition)
    assert [(0, None)] == await press.rows(
        "select distinct attempts, first_attempt_at from delivery where state = 'queued'"
    )


async def test_a_turn_that_was_under_way_when_the_drain_began_gives_its_claims_back(press: Pressroom) -> None:
    await press.readers(3)
    edition = await press.edition()
    turn = asyncio.create_task(press.turn())
    await asyncio.sleep(0)
    await press.dispatcher.drain(1.0)
    await turn
    await press.turn()
    assert {"queued": 3} == await press.counts(edition)
    assert press.take() is None


async def test_a_copy_that_a_drain_gives_up_is_due_after_the_start(press: Pressroom) -> None:
    """It neither waits for a retry nor expires, although it is late, because its relay has not refused it."""
    await press.readers(1)
    edition = await press.edition()
    await press.send_all(LATER)
    press.office.now += DeliverySettings().give_up_after_seconds - 1
    await press.turn()
    outgoing = press.take()
    assert outgoing is not None
    await press.dispatcher.drain(1.0)
    press.answer(outgoing, LOST)
    await press.turn()
    assert {"deferred": 1} == await press.counts(edition)
    assert [(2, int(press.office.now), None)] == await press.rows("select attempts, due_at, kind from delivery")
    assert press.take() is None


async def test_while_draining_nothing_is_handed_out(press: Pressroom) -> None:
    await press.readers(3)
    await press.edition()
    await press.turn()
    press.dispatcher.broker._in_flight.is_closed = True
    assert (None, 0) == (press.take(), press.dispatcher.broker.waiting("primary"))


# ---------------------------------------------------------------------- faults


async def test_a_turn_that_the_database_refuses_loses_no_result(press: Pressroom) -> None:
    await press.readers(4)
    edition = await press.edition()
    await press.turn()
    first, second, third, *_ = press.take_all()
    press.answer(first, TAKEN)
    press.answer(second, UNSENT)
    async with refused_updates(press.office.database, "delivery"):
        with pytest.raises(REFUSALS, match="no updates"):
            await press.turn()
        press.answer(third, GONE)
    await press.turn()
    assert {"delivered": 1, "failed": 1, "claimed": 2} == await press.counts(edition)


async def test_results_wait_for_the_disk_where_a_server_could_forget_them(
    press: Pressroom, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """What a killed server forgot would go out again."""
    recorded: list[str] = []

    async def record(work: Any, *args: Any, **kwargs: Any) -> Any:
        recorded.append(work.__name__)
        return await press.office.database.write(work, *args, **kwargs)

    monkeypatch.setattr(press.office.database, "record", record)
    await press.readers(3)
    edition = await press.edition()
    await press.turn()
    await press.send_all()
    assert 3 == (await press.counts(edition))["delivered"]
    assert (engine == "sqlite") == bool(recorded)


@pytest.mark.only_on("sqlite", "PostgreSQL has no lock that holds up all who write")
async def test_the_loop_goes_on_when_the_database_is_back(press: Pressroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "FIRST_PAUSE_SECONDS", 0.001)
    await press.readers(2)
    edition = await press.edition()
    await press.turn()
    taken = press.take_all()
    await press.change("pragma busy_timeout = 0")
    with held_by_another(file_of(press.office.database.location)):
        for outgoing in taken:
            press.answer(outgoing, TAKEN)
        press.dispatcher.connect(press.pool)
        running = asyncio.create_task(press.dispatcher.run())
        await asyncio.sleep(0.02)
    await press.dispatcher.drain(1.0)
    await running
    assert {"delivered": 2} == await press.counts(edition)


async def test_the_end_of_a_drain_is_tried_again_when_the_database_refuses_it(
    press: Pressroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "AFTER_FAULT_SECONDS", 0.001)
    await press.readers(1)
    edition = await press.edition()
    await press.turn()
    for outgoing in press.take_all():
        press.answer(outgoing, TAKEN)
    refusals = 1

    async def refuse_once(*arguments: object) -> object:
        nonlocal refusals
        if refusals:
            refusals -= 1
            raise Unavailable("full")
        return await write(*arguments)  # type: ignore[arg-type]  # passed through

    write = press.office.database.write
    monkeypatch.setattr(press.office.database, "write", refuse_once)
    monkeypatch.setattr(press.office.database, "record", refuse_once)
    await press.dispatcher.drain(0.1)
    await press.dispatcher.run()
    assert (0, {"delivered": 1}) == (refusals, await press.counts(edition))


async def test_a_copy_that_cannot_be_composed_waits_and_holds_up_no_other(press: Pressroom) -> None:
    await press.readers(3)
    edition = await press.edition()
    await press.change("update subscriber set address = 'no address' where id = 1")
    assert 2 == len(await press.send_all())
    assert {"delivered": 2, "deferred": 1} == await press.counts(edition)
    assert [("the mail could not be composed: MalformedAddress",)] == await press.rows(
        "select reply from delivery where state = 'deferred'"
    )
    await press.change("update subscriber set address = 'r0@reader.example' where id = 1")
    press.pass_time(400)
    assert 1 == len(await press.send_all())
    assert "finished" == await press.state(edition)


async def test_a_notice_of_an_unknown_kind_holds_up_no_other(press: Pressroom) -> None:
    await queue_notice(press)
    await queue_notice(press, "other@reader.example")
    await press.change("update notice set content = null, kind = 'from the future' where id = 1")
    assert ["other@reader.example"] == [outgoing.rcpt_to for outgoing in await press.send_all()]


async def test_after_a_kill_the_same_copies_go_out(press: Pressroom) -> None:
    """Whatever had no recorded answer goes out once more, under the same Message-ID and Date; nothing else does."""
    await press.readers(6)
    edition = await press.edition()
    await press.turn()
    recorded, answered, taken = (press.take() for _ in range(3))
    assert recorded
    assert answered
    assert taken
    press.answer(recorded, TAKEN)
    await press.turn()
    press.answer(answered, TAKEN)  # and the process dies before the next turn
    press.pass_time(5)
    await press.start()
    again = {outgoing.delivery_id: outgoing for outgoing in await press.send_all()}
    assert recorded.delivery_id not in again
    assert [identity(answered), identity(taken)] == [
        identity(again[answered.delivery_id]),
        identity(again[taken.delivery_id]),
    ]
    assert ("finished", {"delivered": 6}) == (await press.state(edition), await press.counts(edition))


async def test_the_loop_sleeps_while_an_editions_canary_is_in_flight(press: Pressroom) -> None:
    """What waits behind the canary is not due: looking again at once would spin."""
    await press.readers(10)
    await press.edition(canary_percent=10)
    await press.turn()
    outgoing = press.take()
    assert outgoing is not None
    await press.turn()
    assert press.dispatcher.broker.wake_ups.next_at is None


async def test_the_loop_sleeps_while_it_drains(press: Pressroom) -> None:
    await press.readers(2)
    await press.edition()
    press.dispatcher.broker._in_flight.is_closed = True
    await press.turn()
    assert press.dispatcher.broker.wake_ups.next_at is None


async def test_the_loop_wakes_for_what_is_due_next(press: Pressroom) -> None:
    await press.readers(1)
    await press.edition(scheduled_at=int(press.office.now) + 60)
    await press.turn()
    assert press.office.now + 60 == press.dispatcher.broker.wake_ups.next_at
    press.pass_time(60)
    await press.send_all(LATER)
    (due,) = (await press.rows("select due_at from delivery"))[0]
    assert due == press.dispatcher.broker.wake_ups.next_at


async def test_a_change_is_looked_at_in_the_next_turn(press: Pressroom) -> None:
    press.dispatcher.wake()
    assert press.dispatcher.broker.wake_ups._wanted.is_set()


async def test_notices_are_claimed_whatever_editions_do(press: Pressroom) -> None:
    await queue_notice(press)
    rows, _ = await press.office.database.write(
        claim_notices,
        session=press.owner.session,
        now=int(press.office.now),
        limit=9,
        octets=1,
        may_go=lambda _tx, _notice: True,
    )
    assert [(0, None)] == [(row.attempts, row.first_attempt_at) for row in rows]


async def test_large_notices_go_a_few_at_a_time(press: Pressroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody can write to an owner, and what is passed on is in memory until a relay has it."""
    monkeypatch.setattr(dispatcher, "NOTICE_OCTETS", 3000)
    content = b"From: somebody@other.example\r\n\r\n" + b"x" * 1000
    for number in range(10):
        await press.change(
            "insert into notice (id, kind, address, language, payload, content, message_secret, created_at)"
            " values (?, 'forward', 'owner@other.example', 'en', ?, ?, x'00', 1)",
            900 + number,
            '{"null_sender": false, "utf8": false}',
            content,
        )
        await press.change(
            "insert into delivery (notice_id, domain, state, due_at) values (?, 'o', 'queued', 1)", 900 + number
        )
    sizes = []
    while taken := await press.take_after_turn():
        sizes.append(len(taken))
        assert [] == await press.take_after_turn()
        for outgoing in taken:
            press.answer(outgoing, TAKEN)
        assert press.dispatcher.broker.wake_ups._work >= Work.CLAIM
    assert [3, 3, 3, 1] == sizes


async def test_a_relay_that_answers_again_gets_copies_with_its_first_answer(press: Pressroom) -> None:
    """It took nothing for so long that what waited went back; then it is slow, not gone."""
    await press.readers(60)
    await press.edition()
    await press.turn()
    first, *_ = [press.take() for _ in range(8)]
    press.pass_time(STALE_SECONDS)
    await press.dispatcher.cycle()
    assert 0 == len(press.dispatcher.broker.scheduler.rows)
    await press.dispatcher.cycle()
    assert first is not None
    press.answer(first, TAKEN)
    await press.dispatcher.cycle()
    assert 52 == len(press.dispatcher.broker.scheduler.rows)


# ---------------------------------------------------------------------- while the database is moved


async def test_while_the_database_is_shut_others_get_their_turn(press: Pressroom) -> None:
    """Nothing is claimed, and what has long been due does not keep the loop busy. Afterwards it goes on."""
    await press.readers(1)
    await press.edition()
    await press.turn()
    press.office.database._gate.reason = "it is being moved"
    press.pass_time(10)
    turns: list[str] = []
    asyncio.get_running_loop().call_soon(turns.append, "another")
    assert await press.dispatcher.step()
    assert turns == ["another"]
    assert press.dispatcher.alive_at == press.office.now
    press.office.database._gate.reason = None
    await press.turn()  # what was claimed before has waited for long, and goes back first
    assert 1 == len(await press.send_all())
