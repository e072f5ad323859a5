"""The parser process: started when needed, replaced when it dies or takes too long.

A mail is parsed once, because what it did to one process it would do to the next. It gets a second process only if
somebody else killed the first. A process that cannot be started is not the fault of the mail, which waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from typing import TypeVar

from msgspec import Struct

from pressrun.core.busy_share import BusyShare
from pressrun.core.errors import TimedOutMail, Unavailable, UnreadableMail
from pressrun.message.editions.posted import Posted
from pressrun.message.incoming.parser import READ_AT_MOST
from pressrun.message.incoming.reading import IncomingMail
from pressrun.message.reports.report import Report
from pressrun.observe.log import event
from pressrun.runtime.child_process import CANNOT_START, spawn
from pressrun.runtime.frames import FrameReader, encode_frame, read_frame
from pressrun.sandbox.confinement import bare_environment
from pressrun.sandbox.frames import (
    Answer,
    HelperReady,
    Question,
    Readable,
    ReadAs,
    Unreadable,
    answer_reader,
)

log = logging.getLogger("pressrun.sandbox")

_START_SECONDS = 20.0
# Pauses after one, two, … failed starts in a row, as for lack of descriptors, processes or memory.
_START_AGAIN_SECONDS = (0.5, 1.0, 2.0, 5.0)
_Mail = TypeVar("_Mail", IncomingMail, Report, Posted)


class ParserLimits(Struct, frozen=True, kw_only=True):
    """What one mail may cost: octets that are read, wall-clock time, CPU time, and the memory of the process."""

    octets: int = READ_AT_MOST
    wall_seconds: float = 8.0
    cpu_seconds: int = 5
    memory_bytes: int = 512 * 1024 * 1024


# Of mail to a signed address to unsubscribe or confirm, only the marks of a program and the first words matter.
SIGNED_MAIL_LIMITS = ParserLimits(octets=128 * 1024, wall_seconds=3.0, cpu_seconds=1)


class _RunningParser(Struct, frozen=True):
    """A running parser process and the socket to it."""

    child: asyncio.subprocess.Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    answers: FrameReader[Answer]

    async def next_answer(self) -> Answer:
        """Wait for an answer; raises EOFError when the process has ended, BadFrame, OSError."""
        answer = await read_frame(self.reader, self.answers)
        if answer is None:
            raise EOFError
        return answer


class _Killed(Exception):
    """Somebody killed the process in the middle of a mail."""


class SandboxedParser:
    """Parses one mail at a time in a process of its own (services.ports.MailParser).

    With a `share` it waits when it would otherwise be busy for more than that share of the time.
    """

    def __init__(self, limits: ParserLimits | None = None, share: BusyShare | None = None) -> None:
        self.limits = limits or ParserLimits()
        self._share = share
        self._process: _RunningParser | None = None
        self._turn = asyncio.Lock()
        self._closed = asyncio.Event()
        self._failed_starts = 0
        self._start_again_at = 0.0

    async def read(self, content: bytes) -> IncomingMail:
        """Parse a mail with commands; raises UnreadableMail, or Unavailable when no process can be started."""
        return await self._read(Question(content[: self.limits.octets]), IncomingMail)

    async def read_report(self, content: bytes) -> Report:
        """Parse a notification or a feedback report; raises as `read` does."""
        return await self._read(Question(content[: self.limits.octets], ReadAs.REPORT), Report)

    async def read_edition(self, content: bytes) -> Posted:
        """Parse an edition; raises as `read` does."""
        return await self._read(Question(content, ReadAs.EDITION), Posted)

    async def _read(self, question: Question, wanted: type[_Mail]) -> _Mail:
        async with self._turn:
            for _ in range(2):
                await self._wait_for_share()
                began = time.monotonic()
                try:
                    mail = await self._parse(question)
                except _Killed:
                    event(log, "inbound.parser_ended", level=logging.WARNING)
                    continue
                finally:
                    if self._share is not None:
                        self._share.record(began, time.monotonic())
                if isinstance(mail, wanted):
                    return mail
                raise UnreadableMail("the parser process gave an invalid answer")
            raise UnreadableMail("the parser process crashed twice on this message")

    async def _wait_for_share(self) -> None:
        """Wait until the share allows another mail; raises Unavailable once closed."""
        while not self._closed.is_set():
            seconds = 0.0 if self._share is None else self._share.wait_seconds(time.monotonic())
            if seconds <= 0:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._closed.wait()
        raise Unavailable("the parser process was stopped")

    async def close(self) -> None:
        """Kill the process; the mail in progress, and every later one, is Unavailable."""
        self._closed.set()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.child.kill()
        async with self._turn:
            await self._end()

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return None if self._process is None else self._process.child.pid

    async def _parse(self, question: Question) -> IncomingMail | Report | Posted:
        process = self._process or await self._start()
        try:
            async with asyncio.timeout(self.limits.wall_seconds):
                process.writer.write(encode_frame(question))
                await process.writer.drain()
                answer = await process.next_answer()
        except TimeoutError:
            await self._end()
            raise TimedOutMail(f"reading the mail took longer than {self.limits.wall_seconds:g} s") from None
        except (OSError, EOFError, ValueError):
            await self._end()
            raise self._cause_of_death(process.child.returncode) from None
        except BaseException:  # cancelled in the middle: its answer would look like that for the next mail
            await self._end()
            raise
        match answer:
            case Readable(mail=mail):
                return mail
            case Unreadable(reason=reason, remark=remark):
                raise UnreadableMail(reason, remark)
            case HelperReady():
                await self._end()
                raise UnreadableMail("the parser process gave an invalid answer")

    def _cause_of_death(self, returncode: int | None) -> Exception:
        """The error for the mail that the process was parsing when it ended."""
        if returncode == -signal.SIGXCPU:
            return TimedOutMail(f"reading the mail took longer than {self.limits.cpu_seconds} s of processor time")
        if returncode == -signal.SIGKILL and not self._closed.is_set():
            return _Killed()  # by a person, or by a system short of memory, not because of the mail
        if self._closed.is_set():
            return Unavailable("the parser process was stopped")
        return UnreadableMail("the parser process crashed on this message")

    async def _start(self) -> _RunningParser:
        """Start a process; raises Unavailable, and does so immediately for a while after a failure."""
        if time.monotonic() < self._start_again_at:
            raise Unavailable("the parser process could not be started just now")
        try:
            process = await self._launch()
        except (*CANNOT_START, EOFError, ValueError) as problem:
            self._failed_starts += 1
            pause = _START_AGAIN_SECONDS[min(self._failed_starts, len(_START_AGAIN_SECONDS)) - 1]
            self._start_again_at = time.monotonic() + pause
            raise Unavailable(f"cannot start the parser process: {problem}") from problem
        self._failed_starts = 0
        return process

    async def _launch(self) -> _RunningParser:
        """Start a process and wait until it has confined itself."""
        limits = self.limits
        child, connection = await spawn(
            "pressrun.sandbox.parser_process",
            limits.memory_bytes,
            limits.cpu_seconds,
            environment=bare_environment(),
            output=asyncio.subprocess.DEVNULL,
        )
        try:
            reader, writer = await asyncio.open_connection(sock=connection)
        except BaseException:
            connection.close()  # which ends the process
            raise
        self._process = process = _RunningParser(child, reader, writer, answer_reader())
        try:
            async with asyncio.timeout(_START_SECONDS):
                await process.next_answer()
        except BaseException:
            await self._end()
            raise
        return process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.writer.close()
        with contextlib.suppress(ProcessLookupError):
            process.child.kill()
        await process.child.wait()
        with contextlib.suppress(OSError):
            await process.writer.wait_closed()
