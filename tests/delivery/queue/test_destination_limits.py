"""Destinations of recipient domains: limits, slow-downs, policy blocks, over a real queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec import structs
from tests.delivery.harness import FAST, RELAY, SITE, TAKEN, DeliveryHarness, FakePool, open_delivery

from pressrun.core.addresses.address import parse_address
from pressrun.core.quantities import Rate
from pressrun.delivery.queue import recording
from pressrun.delivery.queue.scheduler import RelayTerms
from pressrun.services.reports import edition_reports, queue_listing
from pressrun.services.reports.queue_listing import QueueInfo
from pressrun.services.settings import DeliverySettings, DomainSettings
from pressrun.smtp.handover import HandOver, Outcome, Outgoing, Stage
from pressrun.smtp.reply import Reply

SLOW = HandOver(Outcome.DEFERRED, Stage.CONTENT, Reply(421, "unusual rate of mail from r0@x.example", "4.7.28"))
UNSIGNED = HandOver(Outcome.DEFERRED, Stage.CONTENT, Reply(421, "your mail has no DKIM", "4.7.30"))
BLOCK = HandOver(Outcome.REFUSED, Stage.CONTENT, Reply(550, "blocked for policy", "5.7.1"))


@pytest_asyncio.fixture
async def harness(tmp_path: Path) -> AsyncIterator[DeliveryHarness]:
    async with open_delivery(tmp_path) as room:
        yield room


async def readers(harness: DeliveryHarness, **numbers: int) -> None:
    """So many readers at each domain: `gmail_com=3`."""
    for name, number in numbers.items():
        for index in range(number):
            await harness.services.subscribers.add("news", parse_address(f"r{index}@{name.replace('_', '.')}"))


def domains(copies: list[Outgoing]) -> Counter[str]:
    return Counter(copy.rcpt_to.partition("@")[2] for copy in copies)


async def outgoing_after_two_cycles(harness: DeliveryHarness) -> list[Outgoing]:
    """What may go now; the first cycle gives back what has waited for long."""
    await harness.run_cycle()
    await harness.run_cycle()
    return harness.all_outgoing()


async def waiting(harness: DeliveryHarness) -> dict[str, QueueInfo]:
    rows = await harness.services.database.read(queue_listing.list_queue, int(harness.clock()))
    return {row.domain: row for row in rows}


# ---------------------------------------------------------------------- slow-downs


async def test_a_slow_down_pauses_all_domains_of_the_provider_and_no_other(harness: DeliveryHarness) -> None:
    """For `block_pause`; then one copy at a time, and one more each minute."""
    await readers(harness, gmail_com=30, googlemail_com=5, x_example=4)
    number = await harness.edition()
    for copy in await outgoing_after_two_cycles(harness):
        harness.answer(copy, SLOW if copy.rcpt_to == "r0@gmail.com" else TAKEN if "x.example" in copy.rcpt_to else SLOW)
    assert [] == await outgoing_after_two_cycles(harness)
    assert {"delivered": 4, "deferred": 35} == await harness.counts(number)
    shown = (await waiting(harness))["gmail.com"]
    assert "2027-01-15T08:10:00Z" == shown.paused_until
    assert "421 4.7.28 unusual rate of mail from" == shown.reason
    harness.pass_time(599)
    assert [] == await outgoing_after_two_cycles(harness)
    harness.pass_time(2)
    sizes = []
    for _ in range(4):
        copies = await outgoing_after_two_cycles(harness)
        sizes.append(len(copies))
        harness.pass_time(61)
        for copy in copies:
            harness.answer(copy, TAKEN)
    assert [1, 2, 3, 4] == sizes


async def test_a_domain_of_its_own_gets_a_destination_when_it_asks_for_less(harness: DeliveryHarness) -> None:
    """Small domains share nothing: the others go on."""
    await readers(harness, slow_example=20, x_example=20)
    number = await harness.edition()
    await harness.run_cycle()
    first = harness.next_outgoing()
    assert first is not None
    assert "slow.example" in first.rcpt_to
    harness.answer(first, SLOW)
    await harness.run_cycle()
    assert {"x.example": 20} == domains(await harness.send_all())
    assert {"queued": 19, "deferred": 1, "delivered": 20} == await harness.counts(number)
    assert ["slow.example"] == list(await waiting(harness))


async def test_what_waits_is_told_its_next_attempt_only_while_that_is_known(harness: DeliveryHarness) -> None:
    """The end of a pause is a time; a copy that was never tried, behind a destination that is slow, has none."""
    await readers(harness, slow_example=20)
    number = await harness.edition()
    await harness.run_cycle()
    first = harness.next_outgoing()
    assert first is not None
    harness.answer(first, SLOW)
    await harness.run_cycle()

    async def told() -> set[object]:
        report = await harness.services.database.read(edition_reports.report_edition, number, int(harness.clock()))
        return {copy.next_attempt for copy in report.edition.waiting if copy.attempts == 0}

    assert {"2027-01-15T08:10:00Z"} == await told()
    harness.dispatcher.unpause("slow.example")
    await harness.run_cycle()
    assert {None} == await told()


async def test_pauses_survive_a_restart(harness: DeliveryHarness) -> None:
    """What a provider asked for is not forgotten by a kill."""
    await readers(harness, gmail_com=5)
    await harness.edition()
    copies = await outgoing_after_two_cycles(harness)
    harness.answer(copies[0], SLOW)
    for copy in copies[1:]:
        harness.answer(copy, TAKEN)
    await harness.run_cycle()
    await harness.start()
    harness.pass_time(400)
    assert [] == await outgoing_after_two_cycles(harness)
    harness.pass_time(300)
    assert 1 == len(await outgoing_after_two_cycles(harness))


async def test_retry_overrides_a_pause(harness: DeliveryHarness) -> None:
    """For one domain or all."""
    await readers(harness, gmail_com=5)
    await harness.edition()
    for copy in await outgoing_after_two_cycles(harness):
        harness.answer(copy, SLOW)
    await harness.run_cycle()
    harness.edition_admin._unpause = harness.dispatcher.unpause
    await harness.edition_admin.retry("gmail.com")
    assert 1 == len(await outgoing_after_two_cycles(harness))


async def test_retry_of_all_tries_failing_relays_now(harness: DeliveryHarness) -> None:
    """Not that of one domain: what waits for a relay waits for it whatever the domain."""
    pool = FakePool()
    harness.dispatcher.connect(pool)
    harness.edition_admin._unpause = harness.dispatcher.unpause
    await harness.edition_admin.retry("gmail.com")
    assert 0 == pool.probes
    await harness.edition_admin.retry(None)
    assert 1 == pool.probes


# ---------------------------------------------------------------------- policy


async def test_three_readers_refused_for_policy_block_their_provider(harness: DeliveryHarness) -> None:
    """The rest waits, paused, and counts against nobody; the queue says why; others go on."""
    await readers(harness, gmail_com=40, x_example=3)
    harness.settings = DeliverySettings(rates=(FAST,), domains={"gmail.com": DomainSettings(connections=1)})
    await harness.start()
    number = await harness.edition()
    refused = 0
    while copies := await outgoing_after_two_cycles(harness):
        for copy in copies:
            is_gmail = "gmail.com" in copy.rcpt_to
            refused += is_gmail
            harness.answer(copy, BLOCK if is_gmail else TAKEN)
    assert 3 == refused
    assert {"failed": 3, "delivered": 3, "queued": 37} == await harness.counts(number)
    shown = (await waiting(harness))["gmail.com"]
    assert (37, None, "550 5.7.1 blocked for policy") == (shown.queued, shown.paused_until, shown.reason)
    report = await harness.services.database.read(edition_reports.report_edition, number, int(harness.clock()))
    assert 37 == len(report.edition.waiting)
    harness.dispatcher.unpause("gmail.com")
    assert {"gmail.com": 1} == domains(await outgoing_after_two_cycles(harness))


@pytest.mark.parametrize("answer", [BLOCK, UNSIGNED], ids=["refused", "put off"])
async def test_the_operator_hears_of_a_block_once_for_all_domains_of_the_provider(
    harness: DeliveryHarness, answer: HandOver
) -> None:
    """Also when it only says "later" until we have mended something; no reader is blamed."""
    handler, site = harness.bounce_handler, replace(SITE, operator="ops@lists.example")
    handler._context = structs.replace(handler._context, site=site)
    await readers(harness, gmail_com=6, googlemail_com=6)
    await harness.edition()
    for copy in await outgoing_after_two_cycles(harness):
        harness.answer(copy, answer)
    told = [copy for copy in await outgoing_after_two_cycles(harness) if copy.rcpt_to == "ops@lists.example"]
    assert 1 == len(told)
    assert answer.reply is not None
    assert answer.reply.text.encode() in told[0].content
    assert [("active", 12)] == await harness.rows("select state, count(*) from subscription group by state")


@pytest.mark.parametrize("domain", ["gmail_com", "small_example"], ids=["with a destination", "without one"])
async def test_a_copy_that_is_taken_breaks_the_row(harness: DeliveryHarness, domain: str) -> None:
    """Two refusals, a success, two refusals: no block."""
    await readers(harness, **{domain: 10})
    harness.settings = DeliverySettings(rates=(FAST,), domains={"gmail.com": DomainSettings(connections=1)})
    await harness.start()
    number = await harness.edition()
    for answer in [BLOCK, BLOCK, TAKEN] * 4:
        await harness.run_cycle()
        copy = harness.next_outgoing()
        if copy is not None:
            harness.answer(copy, answer)
    await harness.run_cycle()
    assert {"failed": 7, "delivered": 3} == await harness.counts(number)


@pytest.mark.parametrize("slice_", [1, 1000])
async def test_what_a_block_kept_too_long_has_failed(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch, slice_: int
) -> None:
    """After `give_up_after`, a slice with each cycle; the next edition is tried again."""
    monkeypatch.setattr(recording, "ROWS_AT_ONCE", slice_)
    await readers(harness, gmail_com=5)
    number = await harness.edition()
    for copy in (await outgoing_after_two_cycles(harness))[:3]:
        harness.answer(copy, BLOCK)
    await harness.run_cycle()
    harness.pass_time(6 * 86400)
    await harness.start()
    for _ in range(8):
        await harness.run_cycle()
        assert [] == harness.all_outgoing()  # it stays blocked until everything has failed
    assert {"failed": 5} == await harness.counts(number)
    assert "finished" == await harness.state(number)


# ---------------------------------------------------------------------- limits


async def test_a_slow_domain_delays_no_other(harness: DeliveryHarness) -> None:
    """Two in flight at a time, for as long as they take; all others go out meanwhile."""
    harness.settings = DeliverySettings(rates=(FAST,), domains={"slow.example": DomainSettings(connections=2)})
    await harness.start()
    await readers(harness, slow_example=30, x_example=30)
    number = await harness.edition()
    held: list[Outgoing] = []
    for _ in range(60):
        await harness.run_cycle()
        while (copy := harness.next_outgoing()) is not None:
            if "slow.example" in copy.rcpt_to:
                held.append(copy)
            else:
                harness.answer(copy, TAKEN)
                break
    assert 2 == len(held)
    assert 30 == (await harness.counts(number))["delivered"]
    harness.pass_time(30)
    for copy in held:
        harness.answer(copy, TAKEN)
    assert {"slow.example": 2} == domains(await outgoing_after_two_cycles(harness))


async def test_copies_say_how_many_of_their_domain_one_connection_carries(harness: DeliveryHarness) -> None:
    """Where an operator said it, that is; a relay's own connections are not those to a provider."""
    domain = DomainSettings(messages_per_connection=2)
    harness.settings = DeliverySettings(rates=(FAST,), domains={"slow.example": domain})
    await harness.start()
    await readers(harness, slow_example=3, gmail_com=3, x_example=3)
    await harness.edition()
    copies = await outgoing_after_two_cycles(harness)
    assert {("slow.example", 2): 3, ("", 0): 6} == Counter((copy.kind, copy.most) for copy in copies)


async def test_the_rate_of_a_domain_is_kept_beside_the_others(harness: DeliveryHarness) -> None:
    """Also over a restart; nothing of it is claimed long before its turn."""
    harness.settings = DeliverySettings(rates=(FAST,), domains={"slow.example": DomainSettings(rates=(Rate(2, 1.0),))})
    await harness.start()
    await readers(harness, slow_example=20, x_example=5)
    number = await harness.edition()
    sent: Counter[str] = Counter()
    for step in range(30):
        if step == 15:
            await harness.start()
        sent += domains(await harness.send_all())
        assert 3 >= (await harness.counts(number)).get("claimed", 0)
        harness.pass_time(0.1)
    assert 5 == sent["x.example"]
    assert 5 <= sent["slow.example"] <= 7


async def test_a_relay_that_asks_for_less_is_spared_as_a_whole(harness: DeliveryHarness) -> None:
    """Before a recipient is named it speaks for itself."""
    busy = HandOver(Outcome.DEFERRED, Stage.MAIL, Reply(450, "too many messages, slow down", "4.7.1"))
    await readers(harness, x_example=20, y_example=3)
    await harness.edition()
    await harness.run_cycle()
    first = harness.next_outgoing(RELAY)
    assert first is not None
    harness.answer(first, busy)
    assert harness.next_outgoing(RELAY) is None
    harness.pass_time(6)  # what was claimed goes back by then
    await harness.run_cycle()
    others = {"x.example": "y.example", "y.example": "x.example"}[first.rcpt_to.partition("@")[2]]
    row = (await waiting(harness))[others]
    assert "relay primary is paused until 2027-01-15T08:01:00Z: 450 4.7.1 too many messages, slow down" == row.reason
    assert "2027-01-15T08:01:00Z" == row.paused_until
    harness.pass_time(55)
    await harness.run_cycle()
    assert 1 == len(await outgoing_after_two_cycles(harness))


async def test_the_queue_says_that_an_edition_is_paused(harness: DeliveryHarness) -> None:
    """And why, as a person has to resume it."""
    await readers(harness, x_example=3)
    number = await harness.edition()
    await harness.edition_admin.pause(number)
    assert f"edition {number} waits: paused by hand" == (await waiting(harness))["x.example"].reason


@pytest.mark.parametrize("before", [{}, {"gmail.com": DomainSettings(connections=3)}])
async def test_changed_limits_move_what_waits(harness: DeliveryHarness, before: dict[str, DomainSettings]) -> None:
    """A reload or a restart under another configuration applies to editions that are on their way."""
    harness.settings = DeliverySettings(rates=(FAST,), domains=before)
    await harness.start()
    await readers(harness, gmail_com=10)
    await harness.edition()
    await harness.run_cycle()
    harness.dispatcher.broker.results.release(harness.dispatcher.broker.scheduler.rows.clear())
    harness.dispatcher.reload(
        DeliverySettings(rates=(FAST,), domains={"gmail.com": DomainSettings(connections=1)}),
        {RELAY: RelayTerms()},
    )
    await harness.run_cycle()
    assert 1 == len(await outgoing_after_two_cycles(harness))


async def test_a_copy_that_cannot_be_composed_takes_up_no_room(harness: DeliveryHarness) -> None:
    """It never was in flight: the destination goes on with the others."""
    harness.settings = DeliverySettings(rates=(FAST,), domains={"slow.example": DomainSettings(connections=1)})
    await harness.start()
    await readers(harness, slow_example=3)
    await harness.change("update subscriber set address = 'no address' where id = 1")
    number = await harness.edition()
    assert 2 == len(await harness.send_all())
    assert {"delivered": 2, "deferred": 1} == await harness.counts(number)


async def test_what_is_claimed_waits_too(harness: DeliveryHarness) -> None:
    """While no relay works, copies are claimed and given back again and again: the queue is never empty then."""
    await harness.readers(3)
    await harness.edition()
    await harness.run_cycle()
    [row] = await harness.services.database.read(queue_listing.list_queue, int(harness.clock()))
    assert (0, 3, 0) == (row.queued, row.claimed, row.deferred)
