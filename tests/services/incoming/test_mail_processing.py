"""Accepted mail goes to whoever its address asks for: notifications and complaints as they come in by mail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from tests.database import execute_in, select
from tests.inbound.mailroom import ADA, D, Mailroom, mail, open_mailroom

from pressrun.core.signing.tokens import AddressPurpose
from pressrun.store.transaction import Transaction

FEEDBACK = """\
This is a MIME message.
--b
Content-Type: text/plain

A reader complained.
--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Loop/1
Version: 1
--b
Content-Type: message/rfc822

{enclosed}
--b--
"""


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Mailroom]:
    async with open_mailroom(tmp_path) as opened:
        await opened.make_list()
        yield opened


def give_copies(tx: Transaction, subscription: int) -> None:
    """Four editions of the list: the reader got three of them, not in their order, and the fourth is being sent."""
    for number, state, at in ((1, "delivered", 5), (2, "delivered", 7), (3, "delivered", 6), (4, "queued", None)):
        execute_in(
            tx,
            "insert into edition (id, list_id, slug, state, subject, title, language, source_name, source_digest,"
            " message_secret, audience, created_at, started_at) select ?, id, ?, 'sending', 's', 't', 'en', 'e.md', ?,"
            " ?, 1, 1, 1 from list",
            number,
            f"e{number}",
            bytes([number]) * 32,
            b"s",
        )
        execute_in(tx, "insert into copy_count (edition_id) values (?)", number)
        execute_in(
            tx,
            "insert into delivery (edition_id, subscription_id, domain, state, due_at, recorded_at)"
            " values (?, ?, 'd', ?, 1, ?)",
            number,
            subscription,
            state,
            at,
        )


async def test_who_unsubscribes_by_mail_counts_with_the_last_edition_that_they_got(room: Mailroom) -> None:
    """The address of List-Unsubscribe tells whose subscription it is, and no edition."""
    number = await room.subscribe()
    await room.database.write(give_copies, number)
    await room.deliver(mail(), f"news-unsubscribe+{room.token(AddressPurpose.UNSUBSCRIBE, number)}")
    assert "unsubscribed" == await room.state_of()
    counted = await select(room.database, "select unsubscribed from edition order by id")
    assert [(0,), (1,), (0,), (0,)] == counted


async def test_a_complaint_by_the_mailto_counts_with_the_last_edition_that_they_got(room: Mailroom) -> None:
    number = await room.subscribe()
    await room.database.write(give_copies, number)
    token = room.token(AddressPurpose.UNSUBSCRIBE, number)
    enclosed = f"List-Unsubscribe: <mailto:news-unsubscribe+{token}@{D}>"
    await room.deliver(feedback(enclosed), "abuse", mail_from="")
    assert [(0,), (1,), (0,), (0,)] == await select(room.database, "select complaints from edition order by id")


def feedback(enclosed: str, number: int = 1) -> bytes:
    return mail(
        FEEDBACK.format(enclosed=enclosed),
        number=number,
        MIME_Version="1.0",
        Content_Type='multipart/report; report-type=feedback-report; boundary="b"',
    )


def dsn(address: str, status: str = "5.1.1", action: str = "failed") -> bytes:
    body = (
        "--b\n\nSorry.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.reader.example\n\n"
        f"Final-Recipient: rfc822; {address}\nAction: {action}\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; 550 {status} no such user\n--b--\n"
    )
    return mail(
        body, From=f"MAILER-DAEMON@{D}", Content_Type='multipart/report; report-type=delivery-status; boundary="b"'
    )


async def test_a_complaint_to_abuse_leaves_silently_and_is_not_passed_on(room: Mailroom) -> None:
    """By the token of the mailto in the enclosed header."""
    number = await room.subscribe()
    token = room.token(AddressPurpose.UNSUBSCRIBE, number)
    enclosed = f"List-Unsubscribe: <https://x.example/>,\n <mailto:news-unsubscribe+{token}@{D}>"
    assert [] == await room.deliver(feedback(enclosed), "abuse", mail_from="")
    assert "unsubscribed" == await room.state_of()
    assert ["complaint"] == room.counted


async def test_a_complaint_without_a_token_goes_to_the_operator(room: Mailroom) -> None:
    """Nobody is touched, and a person may look."""
    await room.subscribe()
    (passed_on,) = await room.deliver(feedback(f"To: {ADA}\nSubject: hello"), "postmaster", mail_from="")
    assert "active" == await room.state_of()
    assert f"news@{D}" == passed_on["To"]
    assert ["report"] == room.counted


async def test_what_cannot_be_read_at_abuse_goes_to_the_operator_all_the_same(room: Mailroom) -> None:
    """It may be anything."""
    hostile = mail("x\n", Content_Type="text/plain" + ";" * 9000)
    await room.accept(hostile, "abuse")
    await room.processing.recover()
    assert 1 == len(await room.outgoing())  # as it is: to parse it takes a second


async def test_a_notification_of_a_confirmation_suspends_nobody(room: Mailroom) -> None:
    """It is no edition, and no metric tells that it came back: whoever watches may have asked for it."""
    await room.subscribe()
    number = await room.insert_notice("test")
    await room.outgoing()
    local = f"news-bounces+{room.token(AddressPurpose.BOUNCES, number)}"
    assert [] == await room.deliver(dsn(ADA), local, mail_from="")
    assert {"done": 1} == await room.counts()
    assert [] == room.counted
    assert "active" == await room.state_of()


async def test_only_what_waits_to_be_sent_has_the_queue_looked_at(room: Mailroom) -> None:
    """Bounces come by the hundred while an edition goes out; a question has an answer."""
    await room.subscribe()
    number = await room.insert_notice("test")
    await room.outgoing()
    local = f"news-bounces+{room.token(AddressPurpose.BOUNCES, number)}"
    before = room.woken
    await room.deliver(dsn(ADA), local, mail_from="")
    await room.deliver(mail("Please call me.\n", number=2), local)
    assert before == room.woken
    await room.deliver(mail("help\n", number=3), "news-request")
    assert before < room.woken


async def test_a_vacation_notice_at_a_bounce_address_is_dropped(room: Mailroom) -> None:
    """A person's own words there are kept."""
    local = f"news-bounces+{room.token(AddressPurpose.BOUNCES, 7)}"
    await room.deliver(mail("I am away.\n", Auto_Submitted="auto-replied"), local)
    await room.deliver(mail("Please call me.\n", number=2), local)
    assert {"done": 1, "kept": 1} == await room.counts()
