"""What a dialogue says that it waits for, by which its time-outs are chosen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from pressrun.smtp.delivery_mode import DeliveryMode
from pressrun.smtp.dialogue import Dialogue
from pressrun.smtp.handover import Outgoing
from pressrun.smtp.session_setup import SessionTerms
from pressrun.smtp.window import Window

COPY = Outgoing(1, "a@news.example", "one@readers.example", b"Subject: 1\r\n\r\nHello\r\n")
OPENING = ("220 relay.example", "250-relay.example\r\n250-PIPELINING\r\n250 CHUNKING")
BY_DATA = ("250 sender", "250 recipient", "354 go on", "250 taken")
BY_BDAT = ("250 reset", "250 sender", "250 recipient", "250 taken")


def phases(fastest: DeliveryMode, replies: tuple[str, ...]) -> Iterator[str]:
    """What is waited for at first, and after each reply; there is one copy to hand over, and then nothing."""
    copies = [COPY]
    dialogue = Dialogue(
        SessionTerms(helo_name="client.example", fastest=fastest),
        lambda: copies.pop() if copies else None,
        Window(),
    )
    yield dialogue.phase
    for reply in (*OPENING, *replies):
        dialogue.receive(f"{reply}\r\n".encode(), 0.0)
        yield dialogue.phase
    dialogue.finish()
    yield dialogue.phase


@pytest.mark.parametrize("fastest", DeliveryMode)
def test_a_connection_carries_as_many_of_a_kind_as_they_allow(fastest: DeliveryMode) -> None:
    """Then it ends, although there are more."""
    taken: list[Outgoing] = []

    def another() -> Outgoing:
        taken.append(replace(COPY, kind="news", most=2))
        return taken[-1]

    dialogue = Dialogue(SessionTerms(helo_name="client.example", fastest=fastest), another, Window())
    assert not dialogue.has_room
    answers = BY_BDAT if fastest is DeliveryMode.CHUNKING else BY_DATA
    for reply in (*OPENING, *answers, *answers):
        dialogue.receive(f"{reply}\r\n".encode(), 0.0)
        dialogue.outbox()
    assert (2, "QUIT", False) == (len(taken), str(dialogue.phase), dialogue.has_room)


@pytest.mark.parametrize(
    ("fastest", "replies", "expected"),
    [
        (DeliveryMode.LOCK_STEP, BY_DATA, "GREETING EHLO MAIL RCPT DATA CONTENT READY QUIT"),
        (DeliveryMode.PIPELINING, BY_DATA, "GREETING EHLO MAIL RCPT DATA CONTENT READY QUIT"),
        (DeliveryMode.CHUNKING, BY_BDAT, "GREETING EHLO RSET MAIL RCPT CONTENT READY QUIT"),
    ],
)
def test_the_reply_to_the_oldest_command_is_waited_for(
    fastest: DeliveryMode, replies: tuple[str, ...], expected: str
) -> None:
    """One after the other, however many commands went out together."""
    assert expected.split() == [str(phase) for phase in phases(fastest, replies)]
