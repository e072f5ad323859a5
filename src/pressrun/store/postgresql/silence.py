"""A connection that gives up a server that takes a statement and says nothing more.

TCP notices a machine or a network that is gone. Behind a pooler or a balancer, or where only the processes of the
server hang, something still takes what we send, and a statement would be waited for without end.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

T = TypeVar("T")

SILENT_SECONDS = 30.0  # several times what any statement of a daemon takes, and how long it waits for locks


# What to do about a server that is gone or does not answer.
LOST = "See the log of the server, and check the network and any pooler in between"


class SilentServer(psycopg.OperationalError):
    """The server has not answered; nobody knows what it has done."""


class ServerConnection(psycopg.Connection[Any]):
    """A connection to the server; with `patience`, it is closed once the server has been silent for so many seconds."""

    patience: float | None = None
    given_up: tuple[float, SilentServer] | None = None  # when, on the monotonic clock, and why

    def wait(self, gen: PQGen[T], *args: Any, **kwargs: Any) -> T:
        """Wait for what the server says; raises SilentServer."""
        return super().wait(gen if self.patience is None else self._heard(gen, self.patience), *args, **kwargs)

    def _heard(self, gen: PQGen[T], patience: float) -> Generator[Any, Any, T]:
        heard_at = time.monotonic()
        try:
            state = next(gen)
            while True:
                ready = yield state
                if ready:
                    heard_at = time.monotonic()
                elif time.monotonic() - heard_at >= patience:
                    self.close()
                    problem = SilentServer(f"the server has not answered for {patience:g} seconds. {LOST}")
                    self.given_up = time.monotonic(), problem
                    raise problem
                state = gen.send(ready)
        except StopIteration as end:
            value: T = end.value
            return value
