"""What the broker hands out when, and when what became of it is recorded."""

from __future__ import annotations

from bisect import bisect_right
from pathlib import Path

import pytest
from tests.delivery.harness import (
    FAST,
    RELAY,
    TAKEN,
    DeliveryHarness,
    mail_to_owner,
    open_delivery,
)

from pressrun.core.addresses.address import parse_address
from pressrun.core.quantities import Rate
from pressrun.delivery.queue import broker, scheduler
from pressrun.delivery.queue.broker import RESULTS_AT_MOST
from pressrun.delivery.queue.dispatcher import SYNC_SECONDS
from pressrun.delivery.queue.jobs import NOT_SENT, Job, Result
from pressrun.delivery.queue.pacing import SLOT_HORIZON_SECONDS
from pressrun.delivery.queue.scheduler import RelayTerms
from pressrun.delivery.queue.wakeups import WakeUps
from pressrun.services.mails.forwards import new_forward
from pressrun.services.settings import DeliverySettings
from pressrun.store.lists.lists import find_list
from pressrun.store.queue.notices import insert_notice
from pressrun.store.transaction import Transaction

FEW = 128
OWNER = parse_address("owner@harbour.example")


async def test_no_more_than_a_few_copies_are_ever_unrecorded(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "UNRECORDED_AT_MOST", FEW)
    await harness.readers(FEW + 20)
    await harness.edition()
    await harness.run_cycle()
    taken = harness.all_outgoing()
    assert FEW == len(taken)
    for outgoing in taken[:50]:
        harness.answer(outgoing, TAKEN)
    assert (None, 0) == (harness.next_outgoing(), harness.dispatcher.broker.waiting("primary"))
    await harness.run_cycle()
    assert 20 == harness.dispatcher.broker.waiting("primary")


async def _handed_out_during_a_turn(harness: DeliveryHarness, how: str) -> int:
    """How many copies connections get while a turn of that kind is under way and more results wait than may."""
    for outgoing in [harness.next_outgoing() for _ in range(RESULTS_AT_MOST)]:
        assert outgoing is not None
        harness.answer(outgoing, TAKEN)
    numbers: list[int] = []
    commit = getattr(harness.services.database, how)

    async def slow(*arguments: object) -> object:
        if not numbers:  # the results come first
            numbers.append(len(harness.all_outgoing()))
        return await commit(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(harness.services.database, how, slow)
        await harness.run_cycle()
    return numbers[0]


@pytest.mark.only_on("sqlite", "each turn on a server waits for its disk")
async def test_results_that_wait_hold_back_what_a_kill_could_repeat(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Except while a turn waits for the disk: that must not cost the pace its turns."""
    monkeypatch.setattr(broker, "UNRECORDED_AT_MOST", FEW)
    await harness.readers(FEW)
    await harness.edition()
    await harness.run_cycle()  # durable, as the first one is
    assert 0 == await _handed_out_during_a_turn(harness, "record")
    harness.pass_time(SYNC_SECONDS)
    assert FEW - 2 * RESULTS_AT_MOST == await _handed_out_during_a_turn(harness, "write")


@pytest.mark.only_on("sqlite", "each turn on a server waits for its disk")
async def test_the_last_copies_of_a_burst_come_to_the_disk_in_time(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a turn that did not wait for the disk comes one that does, even if nothing else is to be done."""
    waits: list[float | None] = []

    async def wait(wake_ups: WakeUps, _now: float, seconds: float | None) -> None:
        waits.append(seconds)
        wake_ups.claim()  # as when this time is over

    monkeypatch.setattr(WakeUps, "sleep", wait)
    await harness.readers(1)
    await harness.edition()
    await harness.dispatcher.step()  # durable, as the first one is
    harness.pass_time(SYNC_SECONDS / 4)
    [outgoing] = harness.all_outgoing()
    harness.answer(outgoing, TAKEN)
    await harness.dispatcher.step()
    harness.pass_time(SYNC_SECONDS)
    await harness.dispatcher.step()
    assert [SYNC_SECONDS * 3 / 4, None] == waits[-2:]


async def test_what_has_written_nothing_needs_no_turn(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A daemon with nothing to send sleeps until its next cycle, though that has committed twice."""
    waits: list[float | None] = []

    async def wait(wake_ups: WakeUps, _now: float, seconds: float | None) -> None:
        waits.append(seconds)
        wake_ups.advance()

    monkeypatch.setattr(WakeUps, "sleep", wait)
    for _ in range(3):
        await harness.dispatcher.step()
        harness.pass_time(SYNC_SECONDS)
    assert [None] * 3 == waits


async def test_results_that_are_noted_hold_nothing_back(harness: DeliveryHarness) -> None:
    """A kill repeats none of those: they may wait for a turn with many others."""
    await harness.readers(100)
    await harness.edition()
    await harness.run_cycle()
    for _ in range(50):
        outgoing = harness.next_outgoing()
        assert outgoing is not None
        harness.dispatcher.broker.record(RELAY, [Result(outgoing.delivery_id, TAKEN, is_journaled=True)])
    assert 50 == len(harness.all_outgoing())


async def test_results_wait_for_others_however_many_are_being_recorded(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """Those that come first while a turn is under way make no turn of their own."""
    await harness.readers(FEW + 1)
    await harness.edition()
    await harness.run_cycle()
    numbers = [outgoing.delivery_id for outgoing in harness.all_outgoing()]
    way = "record" if engine == "sqlite" else "write"  # each turn on a server waits for its disk
    wake_ups, commit = harness.dispatcher.broker.wake_ups, getattr(harness.services.database, way)
    states: list[tuple[bool, bool]] = []

    async def slow(*arguments: object) -> object:
        harness.dispatcher.broker.record(RELAY, [Result(numbers[-1], TAKEN, is_journaled=True)])
        # Looked at now: the alarm is the loop's, and may well have gone off when the disk is done.
        states.append((wake_ups._wanted.is_set(), wake_ups._timer.is_set))
        return await commit(*arguments)

    for number in numbers[:-2]:
        harness.dispatcher.broker.record(RELAY, [Result(number, TAKEN, is_journaled=True)])
    monkeypatch.setattr(harness.services.database, way, slow)
    wake_ups._wanted.clear()  # as the loop does when it begins a turn
    await harness.dispatcher.cycle()
    assert [(False, True)] == states


# ---------------------------------------------------------------------- pace


async def sent_within(harness: DeliveryHarness, seconds: float, step: float) -> list[float]:
    times = []
    until = harness.services.now + seconds
    while harness.services.now < until:
        await harness.run_cycle()
        for outgoing in harness.all_outgoing():
            harness.answer(outgoing, TAKEN)
            times.append(harness.services.now)
        harness.pass_time(step)
    return times


async def test_the_rate_is_held_and_nearly_reached(harness: DeliveryHarness) -> None:
    await harness.readers(120)
    harness.settings = DeliverySettings(rates=(Rate(20, 1.0),))
    await harness.start()
    await harness.edition()
    times = await sent_within(harness, 5.0, 0.01)
    assert 98 <= len(times) <= 101
    assert all(sum(at < other <= at + 1 for other in times) <= 21 for at in times)


async def test_as_many_are_handed_out_as_have_their_slot_soon(harness: DeliveryHarness) -> None:
    """A relay that gets fewer jobs than it asked for is woken after half of the horizon."""
    await harness.readers(150)
    harness.settings = DeliverySettings(rates=(Rate(500, 1.0),))
    await harness.start()
    await harness.edition()
    await harness.run_cycle()
    broker = harness.dispatcher.broker
    jobs = broker.next(RELAY, 2)
    assert not broker._timer.is_set
    jobs += broker.next(RELAY, 100)
    assert 500 * SLOT_HORIZON_SECONDS <= len(jobs) <= 500 * SLOT_HORIZON_SECONDS + 3
    assert sorted(job.slot_at for job in jobs) == [job.slot_at for job in jobs]
    assert harness.services.now + SLOT_HORIZON_SECONDS / 2 == pytest.approx(broker._timer.at, abs=0.003)
    assert [] == broker.next(RELAY, 100)


async def test_a_copy_is_claimed_at_most_a_second_before_its_turn(harness: DeliveryHarness) -> None:
    await harness.readers(50)
    harness.settings = DeliverySettings(rates=(Rate(10, 1.0),))
    await harness.start()
    edition = await harness.edition()
    for _ in range(30):
        await harness.run_cycle()
        assert (await harness.counts(edition)).get("claimed", 0) <= 11
        for outgoing in harness.all_outgoing():
            harness.answer(outgoing, TAKEN)
        harness.pass_time(0.05)


async def test_a_restart_makes_nothing_faster(harness: DeliveryHarness) -> None:
    await harness.readers(60)
    harness.settings = DeliverySettings(rates=(Rate(10, 1.0),))
    await harness.start()
    await harness.edition()
    times = []
    for _ in range(30):
        times += await sent_within(harness, 0.1, 0.05)
        await harness.start()
    assert all(sum(at < other <= at + 1 for other in times) <= 11 for at in times)
    assert times


async def test_a_kill_before_any_result_makes_nothing_faster(harness: DeliveryHarness) -> None:
    """The pace is stored with the claims: whatever was claimed may have gone out."""
    await harness.readers(60)
    harness.settings = DeliverySettings(rates=(Rate(10, 1.0),))
    await harness.start()
    await harness.edition()
    times: list[float] = []
    for _ in range(30):
        await harness.run_cycle()
        times += [harness.services.now for _ in harness.all_outgoing()]
        harness.pass_time(0.05)
        await harness.start()
    assert all(sum(at <= other <= at + 1 for other in times) <= 11 for at in times)
    assert times


async def test_a_slow_relay_does_not_hold_up_another(tmp_path: Path) -> None:
    """One timer wakes the connections: it rings for the turn that comes first."""
    relays = {"slow": (Rate(1, 60.0),), "quick": (Rate(10, 1.0),)}
    async with open_delivery(tmp_path, relays=relays) as harness:
        await harness.readers(9)
        await harness.edition()
        await harness.run_cycle()
        assert [True, False] == [harness.next_outgoing("slow") is not None for _ in range(2)]
        slow_timer, slow_at = harness.dispatcher.broker._timer._handle, harness.dispatcher.broker._timer.at
        assert slow_timer is not None
        assert [True, False, False] == [harness.next_outgoing("quick") is not None for _ in range(3)]
        quick_timer, quick_at = harness.dispatcher.broker._timer._handle, harness.dispatcher.broker._timer.at
        assert quick_timer is not None
        assert quick_at < slow_at - 50
        assert slow_timer.cancelled()
        quick_timer.cancel()


async def test_new_rates_go_on_from_where_the_old_ones_stood(harness: DeliveryHarness) -> None:
    await harness.readers(9)
    harness.settings = DeliverySettings(rates=(Rate(1, 10.0),))
    await harness.start()
    await harness.edition()
    assert 1 == len(await harness.send_all())
    harness.dispatcher.reload(DeliverySettings(rates=(Rate(2, 10.0),)), {"primary": RelayTerms()})
    assert [] == await harness.send_all()
    harness.dispatcher.reload(DeliverySettings(rates=(FAST,)), {"primary": RelayTerms()})
    assert [] == await harness.send_all()  # what was spent counts for one window of the new rate
    harness.pass_time(1)
    assert 8 == len(await harness.send_all())


async def test_rows_that_missed_their_slots_come_again_in_their_order(harness: DeliveryHarness) -> None:
    """Without a round through the database, and with new slots: those that they had are not given back."""
    await harness.readers(40)
    harness.settings = DeliverySettings(rates=(Rate(100, 1.0),))
    await harness.start()
    edition = await harness.edition()
    await harness.run_cycle()
    broker = harness.dispatcher.broker
    first = broker.next(RELAY, 100)
    harness.pass_time(SLOT_HORIZON_SECONDS)
    broker.record(RELAY, [Result(job.row.id, NOT_SENT) for job in first])
    assert not broker.results.has_released
    again = broker.next(RELAY, 100)
    assert [job.row.id for job in first][: len(again)] == [job.row.id for job in again]
    assert max(job.slot_at for job in first) < min(job.slot_at for job in again)
    await harness.dispatcher.cycle()
    assert {"claimed"} == set(await harness.counts(edition)) - {"queued"}


async def forward_mails(harness: DeliveryHarness, number: int) -> None:
    """Queue as many mails of others for the owner of the list."""

    def forward(tx: Transaction) -> None:
        target, now = find_list(tx, "news"), int(harness.services.now)
        for place in range(number):
            notice = new_forward(mail_to_owner(place + 1), OWNER, target, trace=b"", message_secret=b"m")
            insert_notice(tx, notice, now)

    await harness.services.database.write(forward)


@pytest.mark.parametrize("way_seconds", [0.1, 0.4, 1.2])
async def test_a_large_mail_that_misses_its_slots_on_the_way_gets_a_later_one(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch, way_seconds: float
) -> None:
    """A mail that is passed on goes to the worker whole, each time, which may take longer than a slot can wait.

    Meanwhile copies go out, and in no second is more than one mail above the rate.
    """
    monkeypatch.setattr(scheduler, "LEAD_SECONDS", 1.0)
    monkeypatch.setattr(scheduler, "LEAD_OCTETS", 1)  # a few octets are a large mail
    await harness.readers(400)
    harness.settings = DeliverySettings(rates=(Rate(100, 1.0),))
    await harness.start()
    await harness.edition()

    await forward_mails(harness, 1)
    broker, used = harness.dispatcher.broker, list[float]()
    missed, is_out, copies = 0, False, 0
    while not is_out and missed < 9:
        await harness.run_cycle()
        jobs = broker.next(RELAY, 100)
        mails = [job for job in jobs if job.edition is None]
        for job in jobs:
            if job.edition is not None:
                broker.record(RELAY, [Result(job.row.id, TAKEN, is_journaled=True)])
                used.append(job.slot_at)
        copies += len(jobs) - len(mails)
        harness.pass_time(way_seconds)
        for job in mails:
            is_out = job.slot_at >= harness.services.now
            missed += not is_out
            used += [job.slot_at] if is_out else []
            broker.record(RELAY, [Result(job.row.id, TAKEN if is_out else NOT_SENT)])
    assert (True, 1) == (is_out, missed)
    assert copies > 0
    assert all(sum(at < other <= at + 1 for other in used) <= 101 for at in used)


async def test_many_large_mails_on_the_way_never_exceed_the_rate(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pace does not count a slot that is further away than its window, so one mail at a time may have one."""
    monkeypatch.setattr(scheduler, "LEAD_SECONDS", 1.0)
    monkeypatch.setattr(scheduler, "LEAD_OCTETS", 1)
    await harness.readers(3000)
    harness.settings = DeliverySettings(rates=(Rate(100, 1.0),))
    await harness.start()
    await harness.edition()

    await forward_mails(harness, 6)
    broker = harness.dispatcher.broker
    used, out, on_the_way = list[float](), 0, list[tuple[float, Job]]()
    began = harness.services.now
    while out < 6 and harness.services.now < began + 25:
        await harness.run_cycle()
        for job in broker.next(RELAY, 100):
            if job.edition is None:
                on_the_way.append((harness.services.now + 1.2, job))
            else:
                used.append(job.slot_at)
                broker.record(RELAY, [Result(job.row.id, TAKEN, is_journaled=True)])
        harness.pass_time(0.05)
        now = harness.services.now
        for arrived in [each for each in on_the_way if each[0] <= now]:
            on_the_way.remove(arrived)
            job = arrived[1]
            is_out = job.slot_at >= now
            out += is_out
            used += [job.slot_at] if is_out else []
            broker.record(RELAY, [Result(job.row.id, TAKEN if is_out else NOT_SENT)])
    assert 6 == out
    used.sort()
    assert max(bisect_right(used, at + 1) - number for number, at in enumerate(used)) <= 101


async def test_small_mails_that_miss_their_slots_hold_up_nothing(harness: DeliveryHarness) -> None:
    """A connection may take long to open; that is no reason to leave slots unused for each mail."""
    await harness.readers(100)
    harness.settings = DeliverySettings(rates=(Rate(100, 1.0),))
    await harness.start()

    await forward_mails(harness, 10)
    await harness.edition()
    broker = harness.dispatcher.broker
    await harness.run_cycle()
    missed = broker.next(RELAY, 10)
    assert 5 <= sum(job.edition is None for job in missed)
    harness.pass_time(0.3)
    broker.record(RELAY, [Result(job.row.id, NOT_SENT) for job in missed])
    used: list[float] = []
    began = harness.services.now
    while harness.services.now < began + 1:
        await harness.run_cycle()
        jobs = broker.next(RELAY, 100)
        used += [job.slot_at for job in jobs]
        broker.record(RELAY, [Result(job.row.id, TAKEN, is_journaled=job.edition is not None) for job in jobs])
        harness.pass_time(SLOT_HORIZON_SECONDS / 2)
    assert len(used) > 90


@pytest.mark.parametrize("verb", ["pause", "cancel"])
async def test_rows_that_come_back_of_an_edition_that_was_held_do_not_go_out(
    harness: DeliveryHarness, verb: str
) -> None:
    await harness.readers(3)
    edition = await harness.edition()
    await harness.run_cycle()
    jobs = harness.dispatcher.broker.next(RELAY, 3)
    await getattr(harness.edition_admin, verb)(edition)
    await harness.run_cycle()
    harness.dispatcher.broker.record(RELAY, [Result(job.row.id, NOT_SENT) for job in jobs])
    assert [] == harness.dispatcher.broker.next(RELAY, 3)
    await harness.run_cycle()
    assert {"pause": {"queued": 3}, "cancel": {"cancelled": 3}}[verb] == await harness.counts(edition)


# ---------------------------------------------------------------------- waiting
