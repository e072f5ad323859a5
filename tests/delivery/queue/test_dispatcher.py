"""The queue: claimed before it is handed out, recorded as it went, and given back to those it belongs to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.database import REFUSALS, file_of, held_by_another, refused_updates
from tests.delivery.harness import (
    GONE,
    LATER,
    LOST,
    TAKEN,
    UNSENT,
    DeliveryHarness,
    identity,
    mail_to_owner,
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
from pressrun.smtp.handover import HandOver, Outgoing
from pressrun.store.lists.lists import find_list
from pressrun.store.queue.deliveries import claim_notices
from pressrun.store.queue.notices import insert_notice
from pressrun.store.transaction import Transaction

CLAIMED = "select state, attempts from delivery where id = ?"


async def queue_notice(harness: DeliveryHarness, address: str = "test@reader.example") -> None:
    await harness.edition_admin.send_test(
        "news",
        Manuscript(source=b"---\nsubject: Try\n---\nx\n", source_name="a.md", assets={}),
        [parse_address(address)],
    )


# ---------------------------------------------------------------------- the way of a copy


async def test_an_edition_goes_to_everyone_once_and_is_finished(harness: DeliveryHarness) -> None:
    addresses = await harness.readers(5)
    edition = await harness.edition()
    sent = await harness.send_all()
    assert sorted(addresses) == sorted(outgoing.rcpt_to for outgoing in sent)
    assert ("finished", {"delivered": 5}) == (await harness.state(edition), await harness.counts(edition))
    assert 5 == len({identity(outgoing)[0] for outgoing in sent})


async def test_a_copy_is_claimed_before_a_connection_sees_it(harness: DeliveryHarness) -> None:
    await harness.readers(2)
    await harness.edition()
    await harness.run_cycle()
    outgoing = harness.next_outgoing()
    assert outgoing is not None
    assert [("claimed", 1)] == await harness.rows(CLAIMED, outgoing.delivery_id)


async def test_notices_go_first(harness: DeliveryHarness) -> None:
    await harness.readers(2)
    await harness.edition()
    await queue_notice(harness)
    await harness.run_cycle()
    first = harness.next_outgoing()
    assert first is not None
    assert "test@reader.example" == first.rcpt_to


@pytest.mark.parametrize("answer", [TAKEN, LATER, GONE], ids=["taken", "later", "gone"])
async def test_the_words_of_a_relay_about_a_notice_are_kept(harness: DeliveryHarness, answer: HandOver) -> None:
    """Whoever asks why an invitation or an alert did not come reads them."""
    await queue_notice(harness)
    await harness.send_all(answer)
    assert answer.reply is not None
    assert [(answer.reply.text,)] == await harness.rows("select reply from delivery where notice_id is not null")


async def test_two_editions_share_the_turns(harness: DeliveryHarness) -> None:
    await harness.services.make_list("other")
    await harness.readers(20)
    await harness.readers(20, "other")
    first, second = await harness.edition("first"), await harness.edition("second", "other")
    harness.settings = DeliverySettings(rates=(Rate(40, 1.0),))
    await harness.start()
    await harness.run_cycle()
    counts = [(await harness.counts(number)).get("claimed", 0) for number in (first, second)]
    assert abs(counts[0] - counts[1]) <= 1
    assert sum(counts) > 2


async def test_a_deferred_copy_comes_back_after_its_wait_under_the_same_name_and_date(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    edition = await harness.edition()
    harness.pass_time(0.9)
    await harness.run_cycle()
    harness.pass_time(0.3)  # claimed in one second, taken in the next
    first = harness.next_outgoing()
    assert first is not None
    harness.answer(first, LATER)
    await harness.run_cycle()
    assert {"deferred": 1} == await harness.counts(edition)
    harness.pass_time(299)
    assert [] == await harness.send_all()
    harness.pass_time(40)
    (second,) = await harness.send_all(LATER)
    harness.pass_time(1000)
    (third,) = await harness.send_all()
    assert identity(first) == identity(second) == identity(third)
    assert {"delivered": 1} == await harness.counts(edition)


async def test_what_was_never_handed_over_counts_as_not_tried(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    edition = await harness.edition()
    await harness.run_cycle()
    first = harness.next_outgoing()
    assert first is not None
    harness.answer(first, UNSENT)
    harness.pass_time(100)
    await harness.run_cycle()
    assert [("queued", 0, None)] == await harness.rows("select state, attempts, first_attempt_at from delivery")
    await harness.run_cycle()
    assert [("claimed", 1, int(harness.services.now))] == await harness.rows(
        "select state, attempts, first_attempt_at from delivery"
    )
    second = harness.next_outgoing()
    assert second is not None
    assert identity(first)[0] == identity(second)[0]
    harness.answer(second, TAKEN)
    await harness.run_cycle()
    assert "finished" == await harness.state(edition)


@pytest.mark.parametrize("are_counted", [True, False])
async def test_an_edition_is_not_over_while_its_last_copy_is_in_flight(
    harness: DeliveryHarness, are_counted: bool
) -> None:
    """That copy may come back, and would wait for ever. Not even where the kept numbers know of none."""
    [address] = await harness.readers(1)
    edition = await harness.edition()
    [outgoing] = await harness.outgoing_after_cycle()
    if not are_counted:
        await harness.change("update copy_count set claimed = 0")
    await harness.run_cycle()
    assert "sending" == await harness.state(edition)
    harness.answer(outgoing, LATER)
    await harness.run_cycle()
    harness.pass_time(7200)
    assert [address] == [outgoing.rcpt_to for outgoing in await harness.send_all()]


async def test_a_copy_without_an_answer_goes_out_again_later(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    edition = await harness.edition()
    await harness.send_all(LOST)
    assert {"deferred": 1} == await harness.counts(edition)
    assert [(None, "the connection ended before the relay replied; it may have accepted the copy")] == (
        await harness.rows("select code, reply from delivery")
    )


async def test_a_copy_that_nobody_takes_is_given_up(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    edition = await harness.edition()
    for _ in range(60):
        await harness.send_all(LATER)
        harness.pass_time(4.4 * 3600)
    assert ("finished", {"failed": 1}) == (await harness.state(edition), await harness.counts(edition))
    assert [("expired", 450)] == await harness.rows("select kind, code from delivery")


async def test_a_refusal_is_recorded_with_its_words(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    edition = await harness.edition()
    await harness.send_all(GONE)
    assert [("failed", "hard", 550, "5.1.1", "no such user", "primary")] == await harness.rows(
        "select state, kind, code, enhanced, reply, relay from delivery"
    )
    assert "finished" == await harness.state(edition)


async def test_a_clock_that_was_set_back_holds_nothing_up(harness: DeliveryHarness) -> None:
    await harness.readers(3)
    edition = await harness.edition()
    await queue_notice(harness)
    harness.pass_time(-86400)
    assert 4 == len(await harness.send_all())
    assert "finished" == await harness.state(edition)


async def test_a_clock_that_was_set_back_stops_the_pace_for_one_window(harness: DeliveryHarness) -> None:
    await harness.readers(5)
    harness.settings = DeliverySettings(rates=(Rate(1, 10.0),))
    await harness.start()
    await harness.edition()
    assert 1 == len(await harness.send_all())
    harness.pass_time(-86400)
    assert [] == await harness.send_all()
    harness.pass_time(10)
    assert 1 == len(await harness.send_all())


# ---------------------------------------------------------------------- people who go meanwhile


async def test_who_leaves_before_the_claim_gets_nothing(harness: DeliveryHarness) -> None:
    await harness.readers(3)
    edition = await harness.edition()
    await harness.leave("r1@reader.example")
    assert {"r0@reader.example", "r2@reader.example"} == {outgoing.rcpt_to for outgoing in await harness.send_all()}
    assert {"delivered": 2, "cancelled": 1} == await harness.counts(edition)


@pytest.mark.parametrize("way", ["leave", "erase", "suppress", "hard-bounce"])
@pytest.mark.parametrize("is_put_off", [False, True])
async def test_an_edition_is_finished_when_its_last_reader_goes(
    harness: DeliveryHarness, way: str, is_put_off: bool
) -> None:
    await harness.readers(1)
    edition = await harness.edition()
    if is_put_off:
        await harness.send_all(LATER)
    await go(harness, way, edition)
    await harness.run_cycle()
    assert ("finished", {"cancelled": 1}) == (await harness.state(edition), await harness.counts(edition))


@pytest.mark.parametrize("way", ["leave", "erase", "suppress", "hard-bounce", "cancel"])
@pytest.mark.parametrize("result", [LATER, UNSENT])
async def test_a_claimed_copy_that_comes_back_does_not_go_out_again(
    harness: DeliveryHarness, way: str, result: object
) -> None:
    """Claimed, it may still go; put off or given back, it may not."""
    await harness.readers(1)
    edition = await harness.edition()
    await harness.run_cycle()
    outgoing = harness.next_outgoing()
    assert outgoing is not None
    await go(harness, way, edition)
    harness.answer(outgoing, LATER if result is LATER else UNSENT)
    await harness.run_cycle()
    harness.pass_time(86400)
    assert [] == await harness.send_all()
    assert {"cancelled": 1} == await harness.counts(edition)


@pytest.mark.parametrize("way", ["leave", "erase", "suppress", "hard-bounce", "cancel"])
async def test_a_copy_claimed_by_a_dead_process_does_not_go_out_to_who_went(harness: DeliveryHarness, way: str) -> None:
    await harness.readers(1)
    edition = await harness.edition()
    await harness.run_cycle()
    assert harness.next_outgoing() is not None
    await go(harness, way, edition)
    await harness.start()
    assert [] == await harness.send_all()
    assert {"cancelled": 1} == await harness.counts(edition)


async def go(harness: DeliveryHarness, way: str, edition: int) -> None:
    address = parse_address("r0@reader.example")
    if way == "leave":
        await harness.leave(address.typed)
    elif way == "erase":
        await harness.services.subscribers.erase(address)
    elif way == "suppress":
        await harness.services.suppressions.add(address, "operator")
    elif way == "hard-bounce":
        await harness.services.suppressions.add(address, "hard-bounce")
    else:
        await harness.edition_admin.cancel(edition)


async def test_who_is_erased_while_claimed_stays_in_the_counts(harness: DeliveryHarness) -> None:
    await harness.readers(2)
    edition = await harness.edition()
    await harness.run_cycle()
    taken = harness.all_outgoing()
    await harness.services.subscribers.erase(parse_address("r0@reader.example"))
    for outgoing in taken:
        harness.answer(outgoing, TAKEN)
    await harness.run_cycle()
    assert ("finished", {"delivered": 2}) == (await harness.state(edition), await harness.counts(edition))


async def _taken_as_the_list_is_removed(harness: DeliveryHarness) -> Outgoing:
    """What a connection had then; the relay puts it off."""
    taken = harness.next_outgoing()
    assert taken is not None
    await harness.services.lists.close_list("news")
    await harness.services.lists.remove_list("news")
    harness.answer(taken, LATER)
    await harness.run_cycle()
    return taken


async def test_a_list_that_is_removed_meanwhile_leaves_nothing_behind(harness: DeliveryHarness) -> None:
    await harness.readers(2)
    await harness.edition()
    await harness.run_cycle()
    await _taken_as_the_list_is_removed(harness)
    assert [] == await harness.rows("select * from delivery")


async def test_mail_to_the_owner_of_a_list_that_is_removed_meanwhile_arrives(harness: DeliveryHarness) -> None:
    """It was accepted from somebody; should it come back, its return path is of no list."""
    await harness.readers(1)
    mail = mail_to_owner(1)

    def forward(tx: Transaction) -> None:
        target = find_list(tx, "news")
        owner = parse_address("owner@harbour.example")
        insert_notice(tx, new_forward(mail, owner, target, trace=b"", message_secret=b"m"), int(harness.services.now))

    await harness.services.database.write(forward)
    await harness.run_cycle()
    taken = await _taken_as_the_list_is_removed(harness)
    harness.pass_time(3600)
    [outgoing] = await harness.send_all()
    assert (taken.content, "owner@harbour.example") == (outgoing.content, outgoing.rcpt_to)
    assert outgoing.mail_from.startswith("postmaster-bounces+")


async def test_what_is_claimed_goes_back_when_no_connection_takes_it(harness: DeliveryHarness) -> None:
    """A relay is down: who leaves now must not get the copy when it is back."""
    await harness.readers(3)
    edition = await harness.edition()
    await harness.run_cycle()
    assert {"claimed": 3} == await harness.counts(edition)
    harness.pass_time(STALE_SECONDS)
    await harness.run_cycle()
    assert {"queued": 3} == await harness.counts(edition)
    assert [(0, None)] == await harness.rows("select distinct attempts, first_attempt_at from delivery")
    assert harness.next_outgoing() is None
    await harness.leave("r0@reader.example")
    assert 2 == len(await harness.send_all())
    assert "finished" == await harness.state(edition)


# ---------------------------------------------------------------------- pause and drain


@pytest.mark.parametrize(("verb", "state"), [("pause", "queued"), ("cancel", "cancelled")])
async def test_what_no_connection_has_at_a_pause_or_the_end_does_not_go_out(
    harness: DeliveryHarness, verb: str, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it was claimed ahead of its turn, and a worker may have some. Another list's edition goes on."""
    recalls: list[str] = []
    monkeypatch.setattr(harness.worker, "recall", lambda: recalls.append(verb))
    await harness.readers(9)
    await harness.services.make_list("other")
    other_readers = await harness.readers(4, "other")
    edition = await harness.edition()
    await harness.run_cycle()
    on_their_way = [harness.next_outgoing(), harness.next_outgoing()]
    other = await harness.edition(name="other")
    await harness.run_cycle()
    assert ({"claimed": 9}, {"claimed": 4}) == (await harness.counts(edition), await harness.counts(other))
    await getattr(harness.edition_admin, verb)(edition)
    await harness.run_cycle()
    assert sorted(other_readers) == sorted(outgoing.rcpt_to for outgoing in await harness.outgoing_after_cycle())
    assert [verb] == recalls
    for outgoing in on_their_way:
        assert outgoing is not None
        harness.answer(outgoing, TAKEN)
    await harness.run_cycle()
    assert {"delivered": 2, state: 7} == await harness.counts(edition)


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel"])
async def test_the_next_turn_comes_at_once_after_a_button(harness: DeliveryHarness, verb: str) -> None:
    edition = await harness.edition(scheduled_at=int(harness.clock()) + 3600)
    if verb == "resume":
        await harness.edition_admin.pause(edition)
    woken = harness.services.woken
    await getattr(harness.edition_admin, verb)(edition)
    assert woken + 1 == harness.services.woken


async def test_after_a_pause_everybody_has_one_copy(harness: DeliveryHarness) -> None:
    await harness.readers(9)
    edition = await harness.edition()
    await harness.run_cycle()
    taken = harness.next_outgoing()
    assert taken is not None
    await harness.edition_admin.pause(edition)
    assert [] == (await harness.outgoing_after_cycle())
    harness.answer(taken, TAKEN)
    assert [] == (await harness.send_all())
    assert "paused" == await harness.state(edition)
    await harness.edition_admin.resume(edition)
    assert 8 == len({outgoing.rcpt_to for outgoing in await harness.send_all()} - {taken.rcpt_to})
    assert ("finished", {"delivered": 9}) == (await harness.state(edition), await harness.counts(edition))


async def test_an_edition_whose_last_copies_were_in_flight_at_the_pause_is_finished(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    edition = await harness.edition()
    await harness.run_cycle()
    outgoing = harness.next_outgoing()
    assert outgoing is not None
    await harness.edition_admin.pause(edition)
    harness.answer(outgoing, TAKEN)
    await harness.run_cycle()
    assert "finished" == await harness.state(edition)


async def test_a_drain_gives_back_what_no_connection_has(harness: DeliveryHarness) -> None:
    await harness.readers(3)
    edition = await harness.edition()
    harness.dispatcher.connect(harness.pool)
    running = asyncio.create_task(harness.dispatcher.run())
    while not harness.pool.wakes:  # noqa: ASYNC110 - each step lets the loop turn
        await asyncio.sleep(0)
    outgoing = harness.next_outgoing()
    assert outgoing is not None
    harness.answer(outgoing, TAKEN)
    await harness.dispatcher.drain(1.0)
    await running
    assert {"delivered": 1, "queued": 2} == await harness.counts(edition)
    assert [(0, None)] == await harness.rows(
        "select distinct attempts, first_attempt_at from delivery where state = 'queued'"
    )


async def test_a_turn_that_was_under_way_when_the_drain_began_gives_its_claims_back(harness: DeliveryHarness) -> None:
    await harness.readers(3)
    edition = await harness.edition()
    turn = asyncio.create_task(harness.run_cycle())
    await asyncio.sleep(0)
    await harness.dispatcher.drain(1.0)
    await turn
    await harness.run_cycle()
    assert {"queued": 3} == await harness.counts(edition)
    assert harness.next_outgoing() is None


async def test_a_copy_that_a_drain_gives_up_is_due_after_the_start(harness: DeliveryHarness) -> None:
    """It neither waits for a retry nor expires, although it is late, because its relay has not refused it."""
    await harness.readers(1)
    edition = await harness.edition()
    await harness.send_all(LATER)
    harness.services.now += DeliverySettings().give_up_after_seconds - 1
    await harness.run_cycle()
    outgoing = harness.next_outgoing()
    assert outgoing is not None
    await harness.dispatcher.drain(1.0)
    harness.answer(outgoing, LOST)
    await harness.run_cycle()
    assert {"deferred": 1} == await harness.counts(edition)
    assert [(2, int(harness.services.now), None)] == await harness.rows("select attempts, due_at, kind from delivery")
    assert harness.next_outgoing() is None


async def test_while_draining_nothing_is_handed_out(harness: DeliveryHarness) -> None:
    await harness.readers(3)
    await harness.edition()
    await harness.run_cycle()
    harness.dispatcher.broker._in_flight.is_closed = True
    assert (None, 0) == (harness.next_outgoing(), harness.dispatcher.broker.waiting("primary"))


# ---------------------------------------------------------------------- faults


async def test_a_turn_that_the_database_refuses_loses_no_result(harness: DeliveryHarness) -> None:
    await harness.readers(4)
    edition = await harness.edition()
    await harness.run_cycle()
    first, second, third, *_ = harness.all_outgoing()
    harness.answer(first, TAKEN)
    harness.answer(second, UNSENT)
    async with refused_updates(harness.services.database, "delivery"):
        with pytest.raises(REFUSALS, match="no updates"):
            await harness.run_cycle()
        harness.answer(third, GONE)
    await harness.run_cycle()
    assert {"delivered": 1, "failed": 1, "claimed": 2} == await harness.counts(edition)


async def test_results_wait_for_the_disk_where_a_server_could_forget_them(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """What a killed server forgot would go out again."""
    recorded: list[str] = []

    async def record(work: Any, *args: Any, **kwargs: Any) -> Any:
        recorded.append(work.__name__)
        return await harness.services.database.write(work, *args, **kwargs)

    monkeypatch.setattr(harness.services.database, "record", record)
    await harness.readers(3)
    edition = await harness.edition()
    await harness.run_cycle()
    await harness.send_all()
    assert 3 == (await harness.counts(edition))["delivered"]
    assert (engine == "sqlite") == bool(recorded)


@pytest.mark.only_on("sqlite", "PostgreSQL has no lock that holds up all who write")
async def test_the_loop_goes_on_when_the_database_is_back(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "FIRST_PAUSE_SECONDS", 0.001)
    await harness.readers(2)
    edition = await harness.edition()
    await harness.run_cycle()
    taken = harness.all_outgoing()
    await harness.change("pragma busy_timeout = 0")
    with held_by_another(file_of(harness.services.database.location)):
        for outgoing in taken:
            harness.answer(outgoing, TAKEN)
        harness.dispatcher.connect(harness.pool)
        running = asyncio.create_task(harness.dispatcher.run())
        await asyncio.sleep(0.02)
    await harness.dispatcher.drain(1.0)
    await running
    assert {"delivered": 2} == await harness.counts(edition)


async def test_the_end_of_a_drain_is_tried_again_when_the_database_refuses_it(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "AFTER_FAULT_SECONDS", 0.001)
    await harness.readers(1)
    edition = await harness.edition()
    await harness.run_cycle()
    for outgoing in harness.all_outgoing():
        harness.answer(outgoing, TAKEN)
    refusals = 1

    async def refuse_once(*arguments: object) -> object:
        nonlocal refusals
        if refusals:
            refusals -= 1
            raise Unavailable("full")
        return await write(*arguments)  # type: ignore[arg-type]  # passed through

    write = harness.services.database.write
    monkeypatch.setattr(harness.services.database, "write", refuse_once)
    monkeypatch.setattr(harness.services.database, "record", refuse_once)
    await harness.dispatcher.drain(0.1)
    await harness.dispatcher.run()
    assert (0, {"delivered": 1}) == (refusals, await harness.counts(edition))


async def test_a_copy_that_cannot_be_composed_waits_and_holds_up_no_other(harness: DeliveryHarness) -> None:
    await harness.readers(3)
    edition = await harness.edition()
    await harness.change("update subscriber set address = 'no address' where id = 1")
    assert 2 == len(await harness.send_all())
    assert {"delivered": 2, "deferred": 1} == await harness.counts(edition)
    assert [("the mail could not be composed: MalformedAddress",)] == await harness.rows(
        "select reply from delivery where state = 'deferred'"
    )
    await harness.change("update subscriber set address = 'r0@reader.example' where id = 1")
    harness.pass_time(400)
    assert 1 == len(await harness.send_all())
    assert "finished" == await harness.state(edition)


async def test_a_notice_of_an_unknown_kind_holds_up_no_other(harness: DeliveryHarness) -> None:
    await queue_notice(harness)
    await queue_notice(harness, "other@reader.example")
    await harness.change("update notice set content = null, kind = 'from the future' where id = 1")
    assert ["other@reader.example"] == [outgoing.rcpt_to for outgoing in await harness.send_all()]


async def test_after_a_kill_the_same_copies_go_out(harness: DeliveryHarness) -> None:
    """Whatever had no recorded answer goes out once more, under the same Message-ID and Date; nothing else does."""
    await harness.readers(6)
    edition = await harness.edition()
    await harness.run_cycle()
    recorded, answered, taken = (harness.next_outgoing() for _ in range(3))
    assert recorded
    assert answered
    assert taken
    harness.answer(recorded, TAKEN)
    await harness.run_cycle()
    harness.answer(answered, TAKEN)  # and the process dies before the next turn
    harness.pass_time(5)
    await harness.start()
    again = {outgoing.delivery_id: outgoing for outgoing in await harness.send_all()}
    assert recorded.delivery_id not in again
    assert [identity(answered), identity(taken)] == [
        identity(again[answered.delivery_id]),
        identity(again[taken.delivery_id]),
    ]
    assert ("finished", {"delivered": 6}) == (await harness.state(edition), await harness.counts(edition))


async def test_the_loop_sleeps_while_an_editions_canary_is_in_flight(harness: DeliveryHarness) -> None:
    """What waits behind the canary is not due: looking again at once would spin."""
    await harness.readers(10)
    await harness.edition(canary_percent=10)
    await harness.run_cycle()
    outgoing = harness.next_outgoing()
    assert outgoing is not None
    await harness.run_cycle()
    assert harness.dispatcher.broker.wake_ups.next_at is None


async def test_the_loop_sleeps_while_it_drains(harness: DeliveryHarness) -> None:
    await harness.readers(2)
    await harness.edition()
    harness.dispatcher.broker._in_flight.is_closed = True
    await harness.run_cycle()
    assert harness.dispatcher.broker.wake_ups.next_at is None


async def test_the_loop_wakes_for_what_is_due_next(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    await harness.edition(scheduled_at=int(harness.services.now) + 60)
    await harness.run_cycle()
    assert harness.services.now + 60 == harness.dispatcher.broker.wake_ups.next_at
    harness.pass_time(60)
    await harness.send_all(LATER)
    (due,) = (await harness.rows("select due_at from delivery"))[0]
    assert due == harness.dispatcher.broker.wake_ups.next_at


async def test_a_change_is_looked_at_in_the_next_turn(harness: DeliveryHarness) -> None:
    harness.dispatcher.wake()
    assert harness.dispatcher.broker.wake_ups._wanted.is_set()


async def test_notices_are_claimed_whatever_editions_do(harness: DeliveryHarness) -> None:
    await queue_notice(harness)
    rows, _ = await harness.services.database.write(
        claim_notices,
        session=harness.owner.session,
        now=int(harness.services.now),
        limit=9,
        octets=1,
        may_go=lambda _tx, _notice: True,
    )
    assert [(0, None)] == [(row.attempts, row.first_attempt_at) for row in rows]


async def test_large_notices_go_a_few_at_a_time(harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody can write to an owner, and what is passed on is in memory until a relay has it."""
    monkeypatch.setattr(dispatcher, "NOTICE_OCTETS", 3000)
    content = b"From: somebody@other.example\r\n\r\n" + b"x" * 1000
    for number in range(10):
        await harness.change(
            "insert into notice (id, kind, address, language, payload, content, message_secret, created_at)"
            " values (?, 'forward', 'owner@other.example', 'en', ?, ?, x'00', 1)",
            900 + number,
            '{"null_sender": false, "utf8": false}',
            content,
        )
        await harness.change(
            "insert into delivery (notice_id, domain, state, due_at) values (?, 'o', 'queued', 1)", 900 + number
        )
    sizes = []
    while taken := await harness.outgoing_after_cycle():
        sizes.append(len(taken))
        assert [] == await harness.outgoing_after_cycle()
        for outgoing in taken:
            harness.answer(outgoing, TAKEN)
        assert harness.dispatcher.broker.wake_ups._work >= Work.CLAIM
    assert [3, 3, 3, 1] == sizes


async def test_a_relay_that_answers_again_gets_copies_with_its_first_answer(harness: DeliveryHarness) -> None:
    """It took nothing for so long that what waited went back; then it is slow, not gone."""
    await harness.readers(60)
    await harness.edition()
    await harness.run_cycle()
    first, *_ = [harness.next_outgoing() for _ in range(8)]
    harness.pass_time(STALE_SECONDS)
    await harness.dispatcher.cycle()
    assert 0 == len(harness.dispatcher.broker.scheduler.rows)
    await harness.dispatcher.cycle()
    assert first is not None
    harness.answer(first, TAKEN)
    await harness.dispatcher.cycle()
    assert 52 == len(harness.dispatcher.broker.scheduler.rows)


# ---------------------------------------------------------------------- while the database is moved


async def test_while_the_database_is_shut_others_get_their_turn(harness: DeliveryHarness) -> None:
    """Nothing is claimed, and what has long been due does not keep the loop busy. Afterwards it goes on."""
    await harness.readers(1)
    await harness.edition()
    await harness.run_cycle()
    harness.services.database._gate.reason = "it is being moved"
    harness.pass_time(10)
    turns: list[str] = []
    asyncio.get_running_loop().call_soon(turns.append, "another")
    assert await harness.dispatcher.step()
    assert turns == ["another"]
    assert harness.dispatcher.alive_at == harness.services.now
    harness.services.database._gate.reason = None
    await harness.run_cycle()  # what was claimed before has waited for long, and goes back first
    assert 1 == len(await harness.send_all())
