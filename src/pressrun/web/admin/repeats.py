"""Forms that come twice, as by a double click: what the first one did is the answer to both.

A browser shows the answer to the second alone. Where that could only say that all is done already, nobody would see
what is shown once, such as a token. So it is kept for a moment, in memory.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from pressrun.services.ports import Clock

T = TypeVar("T")

KEPT_SECONDS = 30.0


class Repeats(Generic[T]):
    """What the copies of one form have done lately, by who posted them and the copy's number."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._done: dict[tuple[int, str], tuple[float, asyncio.Task[T]]] = {}

    def number(self) -> str:
        """That of a new copy of the form."""
        return secrets.token_hex(8)

    async def once(self, person: int, number: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What `work` returns or raises, carried out once for each copy; a form without a number is one of its own."""
        now, key = self._clock(), (person, number)
        self._done = {other: done for other, done in self._done.items() if 0 <= now - done[0] < KEPT_SECONDS}
        if not number:
            return await work()
        if key not in self._done:
            self._done[key] = now, asyncio.create_task(work())
        return await asyncio.shield(self._done[key][1])  # a browser may have given up the first request
