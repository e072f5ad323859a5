"""In which order one connection does what replies ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from tests.delivery.relay.feed import message

from pressrun.delivery.relay.connection import Connection
from pressrun.delivery.relay.settings import RelaySettings
from pressrun.smtp.events import RecipientOutcome
from pressrun.smtp.handover import Outgoing
from pressrun.smtp.session_setup import SessionTerms


class Story:
    """The owner of a connection, and what is at the other end of it: what they see, in order."""

    def __init__(self, *messages: Outgoing) -> None:
        self._messages = [*messages]
        self.told: list[str] = []

    def next(self) -> Outgoing | None:
        return self._messages.pop(0) if self._messages else None

    def recorded(self, connection: Connection, outcomes: Sequence[RecipientOutcome]) -> None:
        self.told += [f"settled {one.outgoing.delivery_id}" for one in outcomes]

    def written(self, data: bytes) -> None:
        self.told += [f"written {line}" for line in data.decode().split("\r\n") if line.startswith("MAIL")]

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


async def test_what_was_answered_is_told_before_the_next_is_written() -> None:
    """Else a kill in between repeats both, and so more than is in flight."""
    story = Story(message(1), message(2))
    settings = RelaySettings(name="primary", host="127.0.0.1", port=25)
    connection = Connection(settings, SessionTerms(helo_name="client.example"), None, story)
    connection.connection_made(Wire(story))
    hear(connection, "220 relay.example")
    hear(connection, "250-relay.example", "250-PIPELINING", "250 CHUNKING")
    hear(connection, *["250 ok"] * 3, "250 taken")
    connection.abort(None)
    first, second = (f"written MAIL FROM:<{message(number).mail_from}>" for number in (1, 2))
    assert [first, "settled 1", second, "settled 2"] == story.told
