"""How much incoming mail may be held in memory at once, and processed in one go, across all connections.

The first part of each content is free, so that large mails, however slowly they trickle in, never keep a small one out:
commands and most bounces are small. A larger content must find room; otherwise the client is told to retry (452 4.3.1).

Clients that send without a pause take turns, one piece in each round of the event loop, which leaves the loop time for
everything else.
"""

from __future__ import annotations

import asyncio
from typing import Any

from pressrun.core.current import Current

FREE_BYTES = 128 * 1024  # of each content; with the limit on connections this is bounded, too


class Memory:
    """The octets beyond FREE_BYTES of all contents at hand. A mail may use all of it while nothing else is held."""

    def __init__(self, limit: Current[int]) -> None:
        self._limit = limit
        self.held = 0
        self._storing: set[asyncio.Task[Any]] = set()
        self._turn = asyncio.Lock()

    @property
    def limit(self) -> int:
        """How much may be held in all."""
        return self._limit.value

    def has_room(self, octets: int) -> bool:
        """Whether a content of this size could be held now, in addition to what is held."""
        more = octets - FREE_BYTES
        return more <= 0 or self.held == 0 or self.held + more <= self.limit

    async def turn(self) -> None:
        """Wait for the caller's turn, and until the loop has done everything else."""
        async with self._turn:
            await asyncio.sleep(0)

    def keep(self, task: asyncio.Task[Any]) -> None:
        """Keep a reference to a task until it ends, though nobody may be waiting for it any more."""
        self._storing.add(task)
        task.add_done_callback(self._storing.discard)


class ContentMemory:
    """The part of a Memory that one content holds."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._held = 0
        self._task_holds = False

    def grow_to(self, octets: int) -> bool:
        """Hold this many octets of the content in all. Returns False, and holds nothing, when there is no room."""
        more = octets - FREE_BYTES - self._held
        if more <= 0:
            return True
        others = self._memory.held - self._held
        if others and self._memory.held + more > self._memory.limit:
            self.release()
            return False
        self._memory.held += more
        self._held += more
        return True

    def release(self) -> None:
        """Hold nothing any more, unless a task still does."""
        if not self._task_holds:
            self._release()

    def release_after(self, task: asyncio.Task[Any]) -> None:
        """Hold on until the task ends, even if the connection is gone sooner."""
        self._task_holds = True
        self._memory.keep(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[Any]) -> None:
        self._release()
        if not task.cancelled():
            task.exception()  # when nobody waits for it, the client is gone and will send the mail again

    def _release(self) -> None:
        self._memory.held -= self._held
        self._held = 0
