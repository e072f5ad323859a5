"""Destinations of recipient domains: limits, slow-downs, policy blocks, over a real queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec import structs
from tests.delivery.pressroom import FAST, RELAY, SITE, TAKEN, Pressroom, open_pressroom

from pressrun.core.addresses.address import parse_address
from pressrun.core.quantities import Rate
from pressrun.delivery.queue import recording
from pressrun.services.reports import edition_reports, queue_listing
from pressrun.services.reports.queue_listing import QueueInfo
from pressrun.services.settings import DeliverySettings, DomainSettings
from pressrun.smtp.handover import HandOver, Outcome, Outgoing, Stage
from pressrun.smtp.reply import Reply

SLOW = HandOver(Outcome.DEFERRED, Stage.CONTENT, Reply(421, "unusual rate of mail from r0@x.example", "4.7.28"))
UNSIGNED = HandOver(Outcome.DEFERRED, Stage.CONTENT, Reply(421, "your mail has no DKIM", "4.7.30"))
BLOCK = HandOver(Outcome.REFUSED, Stage.CONTENT, Reply(550, "blocked for policy", "5.7.1"))


@pytest_asyncio.fixture
async def press(tmp_path: Path) -> AsyncIterator[Pressroom]:
    async with open_pressroom(tmp_path) as room:
        yield room


async def readers(press: Pressroom, **numbers: int) -> None:
    """So many readers at each domain: `gmail_com=3`."""
    for name, number in numbers.items():
        for index in range(number):
            await press.office.subscribers.add("news", parse_address(f"r{index}@{name.replace('_', '.')}"))


def domains(copies: list[Outgoing]) -> Counter[str]:
    return Counter(copy.rcpt_to.partition("@")[2] for copy in copies)


async def take_all(press: Pressroom) -> list[Outgoing]:
    """What may go now; the first turn gives back what has waited for long."""
    await press.turn()
    await press.turn()
    return press.take_all()


async def waiting(press: Pressroom) -> dict[str, QueueInfo]:
    rows = await press.office.database.read(queue_listing.list_queue, int(press.clock()))
    return {row.domain: row for row in rows}


# ---------------------------------------------------------------------- slow-downs


async def test_a_slow_down_pauses_all_domains_of_the_provider_and_no_other(press: Pressroom) -> None:
    """For `block_pause`; then one copy at a time, and one more each minute."""
    await readers(press, gmail_com=30, googlemail_com=5, x_example=4)
    number = await press.edition()
    for copy in await take_all(press):
        press.answer(copy, SLOW if copy.rcpt_to == "r0@gmail.com" else TAKEN if "x.example" in copy.rcpt_to else SLOW)
    assert [] == await take_all(press)
    assert {"delivered": 4, "deferred": 35} == await press.counts(number)
    shown = (await waiting(press))["gmail.com"]
    assert "2027-01-15T08:10:00Z" == shown.paused_until
    assert "421 4.7.28 unusual rate of mail from" == shown.reason
    press.pass_time(599)
    assert [] == await take_all(press)
    press.pass_time(2)
    sizes = []
    for _ in range(4):
        copies = await take_all(press)
        sizes.append(len(copies))
        press.pass_time(61)
        for copy in copies:
            press.answer(copy, TAKEN)
    assert [1, 2, 3, 4] == sizes


async def test_a_domain_of_its_own_gets_a_destination_when_it_asks_for_less(press: Pressroom) -> None:
    """Small domains share nothing: the others go on."""
    await readers(press, slow_example=20, x_example=20)
    number = await press.edition()
    await press.turn()
    first = press.take()
    assert first is not None
    assert "slow.example" in first.rcpt_to
    press.answer(first, SLOW)
    await press.turn()
    assert {"x.example": 20} == domains(await press.send_all())
    assert {"queued": 19, "deferred": 1, "delivered": 20} == await press.counts(number)
    assert ["slow.example"] == list(await waiting(press))


async def test_what_waits_is_told_its_next_attempt_only_while_that_is_known(press: Pressroom) -> None:
    """The end of a pause is a time; a copy that was never tried, behind a destination that is slow, has none."""
    await readers(press, slow_example=20)
    number = await press.edition()
    await press.turn()
    first = press.take()
    assert first is not None
    press.answer(first, SLOW)
    await press.turn()

    async def told() -> set[object]:
        report = await press.office.database.read(edition_reports.report_edition, number, int(press.clock()))
        return {copy.next_attempt for copy in report.waiting if copy.attempts == 0}

    assert {"2027-01-15T08:10:00Z"} == await told()
    press.dispatcher.unpause("slow.example")
    await press.turn()
    assert {None} == await told()


async def test_pauses_survive_a_restart(press: Pressroom) -> None:
    """What a provider asked for is not forgotten by a kill."""
    await readers(press, gmail_com=5)
    await press.edition()
    copies = await take_all(press)
    press.answer(copies[0], SLOW)
    for copy in copies[1:]:
        press.answer(copy, TAKEN)
    await press.turn()
    await press.start()
    press.pass_time(400)
    assert [] == await take_all(press)
    press.pass_time(300)
    assert 1 == len(await take_all(press))


async def test_retry_overrides_a_pause(press: Pressroom) -> None:
    """For one domain or all."""
    await readers(press, gmail_com=5)
    await press.edition()
    for copy in await take_all(press):
        press.answer(copy, SLOW)
    await press.turn()
    press.edition_admin._unpause = press.dispatcher.unpause
    await press.edition_admin.retry("gmail.com")
    assert 1 == len(await take_all(press))


# ---------------------------------------------------------------------- policy


async def test_three_readers_refused_for_policy_block_their_provider(press: Pressroom) -> None:
    """The rest waits, paused, and counts against nobody; the queue says why; others go on."""
    await readers(press, gmail_com=40, x_example=3)
    press.settings = DeliverySettings(rates=(FAST,), domains={"gmail.com": DomainSettings(connections=1)})
    await press.start()
    number = await press.edition()
    refused = 0
    while copies := await take_all(press):
        for copy in copies:
            is_gmail = "gmail.com" in copy.rcpt_to
            refused += is_gmail
            press.answer(copy, BLOCK if is_gmail else TAKEN)
    assert 3 == refused
    assert {"failed": 3, "delivered": 3, "queued": 37} == await press.counts(number)
    shown = (await waiting(press))["gmail.com"]
    assert (37, None, "550 5.7.1 blocked for policy") == (shown.queued, shown.paused_until, shown.reason)
    report = await press.office.database.read(edition_reports.report_edition, number, int(press.clock()))
    assert 37 == len(report.waiting)
    press.dispatcher.unpause("gmail.com")
    assert {"gmail.com": 1} == domains(await take_all(press))


@pytest.mark.parametrize("answer", [BLOCK, UNSIGNED], ids=["refused", "put off"])
async def test_the_operator_hears_of_a_block_once_for_all_domains_of_the_provider(
    press: Pressroom, answer: HandOver
) -> None:
    """Also when it only says "later" until we have mended something; no reader is blamed."""
    handler, site = press.bounce_handler, replace(SITE, operator="ops@lists.example")
    handler._context = structs.replace(handler._context, site=site)
    await readers(press, gmail_com=6, googlemail_com=6)
    await press.edition()
    for copy in await take_all(press):
        press.answer(copy, answer)
    told = [copy for copy in await take_all(press) if copy.rcpt_to == "ops@lists.example"]
    assert 1 == len(told)
    assert answer.reply is not None
    assert answer.reply.text.encode() in told[0].content
    assert [("active", 12)] == await press.rows("select state, count(*) from subscription group by state")


@pytest.mark.parametrize("domain", ["gmail_com", "small_example"], ids=["with a destination", "without one"])
async def test_a_copy_that_is_taken_breaks_the_row(press: Pressroom, domain: str) -> None:
    """Two refusals, a success, two refusals: no block."""
    await readers(press, **{domain: 10})
    press.settings = DeliverySettings(rates=(FAST,), domains={"gmail.com": DomainSettings(connections=1)})
    await press.start()
    number = await press.edition()
    for answer in [BLOCK, BLOCK, TAKEN] * 4:
        await press.turn()
        copy = press.take()
        if copy is not None:
            press.answer(copy, answer)
    await press.turn()
    assert {"failed": 7, "delivered": 3} == await press.counts(number)


@pytest.mark.parametrize("slice_", [1, 1000])
async def test_what_a_block_kept_too_long_has_failed(
    press: Pressroom, monkeypatch: pytest.MonkeyPatch, slice_: int
) -> None:
    """After `give_up_after`, a slice with each cycle; the next edition is tried again."""
    monkeypatch.setattr(recording, "ROWS_AT_ONCE", slice_)
    await readers(press, gmail_com=5)
    number = await press.edition()
    for copy in (await take_all(press))[:3]:
        press.answer(copy, BLOCK)
    await press.turn()
    press.pass_time(6 * 86400)
    await press.start()
    for _ in range(8):
        await press.turn()
        assert [] == press.take_all()  # it stays blocked until everything has failed
    assert {"failed": 5} == await press.counts(number)
    assert "finished" == await press.state(number)


# ---------------------------------------------------------------------- limits


async def test_a_slow_domain_delays_no_other(press: Pressroom) -> None:
    """Two in flight at a time, for as long as they take; all others go out meanwhile."""
    press.settings = DeliverySettings(rates=(FAST,), domains={"slow.example": DomainSettings(connections=2)})
    await press.start()
    await readers(press, slow_example=30, x_example=30)
    number = await press.edition()
    held: list[Outgoing] = []
    for _ in range(60):
        await press.turn()
        while (copy := press.take()) is not None:
            if "slow.example" in copy.rcpt_to:
                held.append(copy)
            else:
                press.answer(copy, TAKEN)
                break
    assert 2 == len(held)
    assert 30 == (await press.counts(number))["delivered"]
    press.pass_time(30)
    for copy in held:
        press.answer(copy, TAKEN)
    assert {"slow.example": 2} == domains(await take_all(press))


async def test_copies_say_how_many_of_their_domain_one_connection_carries(press: Pressroom) -> None:
    """Where an operator said it, that is; a relay's own connections are not those to a provider."""
    domain = DomainSettings(messages_per_connection=2)
    press.settings = DeliverySettings(rates=(FAST,), domains={"slow.example": domain})
    await press.start()
    await readers(press, slow_example=3, gmail_com=3, x_example=3)
    await press.edition()
    copies = await take_all(press)
    assert {("slow.example", 2): 3, ("", 0): 6} == Counter((copy.kind, copy.most) for copy in copies)


async def test_the_rate_of_a_domain_is_kept_beside_the_others(press: Pressroom) -> None:
    """Also over a restart; nothing of it is claimed long before its turn."""
    press.settings = DeliverySettings(rates=(FAST,), domains={"slow.example": DomainSettings(rates=(Rate(2, 1.0),))})
    await press.start()
    await readers(press, slow_example=20, x_example=5)
    number = await press.edition()
    sent: Counter[str] = Counter()
    for step in range(30):
        if step == 15:
            await press.start()
        sent += domains(await press.send_all())
        assert 3 >= (await press.counts(number)).get("claimed", 0)
        press.pass_time(0.1)
    assert 5 == sent["x.example"]
    assert 5 <= sent["slow.example"] <= 7


async def test_a_relay_that_asks_for_less_is_spared_as_a_whole(press: Pressroom) -> None:
    """Before a recipient is named it speaks for itself."""
    busy = HandOver(Outcome.DEFERRED, Stage.MAIL, Reply(450, "too many messages, slow down", "4.7.1"))
    await readers(press, x_example=20, y_example=3)
    await press.edition()
    await press.turn()
    first = press.take(RELAY)
    assert first is not None
    press.answer(first, busy)
    assert press.take(RELAY) is None
    press.pass_time(6)  # what was claimed goes back by then
    await press.turn()
    others = {"x.example": "y.example", "y.example": "x.example"}[first.rcpt_to.partition("@")[2]]
    reason = (await waiting(press))[others].reason
    assert "relay primary is paused until 2027-01-15T08:01:00Z: 450 4.7.1 too many messages, slow down" == reason
    press.pass_time(55)
    await press.turn()
    assert 1 == len(await take_all(press))


async def test_the_queue_says_that_an_edition_is_paused(press: Pressroom) -> None:
    """And why, as a person has to resume it."""
    await readers(press, x_example=3)
    number = await press.edition()
    await press.edition_admin.pause(number)
    assert f"edition {number} waits: paused by hand" == (await waiting(press))["x.example"].reason


@pytest.mark.parametrize("before", [{}, {"gmail.com": DomainSettings(connections=3)}])
async def test_changed_limits_move_what_waits(press: Pressroom, before: dict[str, DomainSettings]) -> None:
    """A reload or a restart under another configuration applies to editions that are on their way."""
    press.settings = DeliverySettings(rates=(FAST,), domains=before)
    await press.start()
    await readers(press, gmail_com=10)
    await press.edition()
    await press.turn()
    press.dispatcher.broker.results.release(press.dispatcher.broker.scheduler.rows.clear())
    press.dispatcher.reload(
        DeliverySettings(rates=(FAST,), domains={"gmail.com": DomainSettings(connections=1)}),
        {RELAY: ()},
        {RELAY: 1},
        {RELAY: 10},
    )
    await press.turn()
    assert 1 == len(await take_all(press))


async def test_a_copy_that_cannot_be_composed_takes_up_no_room(press: Pressroom) -> None:
    """It never was in flight: the destination goes on with the others."""
    press.settings = DeliverySettings(rates=(FAST,), domains={"slow.example": DomainSettings(connections=1)})
    await press.start()
    await readers(press, slow_example=3)
    await press.change("update subscriber set address = 'no address' where id = 1")
    number = await press.edition()
    assert 2 == len(await press.send_all())
    assert {"delivered": 2, "deferred": 1} == await press.counts(number)


async def test_what_is_claimed_waits_too(press: Pressroom) -> None:
    """While no relay works, copies are claimed and given back again and again: the queue is never empty then."""
    await press.readers(3)
    await press.edition()
    await press.turn()
    [row] = await press.office.database.read(queue_listing.list_queue, int(press.clock()))
    assert (0, 3, 0) == (row.queued, row.claimed, row.deferred)
