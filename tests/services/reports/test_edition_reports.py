"""What an edition's report says beyond its counts, and what became of one reader's copy."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from tests.delivery.harness import GONE, LATER, SITE, TAKEN, DeliveryHarness, identity, open_delivery
from tests.services.bounces.test_bounce_handler import notify, report

from pressrun.core.addresses.address import parse_address
from pressrun.core.bounces.classes import BounceClass
from pressrun.core.errors import NotFound
from pressrun.services.readers.requests import Origin
from pressrun.services.reports.copy_trace import trace_copy
from pressrun.services.reports.edition_reports import EditionReport, report_edition
from pressrun.smtp.handover import HandOver, Outcome, Stage
from pressrun.smtp.reply import Reply


@pytest_asyncio.fixture
async def harness(tmp_path: Path) -> AsyncIterator[DeliveryHarness]:
    async with open_delivery(tmp_path) as room:
        yield room


async def reported(harness: DeliveryHarness, edition: int) -> EditionReport:
    return await harness.services.database.read(report_edition, edition, int(harness.clock()))


async def traced(harness: DeliveryHarness, edition: int, address: str = "r0@reader.example") -> Any:
    return await harness.services.database.read(trace_copy, edition, parse_address(address), SITE)


def refused(words: str) -> HandOver:
    return HandOver(Outcome.REFUSED, Stage.RCPT, Reply(550, words, "5.1.1"))


async def test_the_same_words_stand_there_once_and_without_addresses(harness: DeliveryHarness) -> None:
    await harness.readers(3)
    edition = await harness.edition()
    await harness.run_cycle()
    for outgoing in harness.all_outgoing():
        harness.answer(outgoing, refused(f"no mailbox {outgoing.rcpt_to} here"))
    await harness.run_cycle()
    summary = await reported(harness, edition)
    assert [(3, "hard", "gone", "no mailbox … here")] == [
        (reply.number, reply.kind, reply.bounce, reply.text) for reply in summary.edition.failures_said
    ]
    assert ({"hard": 3}, {"gone": 3}) == (dict(summary.edition.kinds), dict(summary.edition.bounces))
    assert {f"r{n}@reader.example" for n in range(3)} == {failure.address for failure in summary.edition.failures}
    said = json.loads(msgspec.json.encode(summary.edition))["failures_said"]
    assert [msgspec.structs.asdict(reply) for reply in summary.edition.failures_said] == said


async def test_a_mailbox_that_a_server_names_without_its_domain_is_left_out_too(harness: DeliveryHarness) -> None:
    """Who may see reports but no readers could put it together with the domains."""
    await harness.readers(3)
    edition = await harness.edition()
    await harness.run_cycle()
    for outgoing in harness.all_outgoing():
        harness.answer(outgoing, refused(f"unknown user '{outgoing.rcpt_to.partition('@')[0].upper()}'"))
    await harness.run_cycle()
    summary = await reported(harness, edition)
    assert [(3, "unknown user '…'")] == [(reply.number, reply.text) for reply in summary.edition.failures_said]


async def test_copies_that_wait_for_a_destination_do_not_name_the_mailbox_that_was_refused(
    harness: DeliveryHarness,
) -> None:
    """The words that paused the destination are those about one reader, and hold for all."""
    await harness.readers(3)
    edition = await harness.edition()
    await harness.run_cycle()
    slow = HandOver(Outcome.DEFERRED, Stage.CONTENT, Reply(421, "unusual rate of mail to R0", "4.7.28"))
    first = harness.next_outgoing()
    assert first is not None
    assert "r0@reader.example" == first.rcpt_to
    harness.answer(first, slow)
    await harness.run_cycle()
    await harness.run_cycle()  # copies that no connection has wait in the database
    waiting = (await reported(harness, edition)).edition.waiting_said
    assert 3 == sum(reply.number for reply in waiting)
    assert not [reply.text for reply in waiting if "r0" in reply.text.casefold()]


async def test_copies_are_counted_by_provider_and_domain(harness: DeliveryHarness) -> None:
    for address in ("a@gmail.com", "b@googlemail.com", "c@reader.example"):
        await harness.services.subscribers.add("news", parse_address(address))
    edition = await harness.edition()
    await harness.send_all()
    domains = (await reported(harness, edition)).edition.domains
    assert [("gmail", 2, 2), ("reader.example", 1, 1)] == [
        (domain.name, domain.domains, domain.copies) for domain in domains
    ]
    assert 2 == domains[0].delivered


async def test_deferrals_stay_on_the_timeline_when_the_copies_arrived_later(harness: DeliveryHarness) -> None:
    await harness.readers(2)
    edition = await harness.edition()
    await harness.send_all(LATER)
    harness.pass_time(400)
    await harness.send_all()
    summary = await reported(harness, edition)
    assert (2, 2, 0) == tuple(summary.timelines[name].total for name in ("deferred", "delivered", "failed"))
    assert ([], "finished") == ([*summary.edition.waiting], summary.edition.state)
    assert summary.edition.timing["first_delivered_at"] == summary.edition.timing["last_delivered_at"]


async def test_leaving_is_on_the_timeline_at_its_time(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    edition = await harness.edition()
    await harness.send_all()
    harness.pass_time(30)
    number = await harness.subscription("r0@reader.example")
    await harness.services.unsubscribes.unsubscribe(number, Origin(source="web"), edition_id=edition)
    summary = await reported(harness, edition)
    assert (1, 1, 31) == (
        summary.edition.unsubscribed,
        summary.timelines["unsubscribed"].total,
        len(summary.timelines["unsubscribed"].numbers),
    )


async def test_a_copy_that_was_taken_is_traced_to_the_relays_log(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    edition = await harness.edition()
    (copy,) = await harness.send_all(HandOver(Outcome.DELIVERED, Stage.CONTENT, Reply(250, "queued as 4Xk2", "2.0.0")))
    trace = await traced(harness, edition)
    assert ("delivered", 1, "primary", None) == tuple(trace[name] for name in ("state", "attempts", "relay", "bounce"))
    assert (250, "queued as 4Xk2") == (trace["reply"]["code"], trace["reply"]["text"])
    assert identity(copy)[0] == trace["message_id"]


async def test_a_bounce_that_came_later_leaves_what_the_relay_had_said(harness: DeliveryHarness) -> None:
    """And the report still has the copy among those that the relay took, as are those of other readers."""
    await harness.readers(2)
    edition = await harness.edition()
    copy, _ = await harness.send_all(TAKEN)
    harness.pass_time(600)
    await notify(harness, copy, report(BounceClass.GONE))
    trace = await traced(harness, edition)
    assert ("failed", "hard") == (trace["state"], trace["kind"])
    assert (250, "ok") == (trace["reply"]["code"], trace["reply"]["text"])
    assert (550, "550 no such user", "gone") == tuple(trace["bounce"][name] for name in ("code", "text", "class"))
    assert trace["reply"]["at"] < trace["bounce"]["at"]
    timelines = (await reported(harness, edition)).timelines
    assert (2, 1) == (timelines["delivered"].total, timelines["failed"].total)
    assert (await traced(harness, edition, "r1@reader.example"))["bounce"] is None


async def test_a_refusal_by_the_relay_is_no_bounce_that_came_later(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    edition = await harness.edition()
    await harness.send_all(GONE)
    trace = await traced(harness, edition)
    assert ("failed", 550, None, "gone") == (trace["state"], trace["reply"]["code"], trace["bounce"], trace["class"])


async def test_a_copy_sent_again_starts_anew(harness: DeliveryHarness) -> None:
    """Nothing of what was said of it before is told of it now, and everything of the copy of another edition."""
    await harness.readers(1)
    editions = []
    for text in ("one", "two"):
        editions.append(await harness.edition(text))
        (copy,) = await harness.send_all()
        await notify(harness, copy, report(BounceClass.FULL))
    other, edition = editions
    await harness.edition_admin.resend(edition)
    trace = await traced(harness, other)
    assert (250, 550) == (trace["reply"]["code"], trace["bounce"]["code"])
    trace = await traced(harness, edition)
    assert ("queued", 0, None, None) == tuple(trace[name] for name in ("state", "attempts", "reply", "bounce"))


async def test_nobody_has_a_copy_of_an_edition_that_has_not_started(harness: DeliveryHarness) -> None:
    """That says nothing about its readers."""
    await harness.readers(1)
    edition = await harness.edition(scheduled_at=int(harness.clock()) + 60)
    with pytest.raises(NotFound, match="has not started"):
        await traced(harness, edition)


async def test_who_is_not_there_is_not_traced(harness: DeliveryHarness) -> None:
    """Unknown, come later, or erased; and what the relay said of the erased is gone from the database."""
    await harness.readers(1)
    edition = await harness.edition()
    said = Reply(250, "queued for r0@reader.example", "2.0.0")
    (copy,) = await harness.send_all(HandOver(Outcome.DELIVERED, Stage.CONTENT, said))
    await notify(harness, copy, report(BounceClass.FULL))
    await harness.services.subscribers.add("news", parse_address("late@reader.example"))
    for address, words in (("x@reader.example", "unknown address"), ("late@reader.example", "has no copy for")):
        with pytest.raises(NotFound, match=words):
            await traced(harness, edition, address)
    await harness.services.subscribers.erase(parse_address("r0@reader.example"))
    with pytest.raises(NotFound, match="unknown address"):
        await traced(harness, edition)
    assert [] == await harness.rows("select * from handover")
    assert [("erased readers", 1)] == [
        (domain.name, domain.copies) for domain in (await reported(harness, edition)).edition.domains
    ]
