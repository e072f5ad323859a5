"""Rows in the press process: taken in order, answered once, and sent back when nobody takes them."""

from __future__ import annotations

import asyncio

import pytest

from pressrun.delivery.queue import broker
from pressrun.delivery.queue.destination_queues import STALE_SECONDS
from pressrun.delivery.queue.jobs import NOT_SENT, CompositionFailed, Job, Result
from pressrun.delivery.worker.inbox import PLENTY, TOGETHER, TOGETHER_SECONDS, Inbox
from pressrun.smtp.handover import HandOver, Outcome, Stage
from pressrun.smtp.reply import Reply
from pressrun.store.deliveries import ClaimedCopy

TAKEN = HandOver(Outcome.DELIVERED, Stage.CONTENT, Reply(250, "taken", "2.0.0"))


class Desk:
    """An inbox with a clock, and how often it asked to be heard."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.asked = 0
        self.inbox = Inbox(self._ask, lambda: self.now)

    def _ask(self) -> None:
        self.asked += 1

    def put(self, relay: str, *numbers: int) -> None:
        self.inbox.put(relay, [job(number) for number in numbers])

    def unsent(self) -> dict[str, list[int]]:
        """What went back."""
        said = self.inbox.take_answers()
        assert all(one.outcome == NOT_SENT for answers in said for one in answers.results)
        return {answers.relay: [answer.id for answer in answers.results] for answers in said}


def job(number: int) -> Job:
    row = ClaimedCopy(number, 1, "reader.example", "", 0, None, 1, "a@reader.example", "", "{}", 0, 0)
    return Job(row, 1000, None, queue="")


def noted(number: int) -> Result:
    return Result(number, TAKEN, is_journaled=True)


def test_rows_are_taken_in_order_by_their_relay() -> None:
    desk = Desk()
    desk.put("a", 1, 2)
    desk.put("b", 3)
    handed_out = [desk.inbox.next(relay, 1) for relay in ("a", "b", "b", "a", "c")]
    assert [[1], [3], [], [2], []] == [[job.row.id for job in jobs] for jobs in handed_out]
    assert (0, 0) == (desk.inbox.waiting("a"), desk.inbox.waiting("c"))


def test_answers_are_said_together() -> None:
    """It asks to be heard with the first, and again with the first after that."""
    desk = Desk()
    for number in (1, 2):
        desk.inbox.record("a", [Result(number, NOT_SENT)])
    desk.inbox.record("b", [Result(3, CompositionFailed("ValueError"))])
    assert 1 == desk.asked
    assert [("a", [1, 2]), ("b", [3])] == [
        (said.relay, [one.id for one in said.results]) for said in desk.inbox.take_answers()
    ]
    desk.inbox.record("a", [Result(4, NOT_SENT)])
    assert 2 == desk.asked


async def test_while_there_is_plenty_to_do_they_wait_for_each_other() -> None:
    """Until they are enough, or some time has passed."""
    desk = Desk()
    desk.put("a", *range(PLENTY))
    for number in range(TOGETHER - 1):
        desk.inbox.record("a", [noted(number)])
    assert 0 == desk.asked
    desk.inbox.record("a", [noted(99)])
    assert (1, TOGETHER) == (desk.asked, len(desk.inbox.take_answers()[0].results))
    desk.inbox.record("a", [noted(100)])
    assert 1 == desk.asked
    await asyncio.sleep(2 * TOGETHER_SECONDS)
    assert 2 == desk.asked
    desk.inbox.take_answers()
    await asyncio.sleep(2 * TOGETHER_SECONDS)
    assert 2 == desk.asked


def test_a_result_is_recorded_within_20_ms() -> None:
    """What it waits for others here and in the dispatcher, and a turn."""
    assert TOGETHER_SECONDS + broker.TOGETHER_SECONDS <= 0.015


@pytest.mark.parametrize(
    "answer", [Result(1, TAKEN), Result(1, NOT_SENT)], ids=["that a kill would undo", "of what was not sent"]
)
async def test_one_that_cannot_wait_takes_the_others_along(answer: Result) -> None:
    desk = Desk()
    desk.put("a", *range(PLENTY))
    desk.inbox.record("a", [noted(0)])
    desk.inbox.record("a", [answer])
    assert (1, 2) == (desk.asked, len(desk.inbox.take_answers()[0].results))


async def test_what_is_being_signed_is_plenty_too() -> None:
    desk = Desk()
    desk.inbox.being_made = {"a": PLENTY}.__getitem__
    for number in range(TOGETHER):
        assert 0 == desk.asked
        desk.inbox.record("a", [noted(number)])
    assert 1 == desk.asked


def test_the_last_rows_are_told_at_once() -> None:
    """Or the connections would stand still until others come."""
    desk = Desk()
    desk.put("a", *range(PLENTY))
    desk.inbox.next("a", 1)
    desk.inbox.record("a", [noted(0)])
    assert 1 == desk.asked


def test_a_relay_that_takes_nothing_gets_nothing() -> None:
    desk = Desk()
    desk.put("a", 1, 2)
    desk.put("b", 3)
    desk.inbox.give_back(keep=["b"])
    assert {"a": [1, 2]} == desk.unsent()
    desk.inbox.give_back()
    assert {"b": [3]} == desk.unsent()


def test_what_nobody_takes_in_time_goes_back() -> None:
    desk = Desk()
    desk.put("a", 1)
    desk.now += STALE_SECONDS - 1
    desk.put("a", 2)
    desk.inbox.give_back_stale()
    assert {} == desk.unsent()
    desk.now += 1
    desk.inbox.give_back_stale()
    assert {"a": [1]} == desk.unsent()


def test_a_clock_that_was_set_back() -> None:
    """Nothing stays for ever."""
    desk = Desk()
    desk.put("a", 1)
    desk.now -= 3600
    desk.inbox.give_back_stale()
    assert {"a": [1]} == desk.unsent()
