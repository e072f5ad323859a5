"""In which order one connection does what replies ask for."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from tests.delivery.relay.feed import message

from pressrun.delivery.relay.connection import Connection
from pressrun.delivery.relay.settings import RelaySettings
from pressrun.smtp.events import RecipientOutcome
from pressrun.smtp.handover import Outgoing
from pressrun.smtp.session_setup import SessionTerms
from pressrun.smtp.window import Window


class Story:
    """The owner of a connection, and what is at the other end of it: what they see, in order."""

    def __init__(self, *messages: Outgoing) -> None:
        self._messages = [*messages]
        self.told: list[str] = []

    def next(self) -> Outgoing | None:
        if not self._messages:
            return None
        self.told.append(f"made {self._messages[0].delivery_id}")
        return self._messages.pop(0)

    def recorded(self, connection: Connection, outcomes: Sequence[RecipientOutcome]) -> None:
        self.told += [f"settled {outcome.outgoing.delivery_id}" for outcome in outcomes]

    def written(self, data: bytes) -> None:
        numbers = re.findall(r"MAIL FROM:<news-bounces\+(\d+)@", data.decode())
        self.told += [f"written {number}" for number in numbers]

    def opened(self, connection: Connection) -> None: ...

    def idled(self, connection: Connection) -> None: ...

    def filled(self, connection: Connection) -> None: ...

    def closed(self, connection: Connection, problem: object) -> None: ...

    def gone(self, connection: Connection) -> None: ...


class Wire(asyncio.Transport):
    """Shows the story what is written."""

    def __init__(self, story: Story) -> None:
        super().__init__()
        self._story = story

    def write(self, data: Any) -> None:
        self._story.written(bytes(data))

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None: ...


def hear(connection: Connection, *replies: str) -> None:
    data = "".join(f"{reply}\r\n" for reply in replies).encode()
    connection.get_buffer(-1)[: len(data)] = data
    connection.buffer_updated(len(data))


def opened_connection(story: Story, window: Window) -> Connection:
    settings = RelaySettings(name="primary", host="127.0.0.1", port=25)
    connection = Connection(settings, SessionTerms(helo_name="client.example"), None, story, window=window)
    connection.connection_made(Wire(story))
    hear(connection, "220 relay.example")
    hear(connection, "250-relay.example", "250-PIPELINING", "250 CHUNKING")
    return connection


TAKEN = (*["250 ok"] * 3, "250 taken")


async def test_what_was_answered_is_told_before_the_next_is_made_and_written() -> None:
    """Else a kill in between repeats both, and so more than is in flight."""
    story = Story(message(1), message(2))
    connection = opened_connection(story, Window())
    hear(connection, *TAKEN)
    connection.abort(None)
    assert ["made 1", "written 1", "settled 1", "made 2", "written 2", "settled 2"] == story.told


async def test_all_that_was_answered_is_told_before_the_next_is_made() -> None:
    """To make a mail, and to sign it, takes longer than anything else here."""
    window = Window()
    story = Story(*[message(number) for number in range(1, 5)])
    connection = opened_connection(story, window)
    window.size = 2
    connection.wake()
    story.told.clear()
    hear(connection, *TAKEN, *TAKEN)
    assert ["settled 1", "settled 2", "made 3", "made 4", "written 3", "written 4"] == story.told
    connection.abort(None)
