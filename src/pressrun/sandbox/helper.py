"""The helper process of the sandbox: started when needed, replaced when it dies or takes too long.

A question that kills a process is not asked again, because it would kill the next one, too. If a process cannot be
started, that is not the fault of the question.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from typing import TypeVar

from msgspec import Struct

from pressrun.core.errors import PressrunError, Unavailable
from pressrun.runtime.child_process import CANNOT_START, kill, spawn
from pressrun.runtime.frames import BadFrame, encode_frame, read_frame
from pressrun.sandbox.confinement import bare_environment
from pressrun.sandbox.frames import NotMade, Task, answer_reader

T = TypeVar("T")

_START_SECONDS = 20.0
# Pauses after one, two, … failed starts in a row, as for lack of descriptors, processes or memory.
_START_AGAIN_SECONDS = (0.5, 1.0, 2.0, 5.0)


class HelperLimits(Struct, frozen=True, kw_only=True):
    """What one question may cost: wall-clock time, CPU time, and the memory of the process.

    The CPU time ends a question that costs too much, the wall-clock time only a process that hangs: on a busy machine,
    a process can wait many seconds for one second of CPU time.
    """

    wall_seconds: float = 30.0
    cpu_seconds: int = 5
    memory_bytes: int = 512 * 1024 * 1024


class OutOfTime(PressrunError):
    """The question took longer than it may; the message says how long that is."""


class HelperKilled(PressrunError):
    """Somebody, or a system short of memory, killed the process in the middle of a question."""


class HelperCrashed(PressrunError):
    """The question crashed the process, or made it give an answer of another kind."""


class _RunningHelper(Struct, frozen=True):
    """A running process and the socket to it."""

    child: asyncio.subprocess.Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def next_answer(self, wanted: type[T]) -> T | NotMade:
        """Wait for an answer; raises EOFError when the process has ended, BadFrame for another type, OSError."""
        answer = await read_frame(self.reader, answer_reader(wanted))
        if answer is None:
            raise EOFError
        return answer if isinstance(answer, NotMade) else answer.value

    async def end(self) -> None:
        """Kill it, and wait until it is gone."""
        self.writer.close()
        kill(self.child)
        await self.child.wait()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


class Helper:
    """Answers one question at a time; its callers take turns.

    With `idle_seconds` its process ends when it has been asked nothing for so long.
    """

    def __init__(self, limits: HelperLimits, idle_seconds: float | None = None) -> None:
        self._limits = limits
        self._idle_seconds = idle_seconds
        self._resting: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None
        self._process: _RunningHelper | None = None
        self._is_closed = False
        self._failed_starts = 0
        self._start_again_at = 0.0

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return None if self._process is None else self._process.child.pid

    async def answer(self, task: Task, wanted: type[T]) -> T | NotMade:
        """What the task asks for, or why it cannot be had.

        Raises OutOfTime, HelperKilled, HelperCrashed, and Unavailable when no process can be started.
        """
        if self._resting is not None:
            self._resting.cancel()
        process = self._process or await self._start()
        try:
            async with asyncio.timeout(self._limits.wall_seconds):
                process.writer.write(encode_frame(task))
                await process.writer.drain()
                answer = await process.next_answer(wanted)
        except TimeoutError:
            await self.end()
            raise OutOfTime(f"longer than {self._limits.wall_seconds:g} s") from None
        except BadFrame:  # the task may have taken over the process
            await self.end()
            raise HelperCrashed("gave an invalid answer") from None
        except (OSError, EOFError, ValueError):
            await self.end()
            raise self._cause_of_death(process.child.returncode) from None
        except BaseException:  # cancelled in the middle: its answer would be taken for that to the next question
            await self.end()
            raise
        if self._idle_seconds is not None:
            self._resting = asyncio.get_running_loop().call_later(self._idle_seconds, self._let_go)
        return answer

    def kill(self) -> None:
        """Kill the process and start no other: the question in progress, and every later one, is Unavailable."""
        self._is_closed = True
        if self._process is not None:
            kill(self._process.child)

    async def end(self) -> None:
        """End the process; the next question starts another."""
        process, self._process = self._process, None
        if self._resting is not None:
            self._resting.cancel()
        if process is not None:
            await process.end()
        if self._ending is not None:
            await self._ending

    def _let_go(self) -> None:
        """End a process that has been asked nothing."""
        process, self._process = self._process, None
        if process is not None:
            self._ending = asyncio.create_task(process.end(), name="idle helper")

    def _cause_of_death(self, returncode: int | None) -> PressrunError:
        """The error for the question that the process was answering when it ended."""
        if returncode == -signal.SIGXCPU:
            return OutOfTime(f"longer than {self._limits.cpu_seconds} s of processor time")
        if self._is_closed:
            return Unavailable("the helper process was stopped")
        if returncode == -signal.SIGKILL:
            return HelperKilled("was killed")
        return HelperCrashed("crashed")

    async def _start(self) -> _RunningHelper:
        """Start a process; raises Unavailable, and does so immediately for a while after a failure."""
        if self._is_closed:
            raise Unavailable("the helper process was stopped")
        if time.monotonic() < self._start_again_at:
            raise Unavailable("the helper process could not be started just now")
        try:
            process = await self._launch()
        except (*CANNOT_START, EOFError, ValueError) as problem:
            self._failed_starts += 1
            pause = _START_AGAIN_SECONDS[min(self._failed_starts, len(_START_AGAIN_SECONDS)) - 1]
            self._start_again_at = time.monotonic() + pause
            raise Unavailable(f"cannot start the helper process: {_reason(problem)}") from problem
        self._failed_starts = 0
        return process

    async def _launch(self) -> _RunningHelper:
        """Start a process and wait until it has confined itself."""
        child, connection = await spawn(
            "pressrun.sandbox.helper_process",
            self._limits.memory_bytes,
            self._limits.cpu_seconds,
            environment=bare_environment(),
            output=asyncio.subprocess.DEVNULL,
        )
        try:
            reader, writer = await asyncio.open_connection(sock=connection)
        except BaseException:
            connection.close()  # which ends the process
            raise
        self._process = process = _RunningHelper(child, reader, writer)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await process.next_answer(type(None))
        except BaseException:
            await self.end()
            raise
        return process


def _reason(problem: Exception) -> str:
    """Why a process could not be started."""
    if isinstance(problem, TimeoutError):
        return f"it took longer than {_START_SECONDS:g} s"
    return str(problem) or "it ended at once"
