"""How long a relay took for a message by itself: without those before it, and without what lay between two."""

from __future__ import annotations

from collections import deque

import pytest
from tests.smtp.script import Still

from pressrun.smtp.chunked import OCTETS_IN_FLIGHT
from pressrun.smtp.delivery_mode import DeliveryMode
from pressrun.smtp.dialogue import Dialogue
from pressrun.smtp.events import Event, RecipientOutcome
from pressrun.smtp.handover import Outgoing
from pressrun.smtp.session_setup import SessionTerms
from pressrun.smtp.window import Window

OFFERS = {
    DeliveryMode.CHUNKING: b"250-relay\r\n250-PIPELINING\r\n250 CHUNKING\r\n",
    DeliveryMode.PIPELINING: b"250-relay\r\n250 PIPELINING\r\n",
    DeliveryMode.LOCK_STEP: b"250 relay\r\n",
}
# What answers one message, in the pieces that are waited for; the first group of CHUNKING has both messages.
REPLIES = {
    DeliveryMode.CHUNKING: (b"250 rset\r\n250 mail\r\n250 rcpt\r\n", b"250 taken\r\n"),
    DeliveryMode.PIPELINING: (b"250 mail\r\n250 rcpt\r\n354 go on\r\n", b"250 taken\r\n"),
    DeliveryMode.LOCK_STEP: (b"250 mail\r\n", b"250 rcpt\r\n", b"354 go on\r\n", b"250 taken\r\n"),
}


def copies(*numbers: int) -> deque[Outgoing]:
    return deque(
        Outgoing(number, "news@lists.example", f"r{number}@inbox.example", b"Subject: x\r\n\r\n") for number in numbers
    )


def open_dialogue(way: DeliveryMode, queue: deque[Outgoing]) -> Dialogue:
    terms = SessionTerms(helo_name="client.example", fastest=way)
    dialogue = Dialogue(terms, lambda: queue.popleft() if queue else None, Still(2))
    dialogue.receive(b"220 relay\r\n", 0.0)
    dialogue.outbox()
    dialogue.receive(OFFERS[way], 0.0)
    assert way is dialogue.mode
    return dialogue


def hear(dialogue: Dialogue, way: DeliveryMode, *times: float) -> list[float]:
    """What is told when a message is answered by pieces at these times, the last one for the rest."""
    events: list[Event] = []
    for number, piece in enumerate(REPLIES[way]):
        dialogue.outbox()
        events += dialogue.receive(piece, times[min(number, len(times) - 1)])
    return [event.seconds for event in events if isinstance(event, RecipientOutcome)]


@pytest.mark.parametrize("way", OFFERS)
def test_what_waits_behind_another_is_counted_from_its_answer(way: DeliveryMode) -> None:
    """The first takes ten seconds from 0 on; the second, which may have gone with it, half a second more."""
    dialogue = open_dialogue(way, copies(1, 2))
    assert [10.0] == hear(dialogue, way, 10.0)
    assert [0.5] == hear(dialogue, way, 10.25, 10.5)


@pytest.mark.parametrize("way", OFFERS)
def test_while_nothing_is_asked_no_time_is_counted(way: DeliveryMode) -> None:
    queue = copies(1)
    dialogue = open_dialogue(way, queue)
    assert [1.0] == hear(dialogue, way, 1.0)
    queue += copies(2)
    dialogue.wake(100.0)
    assert [2.0] == hear(dialogue, way, 101.0, 102.0)


class Recorded(Window):
    """A window that remembers what it is told."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.answers: list[float] = []

    def answered(self, seconds: float) -> None:
        self.answers.append(seconds)

    def served(self, now: float, seconds: float, *, full: bool) -> None:
        pass


def test_the_line_is_measured_by_the_reply_that_costs_nothing() -> None:
    """RSET of a message that went alone: its other replies, and those behind another message, say something else."""
    window, queue = Recorded(2), copies(1, 2, 3)
    terms = SessionTerms(helo_name="client.example", fastest=DeliveryMode.CHUNKING)
    dialogue = Dialogue(terms, lambda: queue.popleft() if queue else None, window)
    dialogue.receive(b"220 relay\r\n", 5.0)
    dialogue.outbox()
    dialogue.receive(OFFERS[DeliveryMode.CHUNKING], 5.0)
    window.answers.clear()  # EHLO's own
    for number, piece in enumerate((b"250 rset\r\n", b"250 mail\r\n", b"250 rcpt\r\n", b"250 taken\r\n") * 3, 6):
        dialogue.outbox()
        dialogue.receive(piece, float(number))
    assert [1.0] == window.answers


def test_a_message_larger_than_what_may_be_in_flight_goes_alone() -> None:
    """It goes when nothing else is on its way, and nothing goes after it."""
    large = Outgoing(1, "news@lists.example", "r1@inbox.example", b"x" * (OCTETS_IN_FLIGHT + 1))
    dialogue = open_dialogue(DeliveryMode.CHUNKING, deque([large, *copies(2)]))
    first = dialogue.outbox()
    assert (1, True) == (first.count(b"MAIL FROM"), len(first) > OCTETS_IN_FLIGHT)
    events = dialogue.receive(b"250 rset\r\n250 mail\r\n250 rcpt\r\n250 taken\r\n", 1.0)
    assert 1 == sum(isinstance(event, RecipientOutcome) for event in events)
    assert 1 == dialogue.outbox().count(b"MAIL FROM")


@pytest.mark.parametrize("way", OFFERS)
def test_a_source_may_wake_the_dialogue_that_asks_it(way: DeliveryMode) -> None:
    """Nothing goes twice, and nobody is asked within the answer."""
    queue, depth = copies(1), 0

    def source() -> Outgoing | None:
        nonlocal depth
        depth += 1
        assert 1 == depth
        dialogue.wake(0.0)
        depth -= 1
        return queue.popleft() if queue else None

    dialogue = Dialogue(SessionTerms(helo_name="client.example", fastest=way), source, Still(2))
    dialogue.receive(b"220 relay\r\n", 0.0)
    dialogue.outbox()
    dialogue.receive(OFFERS[way], 0.0)
    assert 1 == dialogue.outbox().count(b"MAIL FROM")
