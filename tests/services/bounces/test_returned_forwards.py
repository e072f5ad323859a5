"""What becomes of mail that was passed on and did not reach its owner, over a real database."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.inbound.mailroom import ADA, CLAIMANT, NOW, Mailroom, mail, open_mailroom

from pressrun.core.addresses.address import parse_address
from pressrun.core.addresses.mail_routes import Route, RouteKind, read_local_part
from pressrun.core.bounces.classes import BounceClass
from pressrun.core.lifecycles.delivery import DeliveryState, FailureKind
from pressrun.message.reports.report import RecipientReport, Report
from pressrun.services.mail_results import Consequences, MailResult, ReturnedForward
from pressrun.services.readers.erasure import erase
from pressrun.services.upkeep.kept_mail import list_kept, show_kept
from pressrun.smtp.handover import Outgoing
from pressrun.store.queue import deliveries, inbound
from pressrun.store.queue.deliveries import DeliveryResult
from pressrun.store.transaction import Transaction

GONE = Report(
    recipients=(RecipientReport(bounce=BounceClass.GONE, status="5.1.1", code=550, text="550 5.1.1 no such user"),)
)
LATER = Report(recipients=(RecipientReport(bounce=BounceClass.DELAYED),))


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Mailroom]:
    async with open_mailroom(tmp_path) as opened:
        await opened.make_list()
        yield opened


async def forward(room: Mailroom, content: bytes, local: str = "news-owner") -> Outgoing:
    """A mail that a relay has been given."""
    await room.accept(content, local)
    await room.processing.recover()
    (outgoing,) = await room.outgoing()
    return outgoing


async def answer(
    room: Mailroom, outgoing: Outgoing, state: DeliveryState, reply: str = "", kind: FailureKind | None = None
) -> Consequences:
    """What follows from a relay's answer."""
    settlement = DeliveryResult(
        id=outgoing.delivery_id, state=state, due_at=int(NOW), relay="r", code=550, reply=reply, kind=kind
    )

    def settle(tx: Transaction) -> Consequences:
        deliveries.record_results(tx, CLAIMANT, [settlement], int(NOW))
        return room.processing.bounce_handler.draw_consequences(tx, [settlement], int(NOW))

    return await room.database.write(settle)


async def refuse(room: Mailroom, outgoing: Outgoing, reply: str = "no") -> Consequences:
    return await answer(room, outgoing, DeliveryState.FAILED, reply, FailureKind.HARD)


async def notify(room: Mailroom, outgoing: Outgoing, report: Report) -> MailResult:
    route = read_local_part(outgoing.mail_from.partition("@")[0])
    assert isinstance(route, Route)
    assert RouteKind.BOUNCES is route.kind
    return await room.database.write(room.processing.bounce_handler.process, route, report, "")


async def kept(room: Mailroom) -> list[tuple[object, ...]]:
    rows = await room.database.read(list_kept, None)
    return [(row.id, row.to, row.from_, row.why) for row in rows]


@pytest.mark.parametrize(("local", "name"), [("news-owner", "news"), ("postmaster", ""), ("abuse", "")])
async def test_a_refused_forward_is_kept_as_it_came(room: Mailroom, local: str, name: str) -> None:
    """Of the remote's words without the addresses in them."""
    outgoing = await forward(room, mail(), local)
    consequences = await refuse(room, outgoing, "<owner@harbour.example>: unknown")
    assert Consequences(returned=(ReturnedForward(1, name, "550"),)) == consequences
    assert [(1, local, ADA, "came back: 550 <…>: unknown")] == await kept(room)
    assert mail() == await room.database.read(show_kept, 1)


async def test_a_forward_that_nobody_took_in_time_is_kept(room: Mailroom) -> None:
    outgoing = await forward(room, mail())
    await answer(room, outgoing, DeliveryState.FAILED, "try later", FailureKind.EXPIRED)
    assert [(1, "news-owner", ADA, "given up: 550 try later")] == await kept(room)


async def test_a_forward_is_kept_also_when_its_mail_is_known_no_more(room: Mailroom) -> None:
    """It was accepted so long ago that the note of it was swept."""
    outgoing = await forward(room, mail())
    await room.database.write(inbound.sweep_mail, int(NOW) + 1)
    assert {} == await room.counts()
    await refuse(room, outgoing)
    assert [(1, "news-owner", ADA, "came back: 550 no")] == await kept(room)


async def test_a_forward_that_bounces_later_is_kept_once(room: Mailroom) -> None:
    """And passed on once more as often as the operator says so."""
    outgoing = await forward(room, mail())
    await answer(room, outgoing, DeliveryState.DELIVERED)
    reasons = [(await notify(room, outgoing, GONE)).consequences.returned for _ in range(2)]
    assert [(ReturnedForward(1, "news", "550 5.1.1"),), (ReturnedForward(None, "news", "550 5.1.1"),)] == reasons
    assert [(1, "news-owner", ADA, "came back: 550 5.1.1 no such user")] == await kept(room)
    await room.database.write(inbound.process_again, 1)
    await room.processing.recover()
    (again,) = await room.outgoing()
    assert outgoing.content == again.content
    assert [] == await kept(room)


async def test_what_is_no_failure_keeps_nothing(room: Mailroom) -> None:
    """A server that is still trying, and an owner on vacation."""
    outgoing = await forward(room, mail())
    await answer(room, outgoing, DeliveryState.DELIVERED)
    for report in (LATER, Report(automatic="Auto-Submitted")):
        assert Consequences() == (await notify(room, outgoing, report)).consequences
    assert [] == await kept(room)


async def test_a_server_that_is_not_understood_keeps_the_mail(room: Mailroom) -> None:
    """Whatever it says, it is about a mail that may not have arrived."""
    outgoing = await forward(room, mail())
    await answer(room, outgoing, DeliveryState.DELIVERED)
    settled = await notify(room, outgoing, Report(automatic="null sender"))
    assert (ReturnedForward(1, "news", "not understood"),) == settled.consequences.returned
    assert [(1, "news-owner", ADA, "came back: not understood")] == await kept(room)


async def test_a_bounce_of_a_forward_that_goes_out_again_takes_nothing_away(room: Mailroom) -> None:
    """The relay had taken it, though we did not hear so: the retry is whole."""
    outgoing = await forward(room, mail())
    await answer(room, outgoing, DeliveryState.DEFERRED)
    settled = await notify(room, outgoing, GONE)
    assert (ReturnedForward(None, "news", "550 5.1.1"),) == settled.consequences.returned
    assert [outgoing.content] == [sent.content for sent in await room.outgoing()]


async def test_a_forward_queued_before_an_upgrade_is_told_at_least(room: Mailroom) -> None:
    """Its row does not say how it came; its content stays where it is."""
    number = await room.insert_notice("forward")
    (outgoing,) = await room.outgoing()
    assert number == outgoing.delivery_id
    assert (ReturnedForward(None, "", "550"),) == (await refuse(room, outgoing)).returned


async def test_erasing_forgets_what_somebody_had_passed_on(room: Mailroom) -> None:
    """By the envelope alone, whatever the mail says."""
    await forward(room, b"Subject: hello\r\n\r\nhello\r\n")
    erased = await erase(room.database, parse_address(ADA), room.keys, os.urandom, int(room.now))
    assert erased is not None
    assert 1 == erased.of_others.notices
    await room.database.write(deliveries.recover, int(room.now))
    assert [] == await room.outgoing()
