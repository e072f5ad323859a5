"""What comes after a reader was erased: a late answer, a bounce, a mail that was being read. None brings them back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.delivery.harness import TAKEN, DeliveryHarness
from tests.inbound.mailroom import ADA, InlineReader, Mailroom, mail, open_mailroom

from pressrun.core.addresses.address import parse_address
from pressrun.core.addresses.mail_routes import read_local_part
from pressrun.core.bounces.classes import BounceClass
from pressrun.message.incoming.reading import IncomingMail, read_mail
from pressrun.message.reports.report import RecipientReport, Report
from pressrun.services.mail_results import MailResult
from pressrun.services.readers.erasure import erase_person
from pressrun.smtp.handover import HandOver, Outcome, Outgoing, Stage
from pressrun.smtp.reply import Reply
from pressrun.store.queue.inbound import InboundState

READER = "r0@reader.example"
WORDS = "the box of r0 at reader.example says so"  # names the reader, though in no spelling of an address
ANSWERS = {
    "delivered": HandOver(Outcome.DELIVERED, Stage.CONTENT, Reply(250, WORDS, "2.0.0")),
    "failed": HandOver(Outcome.REFUSED, Stage.RCPT, Reply(550, WORDS, "5.2.2")),
    "cancelled": HandOver(Outcome.DEFERRED, Stage.RCPT, Reply(451, WORDS, "4.2.1")),
}


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Mailroom]:
    async with open_mailroom(tmp_path) as opened:
        await opened.make_list()
        yield opened


async def notify(harness: DeliveryHarness, outgoing: Outgoing, report: Report | None) -> MailResult:
    route = read_local_part(outgoing.mail_from.partition("@")[0])
    assert route is not None
    return await harness.services.database.write(harness.bounce_handler.process, route, report, "it cannot be read")


def report(text: str = WORDS) -> Report:
    recipient = RecipientReport(bounce=BounceClass.GONE, address=READER, status="5.1.1", code=550, text=text)
    return Report(recipients=(recipient,))


async def send_one(harness: DeliveryHarness) -> Outgoing:
    await harness.readers(1)
    await harness.edition()
    (outgoing,) = await harness.send_all(TAKEN)
    return outgoing


@pytest.mark.parametrize("state", ANSWERS)
async def test_the_answer_to_a_copy_that_was_on_its_way_is_recorded_without_its_words(
    harness: DeliveryHarness, state: str
) -> None:
    await harness.readers(1)
    await harness.edition()
    await harness.run_cycle()
    (outgoing,) = harness.all_outgoing()
    await harness.services.subscribers.erase(parse_address(READER))
    harness.answer(outgoing, ANSWERS[state])
    await harness.run_cycle()
    reply = ANSWERS[state].reply
    assert reply is not None
    assert [(state, reply.code, None, "")] == await harness.rows("select state, code, reply, domain from delivery")


async def test_a_bounce_after_erasing_is_counted_without_its_words(harness: DeliveryHarness) -> None:
    outgoing = await send_one(harness)
    await harness.services.subscribers.erase(parse_address(READER))
    assert InboundState.DONE is (await notify(harness, outgoing, report())).state
    assert [("failed", 550, "gone", None, "")] == await harness.rows(
        "select state, code, bounce, reply, domain from delivery"
    )
    assert [(None,)] == await harness.rows("select reply from handover")


@pytest.mark.parametrize(
    "notification", [None, Report(automatic="null sender"), Report()], ids=["unreadable", "not understood", "in person"]
)
async def test_no_mail_to_the_return_path_of_an_erased_reader_is_kept(
    harness: DeliveryHarness, notification: Report | None
) -> None:
    """It came about them, so it may name them."""
    outgoing = await send_one(harness)
    assert InboundState.DONE is not (await notify(harness, outgoing, notification)).state
    await harness.services.subscribers.erase(parse_address(READER))
    assert InboundState.DONE is (await notify(harness, outgoing, notification)).state


async def test_no_address_is_recorded_of_what_remotes_say(harness: DeliveryHarness) -> None:
    """A mailbox that forwards to somebody else answers in that one's name."""
    words = "user <other@elsewhere.example>: over quota"
    await harness.readers(2)
    await harness.edition()
    await harness.run_cycle()
    first, second = harness.all_outgoing()
    harness.answer(first, HandOver(Outcome.REFUSED, Stage.RCPT, Reply(552, words, "5.2.2")))
    harness.answer(second, TAKEN)
    await harness.run_cycle()
    await notify(harness, second, report(words))
    assert [("user <…>: over quota",)] * 2 == await harness.rows("select reply from delivery order by id")


async def test_nothing_follows_from_a_mail_whose_sender_is_erased_while_it_is_read(room: Mailroom) -> None:
    class ErasingReader(InlineReader):
        async def read(self, content: bytes) -> IncomingMail:
            await room.database.write(erase_person, parse_address(ADA), room.keys, b"s" * 16, int(room.now))
            return read_mail(content)

    await room.subscribe()
    room.processing._parsers = dict.fromkeys(room.processing._parsers, ErasingReader())
    assert [] == await room.deliver(mail(Subject="subscribe"), "news-request")
    assert {"done": 1} == await room.counts()
    assert None is await room.state_of()
