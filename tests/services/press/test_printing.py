"""The press takes rows ahead only where mail is signed, as far as it may, and gives back what no connection takes."""

from __future__ import annotations

import asyncio
import logging

import pytest
from tests.services.press.test_signing import keys, settled
from tests.services.pressroom import AHEAD, RELAY, TAKEN, Pressroom

from pressrun.core.address import parse_address
from pressrun.services.queue.shelf import STALE_SECONDS
from pressrun.services.readers.subscribing import Origin
from pressrun.smtp.events import Settled


async def test_without_signatures_nothing_is_taken_ahead(press: Pressroom) -> None:
    await press.readers(5)
    edition = await press.edition()
    await press.turn()
    assert 5 == press.press.waiting(RELAY)
    assert press.take() is not None
    await press.dispatcher.drain(0)
    await press.turn()
    assert {"queued": 4, "claimed": 1} == await press.counts(edition)


async def test_what_is_taken_ahead_is_bounded(press: Pressroom) -> None:
    """By what the connections can carry, and a few."""
    press.press.sign_with(keys())
    await press.readers(AHEAD + press.pool.capacity() + 20)
    await press.edition()
    await settled(press)
    assert AHEAD + press.pool.capacity() == press.press.waiting(RELAY)
    taken = press.take()
    assert taken is not None
    assert AHEAD + press.pool.capacity() - 1 == press.press.waiting(RELAY)  # one more is on its way
    press.answer(taken, TAKEN)
    await press.press._signing.close()


async def test_a_relay_that_fails_gets_none(press: Pressroom, monkeypatch: pytest.MonkeyPatch) -> None:
    press.press.sign_with(keys())
    monkeypatch.setattr(type(press.pool), "capacity", lambda self, relay=None: 0)
    await press.readers(5)
    edition = await press.edition()
    await press.turn()
    assert (0, None) == (press.press.waiting(RELAY), press.take())
    assert 0 == len(press.press._signing)
    await press.dispatcher.drain(0)
    await press.turn()
    assert {"queued": 5} == await press.counts(edition)


async def test_what_no_connection_takes_goes_back(press: Pressroom) -> None:
    """While a relay is stuck, others may take it, and its readers may leave."""
    press.press.sign_with(keys())
    await press.readers(5)
    edition = await press.edition()
    await settled(press)
    assert 5 == press.press.waiting(RELAY)
    press.pass_time(STALE_SECONDS)
    press.press._give_back_stale()
    await press.turn()
    press.press._give_back_all()
    await press.dispatcher.drain(0)
    await press.turn()
    assert {"queued": 5} == await press.counts(edition)
    assert {"unsent": 5} == {name: number for name, number in press.outcomes.items() if number}
    await asyncio.sleep(0)


async def test_a_mail_without_evidence_keeps_no_other_from_being_recorded(
    press: Pressroom, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It went out, and others were answered with it."""
    await press.readers(1)
    edition = await press.edition()
    origin = Origin(source="web")
    await press.office.subscribing.request("news", parse_address("ada@reader.example"), origin, network=None)
    await press.turn()
    taken = press.take_all()
    monkeypatch.setattr(press.press._maker.notices, "sent", lambda *_: 1 / 0)
    press.press.settle(RELAY, [Settled(one, TAKEN) for one in taken])
    await press.turn()
    assert (2, {"delivered": 1}) == (len(taken), await press.counts(edition))
    assert ["press.no_evidence"] == [one.message for one in caplog.records if one.levelno >= logging.ERROR]
