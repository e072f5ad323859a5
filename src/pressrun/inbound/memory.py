"""How much of mails on their way in may be held in memory at one time, and taken in one go, all connections together.

The beginning of each content is free, so that many large mails, however slowly they trickle, never keep a small one
out: commands and most bounces are small. What is larger must find room, else it is asked to come later (452 4.3.1).

Who sends without a pause takes turns with all others who do, one piece in each round of the event loop, so that the
loop has time for everything else.
"""

from __future__ import annotations

import asyncio
from typing import Any

FREE_BYTES = 128 * 1024  # of each content; times the most connections this is a bound, too


class Memory:
    """The octets beyond FREE_BYTES of all contents at hand. A mail may take the whole when nothing else is held."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0
        self._storing: set[asyncio.Task[Any]] = set()
        self._turn = asyncio.Lock()

    def has_room(self, octets: int) -> bool:
        """Whether a content of this size could be held now, beside what is held."""
        more = octets - FREE_BYTES
        return more <= 0 or self.held == 0 or self.held + more <= self.limit

    async def turn(self) -> None:
        """Wait until it is the caller's turn, and the loop has done what else there was."""
        async with self._turn:
            await asyncio.sleep(0)

    def keep(self, task: asyncio.Task[Any]) -> None:
        """Hold a task that nobody may be waiting for any more until it ends."""
        self._storing.add(task)
        task.add_done_callback(self._storing.discard)


class Share:
    """What one content holds of it."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._held = 0
        self._is_kept = False

    def grow_to(self, octets: int) -> bool:
        """Hold so many octets of the content in all; False when there is no room: then nothing is held."""
        more = octets - FREE_BYTES - self._held
        if more <= 0:
            return True
        others = self._memory.held - self._held
        if others and self._memory.held + more > self._memory.limit:
            self.give_back()
            return False
        self._memory.held += more
        self._held += more
        return True

    def give_back(self) -> None:
        """Hold nothing any more, unless a task does."""
        if not self._is_kept:
            self._release()

    def give_back_after(self, task: asyncio.Task[Any]) -> None:
        """Hold on until the task ends, though the connection may be gone sooner."""
        self._is_kept = True
        self._memory.keep(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[Any]) -> None:
        self._release()
        if not task.cancelled():
            task.exception()  # whoever waits has it; when nobody does, the client is gone and sends the mail again

    def _release(self) -> None:
        self._memory.held -= self._held
        self._held = 0
