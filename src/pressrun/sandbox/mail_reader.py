"""The port to the helper process that reads mail: started when needed, replaced when it dies or takes too long.

A mail is read once. Only where somebody else killed the helper is it given to a second one: what a mail did to one
helper it does to the next. A helper that cannot be started is no fault of the mail, which waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from dataclasses import dataclass
from typing import TypeVar

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
# Before the next start after one, two, … in a row that failed: for want of descriptors, processes or memory.
_START_AGAIN_SECONDS = (0.5, 1.0, 2.0, 5.0)
_Mail = TypeVar("_Mail", IncomingMail, Report, Posted)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderLimits:
    """What one mail may cost: how much of it is read, time on the clock and on a processor, and the helper's memory."""

    octets: int = READ_AT_MOST
    wall_seconds: float = 8.0
    cpu_seconds: int = 5
    memory_bytes: int = 512 * 1024 * 1024


# Of what comes to a signed address to leave or to confirm, a machine's mark and the first words are looked at, no more.
LIMITS_OF_READERS = ReaderLimits(octets=128 * 1024, wall_seconds=3.0, cpu_seconds=1)


@dataclass(frozen=True, slots=True)
class _Helper:
    process: asyncio.subprocess.Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    answers: FrameReader[Answer]

    async def next_answer(self) -> Answer:
        """Wait for an answer; raises EOFError when the helper has ended, BadFrame, OSError."""
        answer = await read_frame(self.reader, self.answers)
        if answer is None:
            raise EOFError
        return answer


class _Killed(Exception):
    """Somebody ended the helper in the middle of a mail."""


class MailReader:
    """Reads one mail at a time in a process of its own, as services.incoming.mail_processing.Reader promises.

    With a `share` it waits where reading on would take more of its time than that.
    """

    def __init__(self, limits: ReaderLimits | None = None, share: BusyShare | None = None) -> None:
        self.limits = limits or ReaderLimits()
        self._share = share
        self._helper: _Helper | None = None
        self._turn = asyncio.Lock()
        self._closed = asyncio.Event()
        self._failed_starts = 0
        self._start_again_at = 0.0

    async def read(self, content: bytes) -> IncomingMail:
        """What a mail says; raises UnreadableMail, or Unavailable when no helper can be started."""
        return await self._read(Question(content[: self.limits.octets]), IncomingMail)

    async def read_report(self, content: bytes) -> Report:
        """What a notification or a feedback report says; raises as `read` does."""
        return await self._read(Question(content[: self.limits.octets], ReadAs.REPORT), Report)

    async def read_edition(self, content: bytes) -> Posted:
        """The edition that a mail holds; raises as `read` does."""
        return await self._read(Question(content, ReadAs.EDITION), Posted)

    async def _read(self, question: Question, wanted: type[_Mail]) -> _Mail:
        async with self._turn:
            for _ in range(2):
                await self._wait_for_share()
                began = time.monotonic()
                try:
                    mail = await self._ask(question)
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
        """End the helper at once; a mail that is being read, and every later one, is Unavailable."""
        self._closed.set()
        if self._helper is not None:
            with contextlib.suppress(ProcessLookupError):
                self._helper.process.kill()
        async with self._turn:
            await self._end()

    @property
    def pid(self) -> int | None:
        """The helper's process id while it runs."""
        return None if self._helper is None else self._helper.process.pid

    async def _ask(self, question: Question) -> IncomingMail | Report | Posted:
        helper = self._helper or await self._start()
        try:
            async with asyncio.timeout(self.limits.wall_seconds):
                helper.writer.write(encode_frame(question))
                await helper.writer.drain()
                found = await helper.next_answer()
        except TimeoutError:
            await self._end()
            raise TimedOutMail(f"reading the mail took longer than {self.limits.wall_seconds:g} s") from None
        except (OSError, EOFError, ValueError):
            await self._end()
            raise self._cause_of_death(helper.process.returncode) from None
        except BaseException:  # cancelled in the middle: its answer would be taken for the next mail's
            await self._end()
            raise
        match found:
            case Readable(mail=mail):
                return mail
            case Unreadable(reason=reason, remark=remark):
                raise UnreadableMail(reason, remark)
            case HelperReady():
                await self._end()
                raise UnreadableMail("the parser process gave an invalid answer")

    def _cause_of_death(self, returncode: int | None) -> Exception:
        """What the end of the helper says of the mail that it was reading."""
        if returncode == -signal.SIGXCPU:
            return TimedOutMail(f"reading the mail took longer than {self.limits.cpu_seconds} s of processor time")
        if returncode == -signal.SIGKILL and not self._closed.is_set():
            return _Killed()  # by a person, or by a system that was short of memory: the mail did not do that
        if self._closed.is_set():
            return Unavailable("the parser process was stopped")
        return UnreadableMail("the parser process crashed on this message")

    async def _start(self) -> _Helper:
        """A helper that has confined itself; raises Unavailable, and for a while after a failure at once."""
        if time.monotonic() < self._start_again_at:
            raise Unavailable("the parser process could not be started just now")
        try:
            helper = await self._launch()
        except (*CANNOT_START, EOFError, ValueError) as problem:
            self._failed_starts += 1
            pause = _START_AGAIN_SECONDS[min(self._failed_starts, len(_START_AGAIN_SECONDS)) - 1]
            self._start_again_at = time.monotonic() + pause
            raise Unavailable(f"cannot start the parser process: {problem}") from problem
        self._failed_starts = 0
        return helper

    async def _launch(self) -> _Helper:
        """Start a helper and wait until it has confined itself."""
        limits = self.limits
        process, connection = await spawn(
            "pressrun.sandbox.reader_process",
            limits.memory_bytes,
            limits.cpu_seconds,
            environment=bare_environment(),
            output=asyncio.subprocess.DEVNULL,
        )
        try:
            reader, writer = await asyncio.open_connection(sock=connection)
        except BaseException:
            connection.close()  # which ends the helper
            raise
        self._helper = helper = _Helper(process, reader, writer, answer_reader())
        try:
            async with asyncio.timeout(_START_SECONDS):
                await helper.next_answer()
        except BaseException:
            await self._end()
            raise
        return helper

    async def _end(self) -> None:
        helper, self._helper = self._helper, None
        if helper is None:
            return
        helper.writer.close()
        with contextlib.suppress(ProcessLookupError):
            helper.process.kill()
        await helper.process.wait()
        with contextlib.suppress(OSError):
            await helper.writer.wait_closed()
