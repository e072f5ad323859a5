"""Somebody leaves while their copy is in flight, and takes that back: the copy that was stopped goes out after all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from tests.delivery.pressroom import LATER, Pressroom

from pressrun.core.addresses.address import parse_address
from pressrun.services.readers.subscription_records import Origin
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
@pytest.mark.parametrize("settled_at", [None, 9], ids=["first attempt", "second attempt"])
async def test_a_copy_in_flight_comes_back(press: Pressroom, stop: Stop, settled_at: int | None) -> None:
    await press.change("update list set leaving_note = 1")
    await press.add_readers([ADA, "bob@reader.example"])  # the edition is not over when Ada's copy is
    await press.edition()
    outgoing = next(one for one in await press.take_after_turn() if one.rcpt_to == ADA)
    await press.change("update delivery set attempts = 2, settled_at = ? where settled_at is null", settled_at)
    press.pass_time(5)
    await press.leave(ADA)
    press.pass_time(5)
    await stop(press, outgoing)
    assert "cancelled" == await copy_of_ada(press)
    [(number,)] = await press.rows("select id from leaving")
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
    await press.office.sign_ups.request("news", parse_address(ADA), WEB, network=None)
    await press.send_all()
    await press.office.sign_ups.confirm(1, WEB)
    [outgoing] = await press.take_after_turn()
    press.pass_time(5)
    await press.leave(ADA)
    press.pass_time(5)
    await stop(press, outgoing)
    await press.turn()
    [(number,)] = await press.rows("select id from leaving")
    assert (await UndoUnsubscribe(press.office.context).undo(number, WEB))[0] is UndoOutcome.RESTORED
    for _ in range(3):
        await press.send_all()
        press.pass_time(7200)
    assert "delivered" == await copy_of_ada(press)
