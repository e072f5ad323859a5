"""A clock that was ahead and is set right, while the daemon runs or before it starts."""

from __future__ import annotations

import asyncio

import pytest
from tests.delivery.pressroom import LATER, TAKEN, Pressroom

from pressrun.core.addresses.address import parse_address
from pressrun.delivery.queue.intake import UNSIGNED_SECONDS
from pressrun.delivery.queue.jobs import CompositionFailed, Result
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.settings import DeliverySettings
from pressrun.services.upkeep import housekeeping
from pressrun.store.programs import events
from pressrun.store.upkeep import maintenance

MONTH = 30 * 86400
WEB = Origin(source="web")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "POLL_SECONDS", 0.001)


async def ahead(press: Pressroom) -> None:
    """The clock is wrong; what keeps the house has seen it so, as in a daemon that runs."""
    press.pass_time(MONTH)
    await press.housekeeping.step()


async def right(press: Pressroom) -> None:
    """The clock is set right."""
    press.pass_time(-MONTH)
    await press.housekeeping.step()


async def deferred_in(press: Pressroom) -> list[float]:
    rows = await press.rows("select due_at from delivery where state = 'deferred' order by id")
    return [row[0] - press.office.now for row in rows]


@pytest.mark.parametrize("restarted", [False, True])
async def test_what_was_put_off_waits_as_long_from_now_on(press: Pressroom, restarted: bool) -> None:
    """Copies and notices, and each goes out once."""
    await press.readers(3)
    if not restarted:
        await ahead(press)
    else:
        press.pass_time(MONTH)
    edition = await press.edition()
    await press.edition_admin.send_test(
        "news",
        Manuscript(source=b"---\nsubject: Try\n---\nx\n", source_name="a.md", assets={}),
        [parse_address("eve@reader.example")],
    )
    for outgoing in await press.take_after_turn():
        press.answer(outgoing, LATER)
    await press.turn()
    waits = await deferred_in(press)
    await right(press)
    assert (4, waits) == (len(waits), await deferred_in(press))
    assert [] == await press.take_after_turn()
    press.pass_time(max(waits))
    assert 4 == len(await press.send_all())
    assert {"delivered": 3} == await press.counts(edition)


async def test_very_many_are_cut_in_slices(press: Pressroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "_MOST", 2)
    await press.readers(5)
    await ahead(press)
    await press.edition()
    for outgoing in await press.take_after_turn():
        press.answer(outgoing, LATER)
    await press.turn()
    await right(press)
    assert 5 == len(await deferred_in(press))
    assert max(await deferred_in(press)) < MONTH


async def test_what_waits_from_the_right_time_stays(press: Pressroom) -> None:
    """A start, and a small step back, touch nothing that was put off before."""
    await press.readers(2)
    await press.edition()
    for outgoing in await press.take_after_turn():
        press.answer(outgoing, LATER)
    await press.turn()
    before = await press.rows("select id, due_at, recorded_at from delivery")
    press.pass_time(100)
    await press.housekeeping.step()
    press.pass_time(-10)
    await press.housekeeping.step()
    assert before == await press.rows("select id, due_at, recorded_at from delivery")


async def test_a_clock_that_goes_forward_and_back_sends_nothing_twice(press: Pressroom) -> None:
    """With copies claimed, in flight, put off and recorded when it does."""
    addresses = await press.readers(6)
    await ahead(press)
    edition = await press.edition()
    await press.turn()
    first, second, third = (press.take() for _ in range(3))
    assert first is not None
    assert second is not None
    assert third is not None
    press.answer(first, TAKEN)
    press.answer(second, LATER)
    await right(press)
    await press.turn()
    press.answer(third, TAKEN)
    sent = [first, third, *await press.send_all()]
    press.pass_time(DeliverySettings().retry_seconds[0] * 1.2)
    sent += await press.send_all()
    assert sorted(addresses) == sorted(outgoing.rcpt_to for outgoing in sent)
    assert ("finished", {"delivered": 6}) == (await press.state(edition), await press.counts(edition))


async def test_a_signature_that_failed_holds_nothing_up_for_long(press: Pressroom) -> None:
    await press.readers(2)
    await press.edition()
    press.pass_time(MONTH)
    await press.turn()
    outgoing = press.take()
    assert outgoing is not None
    press.dispatcher.broker.record(
        "primary", [Result(outgoing.delivery_id, CompositionFailed("ValueError", unsigned=True))]
    )
    press.pass_time(-MONTH)
    await press.turn()
    press.pass_time(UNSIGNED_SECONDS)
    assert 2 == len(await press.take_after_turn())


async def test_requests_pauses_and_questions_wait_from_now_on(press: Pressroom) -> None:
    address = parse_address("ada@reader.example")
    await ahead(press)
    await press.office.sign_ups.request(["news"], Applicant(address, WEB), network=None)
    await press.readers(2)
    now = int(press.office.now)
    await press.change(
        "update subscription set state = 'suspended', suspended_for = 'paused', since = ?, paused_until = ? "
        "where id = 2",
        now,
        now + 86400,
    )
    await press.change("insert into suspension (subscriber_id, since, first_edition_id) values (3, ?, 1)", now)
    await right(press)
    now = int(press.office.now)
    lifetime = int(press.office.context.tokens.confirm_lifetime_seconds)
    assert [(now, now + lifetime)] == await press.rows("select created_at, expires_at from confirmation")
    assert [(now, now + 86400)] == await press.rows("select since, paused_until from subscription where id = 2")
    assert [(now,)] == await press.rows("select since from suspension")
    await press.housekeeping.step()
    await asyncio.sleep(0)
    assert [(now + lifetime,)] == await press.rows("select expires_at from confirmation")


async def test_events_of_a_wrong_time_keep_no_later_ones(press: Pressroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they are removed the oldest first, a batch of them would keep all others for years."""
    monkeypatch.setattr(events, "_SWEPT", 2)
    await press.change("delete from event")
    await press.readers(4)
    now = int(press.office.now)
    for place, at in enumerate((now + 120 * MONTH, now + 120 * MONTH, now - 2 * MONTH, now)):
        await press.change(
            "update event set at = ? where id = (select id from event order by id limit 1 offset ?)", at, place
        )
    await press.housekeeping.step()  # as at a start, when nothing is known of the clock before
    assert [(now,), (now,), (now - 2 * MONTH,), (now,)] == await press.rows("select at from event order by id")
    press.pass_time(MONTH + 1)
    await press.housekeeping.round()
    assert [] == await press.rows("select at from event order by id")


async def test_a_session_of_a_wrong_time_ends_as_others_do(press: Pressroom) -> None:
    """And counts as a recent log-in no longer than they do."""
    await press.office.people.add("olga", None)
    await ahead(press)
    now = int(press.office.now)
    await press.change(
        "insert into login_session (digest, person_id, epoch, method, agent, started_at, seen_at)"
        " select x'00', id, epoch, 'passkey', '', ?, ? from person",
        now,
        now,
    )
    await right(press)
    now = int(press.office.now)
    assert [(now, now)] == await press.rows("select started_at, seen_at from login_session")
    press.pass_time(press.office.settings.value.login.idle_seconds + 1)
    await press.housekeeping.round()
    assert [] == await press.rows("select * from login_session")
