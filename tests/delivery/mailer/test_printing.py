"""The press takes rows ahead only where mail is signed, as far as it may, and gives back what no connection takes."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import cast

import pytest
from tests.delivery.mailer.test_signing import keys, settled
from tests.delivery.pressroom import AHEAD, RELAY, TAKEN, Pressroom

from pressrun.core.address import parse_address
from pressrun.delivery.mailer.making import Maker
from pressrun.delivery.mailer.printing import Press
from pressrun.delivery.mailer.signatures import Threads
from pressrun.delivery.queue.destination_queues import STALE_SECONDS
from pressrun.delivery.queue.jobs import NOT_SENT, CompositionFailed, Job, Result
from pressrun.services.readers.sign_ups import Origin
from pressrun.smtp.events import Settled
from pressrun.smtp.handover import Outgoing
from pressrun.store.deliveries import ClaimedCopy


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
    await press.office.sign_ups.request("news", parse_address("ada@reader.example"), origin, network=None)
    await press.turn()
    taken = press.take_all()
    monkeypatch.setattr(press.press._maker.notices, "sent", lambda *_: 1 / 0)
    press.press.settle(RELAY, [Settled(one, TAKEN) for one in taken])
    await press.turn()
    assert (2, {"delivered": 1}) == (len(taken), await press.counts(edition))
    assert ["press.no_evidence"] == [one.message for one in caplog.records if one.levelno >= logging.ERROR]


class Rows:
    """A queue whose order is settled, as the press process has it, and a maker of its mails; notes what it is told."""

    def __init__(self, number: int) -> None:
        self.left = deque(range(number))
        self.made: list[int] = []
        self.given_back: list[int] = []
        self.unmade: list[int] = []
        self.bad: frozenset[int] = frozenset()
        self.fails_at: int | None = None

    def next(self, relay: str, most: int) -> list[Job]:
        if self.left and self.left[0] == self.fails_at:
            raise OSError("the queue is gone")
        return [Job(claimed(self.left.popleft()), 0, None)] if self.left else []

    def waiting(self, relay: str) -> int:
        return len(self.left)

    def record(self, relay: str, results: Sequence[Result]) -> None:
        self.given_back += [one.id for one in results if one.outcome is NOT_SENT]
        self.unmade += [one.id for one in results if isinstance(one.outcome, CompositionFailed)]

    def make(self, job: Job) -> Outgoing:
        self.made.append(job.row.id)
        if job.row.id in self.bad:
            raise ValueError("a row that cannot be read")
        return Outgoing(job.row.id, "", "ada@reader.example", b"", eight_bit=False, utf8=False, is_ours=True)


def claimed(number: int) -> ClaimedCopy:
    return ClaimedCopy(number, number, "reader.example", "", 0, None, number, "ada@reader.example", "", "{}", 1, 1)


def press_of(rows: Rows, together: int) -> Press:
    return Press(
        rows,
        maker=cast(Maker, rows),
        signer=None,
        hands=Threads(),
        clock=lambda: 0.0,
        ahead=lambda relay: 0,
        together=together,
    )


async def test_mails_are_made_in_a_row_while_plenty_wait() -> None:
    """In their order; one by one where the rest may not be asked for, or the queue decides each time who is next."""
    rows = Rows(13)
    press = press_of(rows, 4)
    made = []
    for number in range(13):
        taken = press.take(RELAY)
        assert taken is not None
        assert number == taken.delivery_id
        made.append(len(rows.made))
    assert [4, 4, 4, 4, 8, 8, 8, 8, 9, 10, 11, 12, 13] == made
    assert None is press.take(RELAY)
    rows = Rows(9)
    assert press_of(rows, 1).take(RELAY) is not None
    assert [0] == rows.made


async def test_what_was_made_in_a_row_goes_back_with_the_rest() -> None:
    rows = Rows(8)
    press = press_of(rows, 4)
    assert press.take(RELAY) is not None
    assert (3, 7) == (press.being_made(RELAY), press.waiting(RELAY))
    press.recall()
    assert [1, 2, 3] == rows.given_back
    assert (0, 4) == (press.being_made(RELAY), press.waiting(RELAY))


async def test_a_row_that_cannot_be_made_is_missing_from_its_row_alone() -> None:
    rows = Rows(8)
    rows.bad = frozenset({0, 2, 3})
    press = press_of(rows, 4)
    assert [1, 4, 5, 6, 7] == [taken.delivery_id for taken in iter(lambda: press.take(RELAY), None)]
    assert [0, 2, 3] == rows.unmade


async def test_a_queue_that_fails_meanwhile_loses_none() -> None:
    """Those that it gave before are handed out, and asked for first."""
    rows = Rows(8)
    rows.fails_at = 2
    press = press_of(rows, 4)
    with pytest.raises(OSError, match="gone"):
        press.take(RELAY)
    rows.fails_at = None
    assert list(range(8)) == [taken.delivery_id for taken in iter(lambda: press.take(RELAY), None)]
