"""Somebody leaves or pauses in the middle of an edition, and takes that back: the copy that was stopped goes out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from tests.delivery.harness import LATER, TAKEN, DeliveryHarness

from pressrun.core.addresses.address import parse_address
from pressrun.services.archives.archive_reader import NotReadable, ReaderLink, read_index
from pressrun.services.readers.confirmations import Confirmed
from pressrun.services.readers.preferences import Preferences
from pressrun.services.readers.profiles import PreferenceLink
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.readers.undo_unsubscribe import UndoOutcome, UndoUnsubscribe
from pressrun.smtp.handover import Outgoing
from pressrun.store.queue import deliveries
from pressrun.store.readers import unsubscribes

Stop = Callable[[DeliveryHarness, Outgoing], Awaitable[None]]

ADA = "ada@reader.example"
STOPPED_AT = 100
WEB = Origin(source="web", ip="192.0.2.7", language="en", words="words")


async def put_off(harness: DeliveryHarness, outgoing: Outgoing) -> None:
    """The relay wants it later, and then it waits no more."""
    harness.answer(outgoing, LATER)
    await harness.run_cycle()


async def never_sent(harness: DeliveryHarness, _: Outgoing) -> None:
    """The process stops, and gives back what it has not sent."""
    number = await harness.subscription(ADA)
    [(copy,)] = await harness.rows("select id from delivery where subscription_id = ?", number)
    await harness.services.database.write(deliveries.release, harness.owner.session, [copy], int(harness.services.now))


async def killed(harness: DeliveryHarness, _: Outgoing) -> None:
    await harness.start()


@pytest.mark.parametrize("stop", [put_off, never_sent, killed])
@pytest.mark.parametrize("recorded_at", [None, 9], ids=["first attempt", "second attempt"])
async def test_a_copy_in_flight_comes_back(harness: DeliveryHarness, stop: Stop, recorded_at: int | None) -> None:
    await harness.change("update list set leaving_note = 1")
    await harness.add_readers([ADA, "bob@reader.example"])  # the edition is not over when Ada's copy is
    await harness.edition()
    outgoing = next(copy for copy in await harness.outgoing_after_cycle() if copy.rcpt_to == ADA)
    await harness.change("update delivery set attempts = 2, recorded_at = ? where recorded_at is null", recorded_at)
    harness.pass_time(5)
    await harness.leave(ADA)
    harness.pass_time(5)
    await stop(harness, outgoing)
    assert "cancelled" == await copy_of_ada(harness)
    [(number,)] = await harness.rows("select id from unsubscribe")
    assert (await UndoUnsubscribe(harness.services.context).undo(number, WEB))[0] is UndoOutcome.RESTORED
    for _ in range(3):
        await harness.send_all()
        harness.pass_time(7200)
    assert "delivered" == await copy_of_ada(harness)


async def copy_of_ada(harness: DeliveryHarness) -> str:
    number = await harness.subscription(ADA)
    [(state,)] = await harness.rows("select state from delivery where subscription_id = ?", number)
    return str(state)


async def leave_while_welcomed(harness: DeliveryHarness) -> Outgoing:
    """Their welcome is in flight then."""
    await harness.services.lists.set_list(
        "news", {"welcome": "welcome.md"}, {"welcome": b"---\nsubject: Hello\n---\nHello\n"}
    )
    await harness.change("update list set leaving_note = 1")
    await harness.services.sign_ups.request(["news"], Applicant(parse_address(ADA), WEB), network=None)
    await harness.send_all()
    await harness.services.confirmations.confirm(1, WEB)
    [outgoing] = await harness.outgoing_after_cycle()
    harness.pass_time(5)
    await harness.leave(ADA)
    harness.pass_time(5)
    return outgoing


async def test_a_welcome_that_arrived_nevertheless_does_not_come_again(harness: DeliveryHarness) -> None:
    outgoing = await leave_while_welcomed(harness)
    harness.answer(outgoing, TAKEN)
    await harness.run_cycle()
    [(number,)] = await harness.rows("select id from unsubscribe")
    assert (await UndoUnsubscribe(harness.services.context).undo(number, WEB))[0] is UndoOutcome.RESTORED
    assert ADA not in {mail.rcpt_to for mail in await harness.send_all() if mail.mail_from.startswith("news-bounces+")}
    assert "delivered" == await copy_of_ada(harness)


@pytest.mark.parametrize("stop", [put_off, never_sent, killed])
async def test_a_welcome_in_flight_comes_back(harness: DeliveryHarness, stop: Stop) -> None:
    """Its edition was over with it."""
    await stop(harness, await leave_while_welcomed(harness))
    await harness.run_cycle()
    [(number,)] = await harness.rows("select id from unsubscribe")
    assert (await UndoUnsubscribe(harness.services.context).undo(number, WEB))[0] is UndoOutcome.RESTORED
    for _ in range(3):
        await harness.send_all()
        harness.pass_time(7200)
    assert "delivered" == await copy_of_ada(harness)


@pytest.mark.parametrize("is_in_flight", [False, True])
async def test_a_pause_that_its_reader_ends_at_once_loses_no_copy(harness: DeliveryHarness, is_in_flight: bool) -> None:
    """Somebody else may have paused it, by the link of an edition that was passed on."""
    await harness.add_readers([ADA, "bob@reader.example"])
    await harness.edition()
    preferences, link = Preferences(harness.services.context), PreferenceLink(subscriber_id=1, epoch=0)
    outgoing = (
        next(copy for copy in await harness.outgoing_after_cycle() if copy.rcpt_to == ADA) if is_in_flight else None
    )
    await preferences.pause(link, 30, WEB)
    harness.pass_time(5)
    if outgoing is not None:
        await put_off(harness, outgoing)
    assert "cancelled" == await copy_of_ada(harness)
    await preferences.resume(link, WEB)
    for _ in range(3):
        await harness.send_all()
        harness.pass_time(7200)
    assert "delivered" == await copy_of_ada(harness)


@pytest.mark.parametrize("state", ["delivered", "failed"])
async def test_a_copy_that_ended_during_a_pause_does_not_go_again(harness: DeliveryHarness, state: str) -> None:
    """It was in flight when the pause began."""
    await harness.add_readers([ADA, "bob@reader.example"])
    await harness.edition()
    preferences, link = Preferences(harness.services.context), PreferenceLink(subscriber_id=1, epoch=0)
    await preferences.pause(link, 30, WEB)
    await harness.change(
        "update delivery set state = ?, recorded_at = ? where subscription_id = 1", state, int(harness.services.now)
    )
    await preferences.resume(link, WEB)
    assert state == await copy_of_ada(harness)


async def test_a_pause_brings_back_no_copy_of_before(harness: DeliveryHarness) -> None:
    """As of somebody who had left, and came back by signing up."""
    await harness.add_readers([ADA, "bob@reader.example"])
    await harness.edition()
    await harness.change("update delivery set state = 'cancelled', recorded_at = ?", int(harness.services.now) - 1)
    preferences, link = Preferences(harness.services.context), PreferenceLink(subscriber_id=1, epoch=0)
    await preferences.pause(link, 30, WEB)
    await preferences.resume(link, WEB)
    assert "cancelled" == await copy_of_ada(harness)


async def requeue(harness: DeliveryHarness) -> int:
    """How many copies of the first subscription come back."""
    return await harness.services.database.write(
        lambda tx: unsubscribes.requeue_copies(tx, 1, since=STOPPED_AT, now=int(harness.services.now))
    )


@pytest.mark.parametrize("former", ["unsubscribed", "pending"])
@pytest.mark.parametrize(
    ("state", "comes_back"),
    [("queued", 0), ("deferred", 0), ("claimed", 0), ("delivered", 0), ("failed", 1), ("cancelled", 1)],
)
async def test_no_copy_comes_back_beside_one_of_a_subscription_that_became_this_one(
    harness: DeliveryHarness, former: str, state: str, comes_back: int
) -> None:
    """It was their copy at another address. If somebody has asked for that subscription again, this changes nothing."""
    await harness.readers(2)
    await harness.edition()
    await harness.change("update delivery set state = 'cancelled', recorded_at = ?", STOPPED_AT)
    await harness.change("update delivery set state = ? where subscription_id = 2", state)
    await harness.change("update subscription set state = ?, moved_to = 1 where id = 2", former)
    assert comes_back == await requeue(harness)


@pytest.mark.parametrize("stopped_at", [STOPPED_AT - 1, STOPPED_AT])
@pytest.mark.parametrize("state", ["sending", "paused", "finished", "cancelled"])
async def test_an_issue_in_two_languages_comes_back_in_one(
    harness: DeliveryHarness, state: str, stopped_at: int
) -> None:
    """In that whose copy was made first, if it was stopped by this and its edition goes on."""
    await harness.readers(1)
    first, second = await harness.edition("Hello"), await harness.edition("Bom dia")
    await harness.change("update edition set issue = 'may'")
    await harness.change("update edition set state = ? where id = ?", state, first)
    await harness.change("update delivery set state = 'cancelled', recorded_at = ?", STOPPED_AT)
    await harness.change("update delivery set recorded_at = ? where edition_id = ?", stopped_at, first)
    await requeue(harness)
    goes_on = state in ("sending", "paused") and stopped_at == STOPPED_AT
    queued = await harness.rows("select edition_id from delivery where state = 'queued'")
    assert [(first if goes_on else second,)] == queued


async def test_links_to_read_work_again_and_requests_stay_void(harness: DeliveryHarness) -> None:
    """The earlier link is that of a reader who never left. Unsubscribing and signing up again leads to a new one."""
    await harness.change("update list set leaving_note = 1, archive = 'members'")
    await harness.services.sign_ups.request(["news"], Applicant(parse_address(ADA), WEB), network=None)
    await harness.services.confirmations.confirm(1, WEB)
    before = await link_of_ada(harness)
    readable, confirmed = [await opens(harness, before)], []
    for step in ("leave", "undo", "leave", "sign up"):
        harness.pass_time(5)
        if step == "leave":
            await harness.leave(ADA)
        elif step == "undo":
            [(number,)] = await harness.rows("select id from unsubscribe")
            await UndoUnsubscribe(harness.services.context).undo(number, WEB)
        else:
            await harness.services.sign_ups.request(["news"], Applicant(parse_address(ADA), WEB), network=None)
            await harness.services.confirmations.confirm(2, WEB)
        readable.append(await opens(harness, before))
        confirmed.append((await harness.services.confirmations.find(1))[0])
    assert [True, False, True, False, False] == readable
    assert await opens(harness, await link_of_ada(harness))
    assert [Confirmed.LEFT_SINCE] * 4 == confirmed


async def test_a_request_that_waits_is_confirmed_by_undoing(harness: DeliveryHarness) -> None:
    """Its link says so afterwards, and after the next leaving it is void as all others are."""
    await harness.change("update list set leaving_note = 1")
    await harness.add_readers([ADA])
    await harness.leave(ADA)
    await harness.services.sign_ups.request(["news"], Applicant(parse_address(ADA), WEB), network=None)
    [(number,)] = await harness.rows("select id from unsubscribe")
    await UndoUnsubscribe(harness.services.context).undo(number, WEB)
    outcomes = [(await harness.services.confirmations.find(1))[0]]
    await harness.leave(ADA)
    outcomes.append((await harness.services.confirmations.find(1))[0])
    assert [Confirmed.ALREADY, Confirmed.LEFT_SINCE] == outcomes


async def test_who_was_suppressed_since_is_not_told_that_they_are_back(harness: DeliveryHarness) -> None:
    """No mail would come."""
    await harness.change("update list set leaving_note = 1")
    await harness.add_readers([ADA])
    await harness.leave(ADA)
    await harness.services.suppressions.add(parse_address(ADA), "operator")
    [(number,)] = await harness.rows("select id from unsubscribe")
    assert (await UndoUnsubscribe(harness.services.context).undo(number, WEB))[0] is UndoOutcome.OVER
    assert [("unsubscribed",)] == await harness.rows("select state from subscription")


async def link_of_ada(harness: DeliveryHarness) -> ReaderLink:
    number = await harness.subscription(ADA)
    [(round_,)] = await harness.rows("select round from subscription where id = ?", number)
    return ReaderLink(subscription_id=number, epoch=0, round=round_)


async def opens(harness: DeliveryHarness, link: ReaderLink) -> bool:
    page = await harness.services.context.database.read(read_index, link)
    return page is not NotReadable.UNKNOWN
