"""The port to the helper process that reads mail: started when needed, replaced when it dies or takes too long.

A mail at which the helper dies twice is unreadable; a helper that cannot even be started is no fault of the mail.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
from dataclasses import dataclass
from typing import TypeVar

from pressrun.core.errors import Unavailable, UnreadableMail
from pressrun.message.editions.posted import Posted
from pressrun.message.incoming.caps import READ_AT_MOST
from pressrun.message.incoming.reading import IncomingMail
from pressrun.message.reports.report import Report
from pressrun.observe.log import event
from pressrun.workers.frames import (
    LENGTH,
    MAX_FRAME,
    Answer,
    Question,
    Readable,
    ReadAs,
    Ready,
    Unreadable,
    decode_answer,
    encode_frame,
)

log = logging.getLogger("pressrun.workers")

# What a Python process needs to find its modules; nothing of ours is handed down.
ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "LANG", "LC_ALL", "LD_LIBRARY_PATH")
_START_SECONDS = 20.0
_Mail = TypeVar("_Mail", IncomingMail, Report, Posted)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderLimits:
    """What one mail may cost: time on the clock and on a processor, and the memory of the whole helper."""

    wall_seconds: float = 8.0
    cpu_seconds: int = 5
    memory_bytes: int = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Helper:
    process: asyncio.subprocess.Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class _Died(Exception):
    """The helper ended in the middle of a mail."""


class MailReader:
    """Reads one mail at a time in a process of its own, as services.incoming.processing.Reader promises."""

    def __init__(self, limits: ReaderLimits | None = None) -> None:
        self.limits = limits or ReaderLimits()
        self._helper: _Helper | None = None
        self._turn = asyncio.Lock()
        self._is_closed = False

    async def read(self, content: bytes) -> IncomingMail:
        """What a mail says; raises UnreadableMail, or Unavailable when no helper can be started."""
        return await self._read(Question(content[:READ_AT_MOST]), IncomingMail)

    async def read_report(self, content: bytes) -> Report:
        """What a notification or a feedback report says; raises as `read` does."""
        return await self._read(Question(content[:READ_AT_MOST], ReadAs.REPORT), Report)

    async def read_edition(self, content: bytes) -> Posted:
        """The edition that a mail holds; raises as `read` does."""
        return await self._read(Question(content, ReadAs.EDITION), Posted)

    async def _read(self, question: Question, wanted: type[_Mail]) -> _Mail:
        async with self._turn:
            for _ in range(2):
                if self._is_closed:
                    raise Unavailable("the process that reads mail was ended")
                try:
                    mail = await self._ask(question)
                except _Died:
                    event(log, "inbound.reader_ended", level=logging.WARNING)
                    continue
                if isinstance(mail, wanted):
                    return mail
                raise UnreadableMail("the process that reads mail answered something else")
            raise UnreadableMail("the process that reads mail died at it, twice")

    async def close(self) -> None:
        """End the helper at once; a mail that is being read, and every later one, is Unavailable."""
        self._is_closed = True
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
                found = await _next_answer(helper.reader)
        except TimeoutError:
            await self._end()
            raise UnreadableMail(f"reading the mail took longer than {self.limits.wall_seconds:g} s") from None
        except (OSError, EOFError, ValueError):
            await self._end()
            raise _Died from None
        except BaseException:  # cancelled in the middle: its answer would be taken for the next mail's
            await self._end()
            raise
        match found:
            case Readable(mail=mail):
                return mail
            case Unreadable(reason=reason):
                raise UnreadableMail(reason)
            case Ready():
                await self._end()
                raise _Died

    async def _start(self) -> _Helper:
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-P",  # the folder that we were started in is no place for modules
                    "-m",
                    "pressrun.workers.reader",
                    str(theirs.fileno()),
                    str(self.limits.memory_bytes),
                    str(self.limits.cpu_seconds),
                    pass_fds=(theirs.fileno(),),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.DEVNULL,
                    env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
                )
        except OSError as problem:
            ours.close()
            raise Unavailable(f"the process that reads mail cannot be started: {problem}") from problem
        ours.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=ours, limit=MAX_FRAME)
        self._helper = _Helper(process, reader, writer)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await _next_answer(reader)
        except (OSError, EOFError, ValueError) as problem:  # among them the time-out
            await self._end()
            raise Unavailable("the process that reads mail does not start") from problem
        except BaseException:
            await self._end()
            raise
        return self._helper

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


async def _next_answer(reader: asyncio.StreamReader) -> Answer:
    (size,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
    if size > MAX_FRAME:
        raise ValueError("the helper's answer is too long")
    return decode_answer(await reader.readexactly(size))
