"""Whole messages in flight, against any stream of replies at all: the books stay right whatever a peer says."""

from __future__ import annotations

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.smtp.script import Still

from pressrun.smtp.delivery_mode import DeliveryMode
from pressrun.smtp.dialogue import Dialogue
from pressrun.smtp.errors import Fault
from pressrun.smtp.events import Closed, Event, RecipientOutcome
from pressrun.smtp.handover import HandOver, Outcome, Outgoing, Stage
from pressrun.smtp.phase import Phase
from pressrun.smtp.session_setup import SessionTerms

COUNT = 8
CODES = st.sampled_from([250] * 30 + [251, 354, 421, 450, 451, 500, 503, 550, 554, 221])
REPLIES = st.lists(st.tuples(CODES, st.booleans()), max_size=4 * COUNT + 3)
NOISE = st.sampled_from([b"", b"", b"", b"250", b"hm\r\n", b"250-\r\n550 x\r\n", b"\xff\r\n"])


def _ready(window: int, limit: int) -> tuple[Dialogue, deque[Outgoing]]:
    queue = deque(Outgoing(n, "a@news.example", f"{n}@readers.example", b"Hello %d\r\n" % n) for n in range(COUNT))
    terms = SessionTerms(helo_name="client.example", messages=limit)
    dialogue = Dialogue(terms, lambda: queue.popleft() if queue else None, Still(window))
    dialogue.receive(b"220 hi\r\n", 0.0)
    dialogue.outbox()
    return dialogue, queue


def _said(code: int, in_two_lines: bool) -> bytes:
    return b"%d-x\r\n%d x\r\n" % (code, code) if in_two_lines else b"%d x\r\n" % code


@settings(max_examples=400)
@given(
    REPLIES, NOISE, st.integers(1, 5), st.integers(1, COUNT), st.lists(st.integers(1, 60), max_size=20), st.booleans()
)
def test_each_copy_fares_as_its_own_four_replies_say(
    replies: list[tuple[int, bool]], noise: bytes, window: int, limit: int, cuts: list[int], whole: bool
) -> None:
    """Delivered is what had 2xx to all four of its own, refused what had a refusal; each is settled once."""
    dialogue, queue = _ready(window, limit)
    events = dialogue.receive(b"250-hi\r\n250-CHUNKING\r\n250 PIPELINING\r\n", 0.0)
    assert DeliveryMode.CHUNKING is dialogue.mode
    dialogue.outbox()
    stream = b"".join(_said(*reply) for reply in replies) + noise
    pieces = [stream] if whole else []
    while stream and not whole:
        cut = cuts.pop() if cuts else 7
        pieces.append(stream[:cut])
        stream = stream[cut:]
    for number, piece in enumerate(pieces):
        if dialogue.phase is not Phase.CLOSED and piece:
            events += dialogue.receive(piece, 0.01 * number)
            dialogue.outbox()
    events += dialogue.connection_lost()

    settled = [event for event in events if isinstance(event, RecipientOutcome)]
    assert list(range(COUNT - len(queue))) == sorted(event.outgoing.delivery_id for event in settled)
    assert 1 == sum(isinstance(event, Closed) for event in events)
    for event in settled:
        own = [code for code, _ in replies[4 * event.outgoing.delivery_id :][:4]]
        _check(event.result, own, _fault(events))


def _check(result: HandOver, own: list[int], fault: Fault | None) -> None:
    classes = [code // 100 for code in own]
    if result.outcome is Outcome.DELIVERED:
        assert [2, 2, 2, 2] == classes
        assert Stage.CONTENT is result.stage
    elif result.outcome in {Outcome.REFUSED, Outcome.DEFERRED}:
        assert result.reply is not None
        place = [Stage.MAIL, Stage.RCPT, Stage.CONTENT].index(result.stage) + 1
        assert result.reply.code == own[place]
        assert {2} == set(classes[:place])
        assert {Outcome.REFUSED: 5, Outcome.DEFERRED: 4}[result.outcome] == classes[place]
    elif result.outcome is Outcome.UNKNOWN:
        assert fault in {Fault.PROTOCOL, Fault.DROPPED}
        assert [2, 2, 2, 2] != classes or fault is Fault.PROTOCOL
    else:
        assert fault in {Fault.SHUT, Fault.PROTOCOL}


def _fault(events: list[Event]) -> Fault | None:
    [closed] = [event for event in events if isinstance(event, Closed)]
    return closed.problem.fault if closed.problem is not None else None
