"""A clock that was ahead and is set right, while the daemon runs or before it starts."""

from __future__ import annotations

import asyncio

import pytest
from tests.delivery.harness import LATER, TAKEN, DeliveryHarness

from pressrun.core.addresses.address import parse_address
from pressrun.delivery.queue.intake import UNSIGNED_SECONDS
from pressrun.delivery.queue.jobs import CompositionFailed, Result
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.settings import DeliverySettings
from pressrun.services.upkeep import housekeeping
from pressrun.store.programs import events
from pressrun.store.upkeep import clock_set_back

MONTH = 30 * 86400
WEB = Origin(source="web")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "POLL_SECONDS", 0.001)


async def ahead(harness: DeliveryHarness) -> None:
    """The clock is wrong; what keeps the instance has seen it so, as in a daemon that runs."""
    harness.pass_time(MONTH)
    await harness.housekeeping.step()


async def right(harness: DeliveryHarness) -> None:
    """The clock is set right."""
    harness.pass_time(-MONTH)
    await harness.housekeeping.step()


async def deferred_in(harness: DeliveryHarness) -> list[float]:
    rows = await harness.rows("select due_at from delivery where state = 'deferred' order by id")
    return [row[0] - harness.services.now for row in rows]


@pytest.mark.parametrize("restarted", [False, True])
async def test_what_was_put_off_waits_as_long_from_now_on(harness: DeliveryHarness, restarted: bool) -> None:
    """Copies and notices, and each goes out once."""
    await harness.readers(3)
    if not restarted:
        await ahead(harness)
    else:
        harness.pass_time(MONTH)
    edition = await harness.edition()
    await harness.edition_admin.send_test(
        "news",
        Manuscript(source=b"---\nsubject: Try\n---\nx\n", source_name="a.md", assets={}),
        [parse_address("eve@reader.example")],
    )
    for outgoing in await harness.outgoing_after_cycle():
        harness.answer(outgoing, LATER)
    await harness.run_cycle()
    waits = await deferred_in(harness)
    await right(harness)
    assert (4, waits) == (len(waits), await deferred_in(harness))
    assert [] == await harness.outgoing_after_cycle()
    harness.pass_time(max(waits))
    assert 4 == len(await harness.send_all())
    assert {"delivered": 3} == await harness.counts(edition)


async def test_what_was_put_off_of_a_paused_edition_waits_no_longer_either(harness: DeliveryHarness) -> None:
    """Once it is resumed. What is over keeps its time."""
    await harness.readers(2)
    await ahead(harness)
    edition = await harness.edition()
    for outgoing, answer in zip(await harness.outgoing_after_cycle(), (LATER, TAKEN), strict=True):
        harness.answer(outgoing, answer)
    await harness.run_cycle()
    waits, delivered = await deferred_in(harness), "select recorded_at from delivery where state = 'delivered'"
    over = await harness.rows(delivered)
    await harness.edition_admin.pause(edition)
    await right(harness)
    assert (1, waits, over) == (len(waits), await deferred_in(harness), await harness.rows(delivered))


async def test_very_many_are_cut_in_slices(harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_set_back, "_MOST", 2)
    await harness.readers(5)
    await ahead(harness)
    await harness.edition()
    for outgoing in await harness.outgoing_after_cycle():
        harness.answer(outgoing, LATER)
    await harness.run_cycle()
    await right(harness)
    assert 5 == len(await deferred_in(harness))
    assert max(await deferred_in(harness)) < MONTH


async def test_what_waits_from_the_right_time_stays(harness: DeliveryHarness) -> None:
    """A start, and a small step back, touch nothing that was put off before, and no pause that began before."""
    await harness.readers(2)
    await harness.change(
        "update subscription set state = 'suspended', suspended_for = 'paused', since = ?, paused_until = ? "
        "where id = 2",
        int(harness.services.now),
        int(harness.services.now) + 86400,
    )
    pauses = await harness.rows("select since, paused_until from subscription")
    await harness.edition()
    for outgoing in await harness.outgoing_after_cycle():
        harness.answer(outgoing, LATER)
    await harness.run_cycle()
    before = await harness.rows("select id, due_at, recorded_at from delivery")
    harness.pass_time(100)
    await harness.housekeeping.step()
    harness.pass_time(-10)
    await harness.housekeeping.step()
    assert before == await harness.rows("select id, due_at, recorded_at from delivery")
    assert pauses == await harness.rows("select since, paused_until from subscription")


async def test_a_clock_that_goes_forward_and_back_sends_nothing_twice(harness: DeliveryHarness) -> None:
    """With copies claimed, in flight, put off and recorded when it does."""
    addresses = await harness.readers(6)
    await ahead(harness)
    edition = await harness.edition()
    await harness.run_cycle()
    first, second, third = (harness.next_outgoing() for _ in range(3))
    assert first is not None
    assert second is not None
    assert third is not None
    harness.answer(first, TAKEN)
    harness.answer(second, LATER)
    await right(harness)
    await harness.run_cycle()
    harness.answer(third, TAKEN)
    sent = [first, third, *await harness.send_all()]
    harness.pass_time(DeliverySettings().retry_seconds[0] * 1.2)
    sent += await harness.send_all()
    assert sorted(addresses) == sorted(outgoing.rcpt_to for outgoing in sent)
    assert ("finished", {"delivered": 6}) == (await harness.state(edition), await harness.counts(edition))


async def test_a_signature_that_failed_holds_nothing_up_for_long(harness: DeliveryHarness) -> None:
    await harness.readers(2)
    await harness.edition()
    harness.pass_time(MONTH)
    await harness.run_cycle()
    outgoing = harness.next_outgoing()
    assert outgoing is not None
    harness.dispatcher.broker.record(
        "primary", [Result(outgoing.delivery_id, CompositionFailed("ValueError", unsigned=True))]
    )
    harness.pass_time(-MONTH)
    await harness.run_cycle()
    harness.pass_time(UNSIGNED_SECONDS)
    assert 2 == len(await harness.outgoing_after_cycle())


async def test_requests_pauses_and_questions_wait_from_now_on(harness: DeliveryHarness) -> None:
    address = parse_address("ada@reader.example")
    await ahead(harness)
    await harness.services.sign_ups.request(["news"], Applicant(address, WEB), network=None)
    await harness.readers(2)
    now = int(harness.services.now)
    await harness.change(
        "update subscription set state = 'suspended', suspended_for = 'paused', since = ?, paused_until = ? "
        "where id = 2",
        now,
        now + 86400,
    )
    suspended = "insert into suspension (subscriber_id, since, first_edition_id) values (?, ?, 1)"
    await harness.change(suspended, 2, now - 2 * MONTH)
    await harness.change(suspended, 3, now)
    await right(harness)
    now = int(harness.services.now)
    lifetime = int(harness.services.context.tokens.confirm_lifetime_seconds)
    assert [(now, now + lifetime)] == await harness.rows("select created_at, expires_at from confirmation")
    assert [(now, now + 86400)] == await harness.rows("select since, paused_until from subscription where id = 2")
    assert [(now - MONTH,), (now,)] == await harness.rows("select since from suspension order by subscriber_id")
    await harness.housekeeping.step()
    await asyncio.sleep(0)
    assert [(now + lifetime,)] == await harness.rows("select expires_at from confirmation")


async def test_a_held_sign_up_expires_as_long_after_it_as_others(harness: DeliveryHarness) -> None:
    """One that was made before the clock was wrong expires when it would have."""
    before = int(harness.services.now)
    await ahead(harness)
    for at in (before - 10, int(harness.services.now)):
        await harness.change(
            "insert into notice (kind, list_id, address, language, message_secret, created_at)"
            " values ('confirmation', 1, 'ada@reader.example', 'en', x'00', ?)",
            at,
        )
        await harness.change(
            "insert into held_notice (notice_id, domain, expires_at) select max(id), 'reader.example', ? from notice",
            at + 1000,
        )
    await right(harness)
    held = "select created_at, expires_at from held_notice join notice on notice.id = notice_id order by notice_id"
    assert [(before - 10, before + 990), (before, before + 1000)] == await harness.rows(held)


async def test_events_of_a_wrong_time_keep_no_later_ones(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As they are removed the oldest first, a batch of them would keep all others for years."""
    monkeypatch.setattr(events, "_SWEPT", 2)
    await harness.change("delete from event")
    await harness.readers(4)
    now = int(harness.services.now)
    for place, at in enumerate((now + 120 * MONTH, now + 120 * MONTH, now - 2 * MONTH, now)):
        await harness.change(
            "update event set at = ? where id = (select id from event order by id limit 1 offset ?)", at, place
        )
    await harness.housekeeping.step()  # as at a start, when nothing is known of the clock before
    assert [(now,), (now,), (now - 2 * MONTH,), (now,)] == await harness.rows("select at from event order by id")
    harness.pass_time(MONTH + 1)
    await harness.housekeeping.round()
    assert [] == await harness.rows("select at from event order by id")


@pytest.mark.parametrize(("since_start", "since_use"), [(0, 0), (0, 60), (60, 0)])
async def test_a_session_of_a_wrong_time_ends_as_others_do(
    harness: DeliveryHarness, since_start: int, since_use: int
) -> None:
    """And counts as a recent log-in no longer than they do. A time that is not ahead stays."""
    await harness.services.people.add("olga", None)
    right_now = int(harness.services.now)
    await ahead(harness)
    times = [int(harness.services.now) if since == 0 else right_now - since for since in (since_start, since_use)]
    await harness.change(
        "insert into login_session (digest, person_id, epoch, method, agent, started_at, seen_at)"
        " select x'00', id, epoch, 'passkey', '', ?, ? from person",
        *times,
    )
    await right(harness)
    now = int(harness.services.now)
    times = [min(time, now) for time in times]
    assert [tuple(times)] == await harness.rows("select started_at, seen_at from login_session")
    harness.pass_time(harness.services.settings.value.login.idle_seconds + 1)
    await harness.housekeeping.round()
    assert [] == await harness.rows("select * from login_session")
