"""By every way that a message can travel, CR and LF go out only together, or the message does not go out at all."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.smtp.delivery_mode import DeliveryMode
from pressrun.smtp.dialogue import Dialogue
from pressrun.smtp.events import RecipientOutcome
from pressrun.smtp.handover import Outcome, Outgoing
from pressrun.smtp.session_setup import SessionTerms

_PIECES = (b"\r\n", b"\r\n.\r\n", b".", b"..", b"a", b"\0", b"\xff", b" ", b"\x85")
CLEAN = st.lists(st.sampled_from(_PIECES), max_size=20).map(b"".join)
BARE = st.tuples(CLEAN, st.sampled_from([b"x\nx", b"x\rx", b"\r\r\n", b"\n\r"]), CLEAN).map(b"".join)


def _talk(way: DeliveryMode, contents: list[bytes]) -> tuple[bytes, list[Outcome]]:
    """All that goes out to a server that takes everything, and what became of each message."""
    queue = deque(Outgoing(n, "a@news.example", f"to-{n}@readers.example", c) for n, c in enumerate(contents))
    dialogue = Dialogue(
        SessionTerms(helo_name="client.example", fastest=way), lambda: queue.popleft() if queue else None
    )
    events = dialogue.receive(b"220 hi\r\n", 0.0)
    said, unread = dialogue.outbox(), b""
    events += dialogue.receive(b"250-hi\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 CHUNKING\r\n", 0.0)
    assert dialogue.mode is way
    in_data = False
    while out := dialogue.outbox():
        said += out
        unread += out
        replies = b""
        while unread:
            if in_data:
                _, end, rest = (b"\r\n" + unread).partition(b"\r\n.\r\n")
                if not end:
                    break
                unread, in_data, replies = rest, False, replies + b"250 ok\r\n"
                continue
            line, end, rest = unread.partition(b"\r\n")
            assert end, "a command ends with CRLF"
            if line.startswith(b"BDAT "):
                rest = rest[int(line.split()[1]) :]
            in_data = line == b"DATA"
            unread, replies = rest, replies + (b"354 go\r\n" if in_data else b"250 ok\r\n")
        if replies:
            events += dialogue.receive(replies, 0.0)
    return said, [event.result.outcome for event in events if isinstance(event, RecipientOutcome)]


@pytest.mark.parametrize("way", list(DeliveryMode))
@given(contents=st.lists(CLEAN, min_size=1, max_size=4))
def test_nothing_goes_out_with_a_bare_line_end(way: DeliveryMode, contents: list[bytes]) -> None:
    """And each message is one message, whatever dots it holds."""
    said, outcomes = _talk(way, contents)
    rest = said.replace(b"\r\n", b"")
    assert b"\r" not in rest
    assert b"\n" not in rest
    assert [Outcome.DELIVERED] * len(contents) == outcomes


@pytest.mark.parametrize("way", list(DeliveryMode))
@given(content=BARE)
def test_a_message_with_a_bare_line_end_stays_here(way: DeliveryMode, content: bytes) -> None:
    """It is refused by ourselves; those before and after it go."""
    said, outcomes = _talk(way, [b"before\r\n", content, b"after\r\n"])
    rest = said.replace(b"\r\n", b"")
    assert b"\r" not in rest
    assert b"\n" not in rest
    assert [Outcome.DELIVERED, Outcome.DELIVERED, Outcome.REFUSED] == sorted(outcomes)
