"""What the desk gives out when, and when what became of it is recorded."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.delivery.pressroom import (
    FAST,
    RELAY,
    TAKEN,
    Pressroom,
    open_pressroom,
)

from pressrun.core.quantities import Rate
from pressrun.delivery.queue import broker
from pressrun.delivery.queue.broker import RESULTS_AT_MOST
from pressrun.delivery.queue.dispatcher import SYNC_SECONDS
from pressrun.delivery.queue.jobs import NOT_SENT, Result
from pressrun.delivery.queue.pacing import SLOT_HORIZON_SECONDS
from pressrun.services.settings import DeliverySettings

FEW = 128


async def test_no_more_than_a_few_copies_are_ever_unrecorded(press: Pressroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "UNRECORDED_AT_MOST", FEW)
    await press.readers(FEW + 20)
    await press.edition()
    await press.turn()
    taken = press.take_all()
    assert FEW == len(taken)
    for outgoing in taken[:50]:
        press.answer(outgoing, TAKEN)
    assert (None, 0) == (press.take(), press.dispatcher.broker.waiting("primary"))
    await press.turn()
    assert 20 == press.dispatcher.broker.waiting("primary")


async def _handed_out_during_a_turn(press: Pressroom, how: str) -> int:
    """How many copies connections get while a turn of that kind is under way and more results wait than may."""
    for outgoing in [press.take() for _ in range(RESULTS_AT_MOST)]:
        assert outgoing is not None
        press.answer(outgoing, TAKEN)
    numbers: list[int] = []
    commit = getattr(press.office.database, how)

    async def slow(*arguments: object) -> object:
        if not numbers:  # the results come first
            numbers.append(len(press.take_all()))
        return await commit(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(press.office.database, how, slow)
        await press.turn()
    return numbers[0]


@pytest.mark.only_on("sqlite", "each turn on a server waits for its disk")
async def test_results_that_wait_hold_back_what_a_kill_could_repeat(
    press: Pressroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Except while a turn waits for the disk: that must not cost the pace its turns."""
    monkeypatch.setattr(broker, "UNRECORDED_AT_MOST", FEW)
    await press.readers(FEW)
    await press.edition()
    await press.turn()  # durable, as the first one is
    assert 0 == await _handed_out_during_a_turn(press, "record")
    press.pass_time(SYNC_SECONDS)
    assert FEW - 2 * RESULTS_AT_MOST == await _handed_out_during_a_turn(press, "write")


async def test_results_that_are_noted_hold_nothing_back(press: Pressroom) -> None:
    """A kill repeats none of those: they may wait for a turn with many others."""
    await press.readers(100)
    await press.edition()
    await press.turn()
    for _ in range(50):
        outgoing = press.take()
        assert outgoing is not None
        press.dispatcher.broker.record(RELAY, [Result(outgoing.delivery_id, TAKEN, is_journaled=True)])
    assert 50 == len(press.take_all())


async def test_results_wait_for_others_however_many_are_being_recorded(
    press: Pressroom, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """Those that come first while a turn is under way make no turn of their own."""
    await press.readers(FEW + 1)
    await press.edition()
    await press.turn()
    numbers = [outgoing.delivery_id for outgoing in press.take_all()]
    way = "record" if engine == "sqlite" else "write"  # each turn on a server waits for its disk
    wake_ups, commit = press.dispatcher.broker.wake_ups, getattr(press.office.database, way)
    states: list[tuple[bool, bool]] = []

    async def slow(*arguments: object) -> object:
        press.dispatcher.broker.record(RELAY, [Result(numbers[-1], TAKEN, is_journaled=True)])
        # Looked at now: the alarm is the loop's, and may well have gone off when the disk is done.
        states.append((wake_ups._wanted.is_set(), wake_ups._timer.is_set))
        return await commit(*arguments)

    for number in numbers[:-2]:
        press.dispatcher.broker.record(RELAY, [Result(number, TAKEN, is_journaled=True)])
    monkeypatch.setattr(press.office.database, way, slow)
    wake_ups._wanted.clear()  # as the loop does when it begins a turn
    await press.dispatcher.cycle()
    assert [(False, True)] == states


# ---------------------------------------------------------------------- pace


async def sent_within(press: Pressroom, seconds: float, step: float) -> list[float]:
    times = []
    until = press.office.now + seconds
    while press.office.now < until:
        await press.turn()
        for outgoing in press.take_all():
            press.answer(outgoing, TAKEN)
            times.append(press.office.now)
        press.pass_time(step)
    return times


async def test_the_rate_is_held_and_nearly_reached(press: Pressroom) -> None:
    await press.readers(120)
    press.settings = DeliverySettings(rates=(Rate(20, 1.0),))
    await press.start()
    await press.edition()
    times = await sent_within(press, 5.0, 0.01)
    assert 98 <= len(times) <= 101
    assert all(sum(at < other <= at + 1 for other in times) <= 21 for at in times)


async def test_as_many_are_handed_out_as_have_their_slot_soon(press: Pressroom) -> None:
    """A relay that gets fewer jobs than it asked for is woken after half of the horizon."""
    await press.readers(220)
    press.settings = DeliverySettings(rates=(Rate(500, 1.0),))
    await press.start()
    await press.edition()
    await press.turn()
    broker = press.dispatcher.broker
    jobs = broker.next(RELAY, 2)
    assert not broker._timer.is_set
    jobs += broker.next(RELAY, 100)
    assert 500 * SLOT_HORIZON_SECONDS <= len(jobs) <= 500 * SLOT_HORIZON_SECONDS + 3
    assert sorted(job.slot_at for job in jobs) == [job.slot_at for job in jobs]
    assert press.office.now + SLOT_HORIZON_SECONDS / 2 == pytest.approx(broker._timer.at, abs=0.003)
    assert [] == broker.next(RELAY, 100)


async def test_a_copy_is_claimed_at_most_a_second_before_its_turn(press: Pressroom) -> None:
    await press.readers(50)
    press.settings = DeliverySettings(rates=(Rate(10, 1.0),))
    await press.start()
    edition = await press.edition()
    for _ in range(30):
        await press.turn()
        assert (await press.counts(edition)).get("claimed", 0) <= 11
        for outgoing in press.take_all():
            press.answer(outgoing, TAKEN)
        press.pass_time(0.05)


async def test_a_restart_makes_nothing_faster(press: Pressroom) -> None:
    await press.readers(60)
    press.settings = DeliverySettings(rates=(Rate(10, 1.0),))
    await press.start()
    await press.edition()
    times = []
    for _ in range(30):
        times += await sent_within(press, 0.1, 0.05)
        await press.start()
    assert all(sum(at < other <= at + 1 for other in times) <= 11 for at in times)
    assert times


async def test_a_slow_relay_does_not_hold_up_another(tmp_path: Path) -> None:
    """One timer wakes the connections: it rings for the turn that comes first."""
    relays = {"slow": (Rate(1, 60.0),), "quick": (Rate(10, 1.0),)}
    async with open_pressroom(tmp_path, relays=relays) as press:
        await press.readers(9)
        await press.edition()
        await press.turn()
        assert [True, False] == [press.take("slow") is not None for _ in range(2)]
        slow_timer, slow_at = press.dispatcher.broker._timer._handle, press.dispatcher.broker._timer.at
        assert slow_timer is not None
        assert [True, False, False] == [press.take("quick") is not None for _ in range(3)]
        quick_timer, quick_at = press.dispatcher.broker._timer._handle, press.dispatcher.broker._timer.at
        assert quick_timer is not None
        assert quick_at < slow_at - 50
        assert slow_timer.cancelled()
        quick_timer.cancel()


async def test_new_rates_go_on_from_where_the_old_ones_stood(press: Pressroom) -> None:
    await press.readers(9)
    press.settings = DeliverySettings(rates=(Rate(1, 10.0),))
    await press.start()
    await press.edition()
    assert 1 == len(await press.send_all())
    press.dispatcher.reload(DeliverySettings(rates=(Rate(2, 10.0),)), {"primary": ()}, {"primary": 1}, {"primary": 10})
    assert [] == await press.send_all()
    press.dispatcher.reload(DeliverySettings(rates=(FAST,)), {"primary": ()}, {"primary": 1}, {"primary": 10})
    assert [] == await press.send_all()  # what was spent counts for one window of the new rate
    press.pass_time(1)
    assert 8 == len(await press.send_all())


async def test_rows_that_missed_their_slots_come_again_in_their_order(press: Pressroom) -> None:
    """Without a round through the database, and with new slots: those that they had are not given back."""
    await press.readers(40)
    press.settings = DeliverySettings(rates=(Rate(100, 1.0),))
    await press.start()
    edition = await press.edition()
    await press.turn()
    broker = press.dispatcher.broker
    first = broker.next(RELAY, 100)
    press.pass_time(SLOT_HORIZON_SECONDS)
    broker.record(RELAY, [Result(job.row.id, NOT_SENT) for job in first])
    assert not broker.results.has_released
    again = broker.next(RELAY, 100)
    assert [job.row.id for job in first][: len(again)] == [job.row.id for job in again]
    assert max(job.slot_at for job in first) < min(job.slot_at for job in again)
    await press.dispatcher.cycle()
    assert {"claimed"} == set(await press.counts(edition)) - {"queued"}


@pytest.mark.parametrize("verb", ["pause", "cancel"])
async def test_rows_that_come_back_of_an_edition_that_was_held_do_not_go_out(press: Pressroom, verb: str) -> None:
    await press.readers(3)
    edition = await press.edition()
    await press.turn()
    jobs = press.dispatcher.broker.next(RELAY, 3)
    await getattr(press.edition_admin, verb)(edition)
    await press.turn()
    press.dispatcher.broker.record(RELAY, [Result(job.row.id, NOT_SENT) for job in jobs])
    assert [] == press.dispatcher.broker.next(RELAY, 3)
    await press.turn()
    assert {"pause": {"queued": 3}, "cancel": {"cancelled": 3}}[verb] == await press.counts(edition)


# ---------------------------------------------------------------------- waiting
