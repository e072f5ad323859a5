"""How much incoming mail may be held in memory at once, and processed in one go, across all connections.

The first part of each content is free: commands and most bounces are small. A larger content without room is refused
for the moment (452 4.3.1).

Clients that send without a pause take turns, one piece in each round of the event loop, which leaves the loop time for
everything else.
"""

from __future__ import annotations

import asyncio
from typing import Any

from pressrun.core.current import Current
from pressrun.runtime.shared_memory import MemoryShare, SharedMemory

FREE_BYTES = 128 * 1024  # of each content; the limit on connections bounds this, too


class Memory(SharedMemory):
    """The octets of all contents in memory, beyond FREE_BYTES of each."""

    def __init__(self, limit: Current[int]) -> None:
        super().__init__(limit, FREE_BYTES)
        self._storing: set[asyncio.Task[Any]] = set()
        self._turn = asyncio.Lock()

    async def turn(self) -> None:
        """Wait for the caller's turn, and until the loop has done everything else."""
        async with self._turn:
            await asyncio.sleep(0)

    def keep(self, task: asyncio.Task[Any]) -> None:
        """Keep a reference to a task until it ends, even if nobody is waiting for it."""
        self._storing.add(task)
        task.add_done_callback(self._storing.discard)


class ContentMemory(MemoryShare):
    """The part of a Memory that one content holds."""

    def __init__(self, memory: Memory) -> None:
        super().__init__(memory)
        self._keep = memory.keep
        self._task_holds = False

    def grow_to(self, octets: int) -> bool:
        """Hold this many octets of the content in all. Returns False, and holds nothing, when there is no room."""
        has_room = super().grow_to(octets)
        if not has_room:
            self.release()
        return has_room

    def release(self) -> None:
        """Hold nothing from now on, unless a task still does."""
        if not self._task_holds:
            self.give_back()

    def release_after(self, task: asyncio.Task[Any]) -> None:
        """Hold on until the task ends, even if the connection is gone sooner."""
        self._task_holds = True
        self._keep(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[Any]) -> None:
        self.give_back()
        if not task.cancelled():
            task.exception()  # if nobody waits for it, the client is gone, and will send the mail again
