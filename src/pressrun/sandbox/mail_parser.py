"""Reading mail in a helper process.

A mail gets a second process only if somebody else killed the first. It waits when no process can be started.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TypeVar

from pressrun.core.errors import TimedOutMail, Unavailable, UnreadableMail
from pressrun.core.pacing.busy_share import BusyShare
from pressrun.message.editions.posted import Posted
from pressrun.message.incoming.parser import READ_AT_MOST
from pressrun.message.incoming.reading import IncomingMail
from pressrun.message.reports.report import Report
from pressrun.observe.log import event
from pressrun.sandbox.frames import NotMade, Question, ReadAs
from pressrun.sandbox.helper import Helper, HelperCrashed, HelperKilled, HelperLimits, OutOfTime

log = logging.getLogger("pressrun.sandbox")

T = TypeVar("T")


class ParserLimits(HelperLimits, frozen=True, kw_only=True):
    """What one mail may cost, and the octets of it that are read."""

    octets: int = READ_AT_MOST


# Of mail to a signed address to unsubscribe or confirm, only the marks of a program and the first words matter.
SIGNED_MAIL_LIMITS = ParserLimits(octets=128 * 1024, cpu_seconds=1)
# The longest that reading one mail takes where the processor is free: its CPU time, and starting and ending a process.
LONGEST_SECONDS = 8.0


class SandboxedParser:
    """Parses one mail at a time in a process of its own (services.ports.MailParser).

    With a `share` it waits when it would otherwise be busy for more than that share of the time.
    """

    def __init__(self, limits: ParserLimits | None = None, share: BusyShare | None = None) -> None:
        self.limits = limits or ParserLimits()
        self._share = share
        self._helper = Helper(self.limits)
        self._turn = asyncio.Lock()
        self._closed = asyncio.Event()

    async def read(self, content: bytes) -> IncomingMail:
        """Parse a mail with commands; raises UnreadableMail, or Unavailable when no process can be started."""
        return await self._read(Question(content[: self.limits.octets]), IncomingMail)

    async def read_report(self, content: bytes) -> Report:
        """Parse a notification or a feedback report; raises as `read` does."""
        return await self._read(Question(content[: self.limits.octets], ReadAs.REPORT), Report)

    async def read_edition(self, content: bytes) -> Posted:
        """Parse an edition; raises as `read` does."""
        return await self._read(Question(content, ReadAs.EDITION), Posted)

    async def _read(self, question: Question, wanted: type[T]) -> T:
        async with self._turn:
            for _ in range(2):
                await self._wait_for_share()
                began = time.monotonic()
                try:
                    return await self._parse(question, wanted)
                except HelperKilled:
                    event(log, "inbound.parser_ended", level=logging.WARNING)
                    continue
                finally:
                    if self._share is not None:
                        self._share.record(began, time.monotonic())
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
        self._helper.kill()
        async with self._turn:
            await self._helper.end()

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._helper.pid

    async def _parse(self, question: Question, wanted: type[T]) -> T:
        try:
            answer = await self._helper.answer(question, wanted)
        except OutOfTime as problem:
            raise TimedOutMail(f"reading the mail took {problem}") from None
        except HelperCrashed as problem:
            raise UnreadableMail(f"the parser process {problem} on this message") from None
        if isinstance(answer, NotMade):
            raise UnreadableMail(answer.reason, answer.remark)
        return answer
