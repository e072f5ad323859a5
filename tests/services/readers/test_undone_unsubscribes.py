"""Somebody leaves or pauses in the middle of an edition, and takes that back: the copy that was stopped goes out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from tests.delivery.pressroom import LATER, Pressroom

from pressrun.core.addresses.address import parse_address
from pressrun.services.archives.archive_reader import ArchiveReader, NotReadable, ReaderLink
from pressrun.services.readers.confirmations import Confirmed
from pressrun.services.readers.preferences import Preferences
from pressrun.services.readers.profiles import PreferenceLink
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.readers.undo_unsubscribe import UndoOutcome, UndoUnsubscribe
from pressrun.smtp.handover import Outgoing
from pressrun.store.queue import deliveries

Stop = Callable[[Pressroom, Outgoing], Awaitable[None]]

ADA = "ada@reader.example"
WEB = Origin(source="web", ip="192.0.2.7", language="en", words="words")


async def put_off(press: Pressroom, outgoing: Outgoing) -> None:
    """The relay wants it later, and then it waits no more."""
    press.answer(outgoing, LATER)
    await press.turn()


async def never_sent(press: Pressroom, _: Outgoing) -> None:
    """The process stops, and gives back what it has not sent."""
    number = await press.subscription(ADA)
    [(copy,)] = await press.rows("select id from delivery where subscription_id = ?", number)
    await press.office.database.write(deliveries.release, press.owner.session, [copy], int(press.office.now))


async def killed(press: Pressroom, _: Outgoing) -> None:
    await press.start()


@pytest.mark.parametrize("stop", [put_off, never_sent, killed])
@pytest.mark.parametrize("recorded_at", [None, 9], ids=["first attempt", "second attempt"])
async def test_a_copy_in_flight_comes_back(press: Pressroom, stop: Stop, recorded_at: int | None) -> None:
    await press.change("update list set leaving_note = 1")
    await press.add_readers([ADA, "bob@reader.example"])  # the edition is not over when Ada's copy is
    await press.edition()
    outgoing = next(copy for copy in await press.take_after_turn() if copy.rcpt_to == ADA)
    await press.change("update delivery set attempts = 2, recorded_at = ? where recorded_at is null", recorded_at)
    press.pass_time(5)
    await press.leave(ADA)
    press.pass_time(5)
    await stop(press, outgoing)
    assert "cancelled" == await copy_of_ada(press)
    [(number,)] = await press.rows("select id from unsubscribe")
    assert (await UndoUnsubscribe(press.office.context).undo(number, WEB))[0] is UndoOutcome.RESTORED
    for _ in range(3):
        await press.send_all()
        press.pass_time(7200)
    assert "delivered" == await copy_of_ada(press)


async def copy_of_ada(press: Pressroom) -> str:
    number = await press.subscription(ADA)
    [(state,)] = await press.rows("select state from delivery where subscription_id = ?", number)
    return str(state)


@pytest.mark.parametrize("stop", [put_off, never_sent, killed])
async def test_a_welcome_in_flight_comes_back(press: Pressroom, stop: Stop) -> None:
    """Its edition was over with it."""
    await press.office.lists.set_list(
        "news", {"welcome": "welcome.md"}, {"welcome": b"---\nsubject: Hello\n---\nHello\n"}
    )
    await press.change("update list set leaving_note = 1")
    await press.office.sign_ups.request(["news"], Applicant(parse_address(ADA), WEB), network=None)
    await press.send_all()
    await press.office.confirmations.confirm(1, WEB)
    [outgoing] = await press.take_after_turn()
    press.pass_time(5)
    await press.leave(ADA)
    press.pass_time(5)
    await stop(press, outgoing)
    await press.turn()
    [(number,)] = await press.rows("select id from unsubscribe")
    assert (await UndoUnsubscribe(press.office.context).undo(number, WEB))[0] is UndoOutcome.RESTORED
    for _ in range(3):
        await press.send_all()
        press.pass_time(7200)
    assert "delivered" == await copy_of_ada(press)


@pytest.mark.parametrize("is_in_flight", [False, True])
async def test_a_pause_that_its_reader_ends_at_once_loses_no_copy(press: Pressroom, is_in_flight: bool) -> None:
    """Somebody else may have paused it, by the link of an edition that was passed on."""
    await press.add_readers([ADA, "bob@reader.example"])
    await press.edition()
    preferences, link = Preferences(press.office.context), PreferenceLink(subscriber_id=1, epoch=0)
    outgoing = next(copy for copy in await press.take_after_turn() if copy.rcpt_to == ADA) if is_in_flight else None
    await preferences.pause(link, 30, WEB)
    press.pass_time(5)
    if outgoing is not None:
        await put_off(press, outgoing)
    assert "cancelled" == await copy_of_ada(press)
    await preferences.resume(link, WEB)
    for _ in range(3):
        await press.send_all()
        press.pass_time(7200)
    assert "delivered" == await copy_of_ada(press)


async def test_a_pause_brings_back_no_copy_of_before(press: Pressroom) -> None:
    """As of somebody who had left, and came back by signing up."""
    await press.add_readers([ADA, "bob@reader.example"])
    await press.edition()
    await press.change("update delivery set state = 'cancelled', recorded_at = ?", int(press.office.now) - 1)
    preferences, link = Preferences(press.office.context), PreferenceLink(subscriber_id=1, epoch=0)
    await preferences.pause(link, 30, WEB)
    await preferences.resume(link, WEB)
    assert "cancelled" == await copy_of_ada(press)


async def test_links_to_read_work_again_and_requests_stay_void(press: Pressroom) -> None:
    """The earlier link is that of a reader who never left. Unsubscribing and signing up again leads to a new one."""
    await press.change("update list set leaving_note = 1, archive = 'members'")
    await press.office.sign_ups.request(["news"], Applicant(parse_address(ADA), WEB), network=None)
    await press.office.confirmations.confirm(1, WEB)
    before = await link_of_ada(press)
    readable, confirmed = [await opens(press, before)], []
    for step in ("leave", "undo", "leave", "sign up"):
        press.pass_time(5)
        if step == "leave":
            await press.leave(ADA)
        elif step == "undo":
            [(number,)] = await press.rows("select id from unsubscribe")
            await UndoUnsubscribe(press.office.context).undo(number, WEB)
        else:
            await press.office.sign_ups.request(["news"], Applicant(parse_address(ADA), WEB), network=None)
            await press.office.confirmations.confirm(2, WEB)
        readable.append(await opens(press, before))
        confirmed.append((await press.office.confirmations.find(1))[0])
    assert [True, False, True, False, False] == readable
    assert await opens(press, await link_of_ada(press))
    assert [Confirmed.LEFT_SINCE] * 4 == confirmed


async def test_a_request_that_waits_is_confirmed_by_undoing(press: Pressroom) -> None:
    """Its link says so afterwards, and after the next leaving it is void as all others are."""
    await press.change("update list set leaving_note = 1")
    await press.add_readers([ADA])
    await press.leave(ADA)
    await press.office.sign_ups.request(["news"], Applicant(parse_address(ADA), WEB), network=None)
    [(number,)] = await press.rows("select id from unsubscribe")
    await UndoUnsubscribe(press.office.context).undo(number, WEB)
    outcomes = [(await press.office.confirmations.find(1))[0]]
    await press.leave(ADA)
    outcomes.append((await press.office.confirmations.find(1))[0])
    assert [Confirmed.ALREADY, Confirmed.LEFT_SINCE] == outcomes


async def link_of_ada(press: Pressroom) -> ReaderLink:
    number = await press.subscription(ADA)
    [(round_,)] = await press.rows("select round from subscription where id = ?", number)
    return ReaderLink(subscription_id=number, epoch=0, round=round_)


async def opens(press: Pressroom, link: ReaderLink) -> bool:
    page = await ArchiveReader(press.office.context).index(link)
    return page is not NotReadable.UNKNOWN
