"""Reading and building editions in helper processes, which start when they are needed and end soon after."""

from __future__ import annotations

import asyncio
import logging
from pathlib import PurePosixPath
from typing import TypeVar

from pressrun.core.errors import EditionError
from pressrun.message.editions.compose import BuiltEdition
from pressrun.message.editions.orders import BuildOrder, ReadSource
from pressrun.message.editions.read_back import ShownMessage
from pressrun.message.sources.written_source import Keys
from pressrun.observe.log import event
from pressrun.sandbox.frames import BuildTask, EditionTask, KeysTask, NotMade, ShowTask, SourceTask
from pressrun.sandbox.helper import Helper, HelperCrashed, HelperKilled, HelperLimits, OutOfTime

log = logging.getLogger("pressrun.sandbox")

AT_ONCE = 2  # editions: a slow one must not block the author of another
IDLE_SECONDS = 60.0  # an author who saves again soon need not wait for a start; after that the memory is given back

T = TypeVar("T")


class SandboxedMaker:
    """Reads and builds editions, two at a time (services.ports.EditionMaker)."""

    def __init__(self, limits: HelperLimits, idle_seconds: float = IDLE_SECONDS) -> None:
        self._limits = limits
        self._helpers = tuple(Helper(limits, idle_seconds) for _ in range(AT_ONCE))
        self._free = [*self._helpers]  # the one used last is the next to be used
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def read(self, source: bytes, source_name: str, *, longest_text: int | None = None) -> ReadSource:
        """Parse a source. Raises EditionError, and Unavailable when no process can be started."""
        return await self._make(SourceTask(source, PurePosixPath(source_name).suffix, longest_text), ReadSource)

    async def build(self, order: BuildOrder) -> BuiltEdition:
        """Build an edition; raises as `read` does."""
        return await self._make(BuildTask(order), BuiltEdition)

    async def change_keys(self, source: bytes, keys: Keys, body: str | None) -> bytes:
        """An edition file with other keys; raises as `read` does."""
        return await self._make(KeysTask(source, dict(keys), body), bytes)

    async def show(self, message: bytes) -> ShownMessage:
        """A copy of an edition as a preview shows it; raises as `read` does."""
        return await self._make(ShowTask(message), ShownMessage)

    @property
    def pids(self) -> list[int]:
        """The ids of the processes that run."""
        return [helper.pid for helper in self._helpers if helper.pid is not None]

    async def close(self) -> None:
        """End the processes; the edition in progress, and every later one, is Unavailable."""
        for helper in self._helpers:
            helper.kill()
        await asyncio.gather(*(helper.end() for helper in self._helpers))

    async def _make(self, task: EditionTask, wanted: type[T]) -> T:
        async with self._turns:
            helper = self._free.pop()
            try:
                answer = await self._answer(helper, task, wanted)
            finally:
                self._free.append(helper)
        if isinstance(answer, NotMade):
            raise EditionError(answer.reason)
        return answer

    async def _answer(self, helper: Helper, task: EditionTask, wanted: type[T]) -> T | NotMade:
        """The answer, or why there is none. If the process was killed from outside, a second one is asked."""
        for _ in range(2):
            try:
                return await helper.answer(task, wanted)
            except HelperKilled:
                event(log, "edition.helper_ended", level=logging.WARNING)
            except OutOfTime as problem:
                return NotMade(f"building the edition took {problem}. Make it simpler or shorter")
            except HelperCrashed:
                break
        mib = self._limits.memory_bytes >> 20
        return NotMade(f"building the edition crashed, or needed more than {mib} MiB. Make it simpler or shorter")
