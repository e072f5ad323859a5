"""Dealing with accepted mail, after the client heard 250: each mail of a queue in order, by whom its address asks for.

The queues of core.mail_queues go side by side, each with a parser process of its own. What a mail leads to and the note
that it was dealt with are one transaction, so that a kill repeats and loses nothing. One mail that fails keeps no other
waiting.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, TypeVar

from pressrun.core.errors import TimedOutMail, Unavailable, UnreadableMail
from pressrun.core.mail_queues import MailQueue
from pressrun.core.mail_routes import Route, RouteKind, read_local_part
from pressrun.core.resources import is_out_of_resources
from pressrun.message.editions.posted import Posted
from pressrun.message.incoming.reading import IncomingMail
from pressrun.message.reports.report import Report
from pressrun.observe.log import event
from pressrun.services.background import BackgroundLoop, draw_wait
from pressrun.services.bounces.bounce_handler import OF_NOBODY, BounceHandler
from pressrun.services.bounces.complaint_handler import COUNTED_AS as COMPLAINT
from pressrun.services.bounces.complaint_handler import REPORT
from pressrun.services.incoming.mail_commands import READ_KINDS, MailCommands
from pressrun.services.mail_results import (
    NO_CONSEQUENCES,
    UNCOUNTED,
    MailErased,
    MailMustWait,
    MailResult,
    log_consequences,
    log_failed_copy,
    record_result,
)
from pressrun.services.ports import Clock, Entropy, Waker
from pressrun.store import inbound
from pressrun.store.database import Database
from pressrun.store.inbound import InboundMail, InboundState
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.inbound")

_BATCH = 50
_AGAIN_SECONDS = 2.0  # after a fault of the database or the helper process
_LOOK_AGAIN_SECONDS = 60.0

_COUNTED_AS = {
    RouteKind.POST: "post",
    RouteKind.BOUNCES: "bounce",
    RouteKind.OWNER: "forward",
    RouteKind.POSTMASTER: "forward",
    RouteKind.ABUSE: "forward",
}
# All that received mails are counted as.
KINDS = frozenset(
    {*_COUNTED_AS.values(), "command", "failed", "unreadable", "refused", "repeated", COMPLAINT, REPORT},
)

_Mail = TypeVar("_Mail", IncomingMail, Report)


class Reader(Protocol):
    """Reads hostile mail somewhere safe."""

    async def read(self, content: bytes) -> IncomingMail:
        """What a mail says; raises UnreadableMail, or Unavailable when nothing can be read now."""

    async def read_report(self, content: bytes) -> Report:
        """What a notification or a feedback report says; raises as `read` does."""

    async def read_edition(self, content: bytes) -> Posted:
        """The edition that a mail holds; raises as `read` does."""


class EditionsPort(Protocol):
    """Takes editions that come by mail."""

    async def settle(self, mail: InboundMail, route: Route) -> MailResult | None:
        """Deal with a mail to the list and record that, in one transaction.

        None, and nothing recorded, when it is no edition but an answer to one. Raises Unavailable.
        """


class QueueLoop(BackgroundLoop):
    """Goes through one queue of accepted mail again and again; `deal_with` gets the id of each mail."""

    unavailable = "inbound.database_unavailable"

    def __init__(
        self,
        queue: MailQueue,
        database: Database,
        deal_with: Callable[[int], Awaitable[None]],
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(clock)
        self.name = f"inbound mail: {queue}"
        self._queue = queue
        self._database = database
        self._deal_with = deal_with
        self._entropy = entropy
        self._wanted = asyncio.Event()
        self._pass = asyncio.Lock()

    def look(self) -> None:
        """A mail was stored: look at it now."""
        self._wanted.set()

    async def step(self) -> bool:
        """Deal with all that waits, then wait for more."""
        self._wanted.clear()
        is_through = await self.pass_through()
        self.works()
        try:
            async with asyncio.timeout(_LOOK_AGAIN_SECONDS if is_through else _AGAIN_SECONDS):
                await self._wanted.wait()
            await asyncio.sleep(draw_wait(self._entropy))
        except TimeoutError:
            pass
        return True

    async def pass_through(self) -> bool:
        """One pass over all that waits; False when something has to wait for another one. Raises Unavailable."""
        after, not_now = 0, 0
        async with self._pass:
            while numbers := await self._database.read(inbound.waiting_mail, self._queue, after=after, limit=_BATCH):
                for number in numbers:
                    with self.isolated(f"mail {number}"):
                        try:
                            await self._deal_with(number)
                        except MailMustWait as problem:
                            not_now += 1
                            if not_now == 1:  # the others have to wait for the same
                                event(log, "inbound.parser_unavailable", level=logging.ERROR, problem=str(problem))
                after = numbers[-1]
        return not not_now and not self.has_failed


class MailProcessing:
    """Deals with accepted mail over one database, as long as its `loops` run: one for each queue."""

    def __init__(  # noqa: PLR0913 - each part is handed what it needs, never the whole configuration
        self,
        *,
        database: Database,
        readers: Mapping[MailQueue, Reader],
        mail_commands: MailCommands,
        bounce_handler: BounceHandler,
        mailed_editions: EditionsPort,
        clock: Clock,
        entropy: Entropy,
        wake: Waker,
        count: Callable[[str], None],
    ) -> None:
        self._database = database
        self._readers = readers
        self.mail_commands = mail_commands
        self.bounce_handler = bounce_handler
        self._mailed_editions = mailed_editions
        self._clock = clock
        self._entropy = entropy
        self._wake = wake
        self._count = count
        self._loops = {queue: QueueLoop(queue, database, self._deal_with, clock, entropy) for queue in MailQueue}

    @property
    def loops(self) -> list[QueueLoop]:
        """What is to run in the background."""
        return [*self._loops.values()]

    def accepted(self) -> None:
        """A mail was stored: look at it now."""
        for loop in self.loops:
            loop.look()

    async def recover(self) -> None:
        """Deal with all mail that was accepted and not dealt with, by whichever process. Raises Unavailable."""
        for loop in self.loops:
            await loop.pass_through()

    async def _deal_with(self, number: int) -> None:
        """Deal with one mail; raises NotNow when it has to wait."""
        try:
            await self._try_to_deal_with(number)
        except MailErased:
            return
        except Unavailable:  # NotNow among them
            raise
        except Exception as problem:
            if is_out_of_resources(problem):
                raise MailMustWait(str(problem)) from problem
            event(log, "inbound.failed", level=logging.ERROR, error=True, mail=number)
            words = "an error of ours, see the log"
            await self._database.record(
                inbound.record_mail_result, number, InboundState.FAILED, words, int(self._clock())
            )
            event(log, "inbound.kept", level=logging.WARNING, mail=number, outcome=words)
            self._count("failed")

    async def _try_to_deal_with(self, number: int) -> None:
        mail = await self._database.read(inbound.load_waiting, number)
        if mail is None:
            return
        is_signed = "+" in mail.recipient and mail.queue is not MailQueue.STRANGERS
        if is_signed and await self._database.read(inbound.has_failed, mail.recipient):
            # What that address sent has cost too much before: now it has to wait like everybody's mail.
            await self._database.record(inbound.move_to_strangers, mail.id)
            self._loops[MailQueue.STRANGERS].look()
            return
        route = read_local_part(mail.recipient)
        settled = await self._settle(mail, route)
        self._report(mail, route, settled)
        if not _leaves_the_queue_alone(route, settled):
            self._wake()

    async def _settle(self, mail: InboundMail, route: Route | None) -> MailResult:
        if route is None:
            return await self._database.record(self._answer, mail, None, None, NOT_READ)
        reader = self._readers[mail.queue]
        match route.kind:
            case RouteKind.POST:
                settled = await self._mailed_editions.settle(mail, route)
                if settled is not None:
                    return settled
            case RouteKind.BOUNCES:
                report, problem = await _read(reader.read_report, mail)
                return await self._database.record(self._bounce, mail, route, report, problem)
            case RouteKind.ABUSE | RouteKind.POSTMASTER:
                report, _ = await _read(reader.read_report, mail)
                return await self._database.record(self._complaint, mail, route, report)
            case kind if kind in READ_KINDS:
                incoming, problem = await _read(reader.read, mail)
                return await self._database.record(self._answer, mail, route, incoming, problem)
            case _:
                pass
        return await self._database.record(self._answer, mail, route, None, NOT_READ)

    # ------------------------------------------------------------------ within one transaction

    def _answer(
        self, tx: Transaction, mail: InboundMail, route: Route | None, incoming: IncomingMail | None, problem: _Unread
    ) -> MailResult:
        settled = self.mail_commands.settle(tx, mail, route, incoming, problem.reason)
        return record_result(tx, mail, _set_aside(settled, problem), int(self._clock()))

    def _bounce(
        self, tx: Transaction, mail: InboundMail, route: Route, report: Report | None, problem: _Unread
    ) -> MailResult:
        settled = self.bounce_handler.settle(tx, route, report, problem.reason)
        return record_result(tx, mail, _set_aside(settled, problem), int(self._clock()))

    def _complaint(self, tx: Transaction, mail: InboundMail, route: Route, report: Report | None) -> MailResult:
        """A complaint of one of our readers; anything else goes on to the operator."""
        settled = None if report is None else self.bounce_handler.complaint_handler.settle(tx, report)
        if settled is not None:
            return record_result(tx, mail, settled, int(self._clock()))
        passed_on = self._answer(tx, mail, route, None, NOT_READ)
        return replace(passed_on, counted_as=REPORT) if report is not None and report.feedback_type else passed_on

    def _report(self, mail: InboundMail, route: Route | None, settled: MailResult) -> None:
        list_name, kind = ("", "failed") if route is None else (route.list_name, route.kind.value)
        say = partial(event, log, mail=mail.id, list=list_name, kind=kind, outcome=settled.outcome)
        if settled.state is InboundState.UNREADABLE:
            say("inbound.unreadable", level=logging.WARNING)
        elif settled.state is InboundState.DONE:
            say("inbound.processed")
            if settled.failed is not None:
                log_failed_copy(log, settled.failed)
            log_consequences(log, settled.consequences)
        else:
            say("inbound.kept", level=logging.WARNING)
        unread = settled.state is InboundState.UNREADABLE
        by_route = "failed" if route is None else _COUNTED_AS.get(route.kind, "command")
        if settled.counted_as != UNCOUNTED:
            self._count("unreadable" if unread else settled.counted_as or by_route)


def _leaves_the_queue_alone(route: Route | None, settled: MailResult) -> bool:
    """Whether nothing waits to be sent for this mail: bounces come by the hundred while an edition goes out."""
    is_bounce = route is not None and route.kind is RouteKind.BOUNCES
    return is_bounce and settled.consequences == NO_CONSEQUENCES


@dataclass(frozen=True, slots=True)
class _Unread:
    """Why a mail was not read."""

    reason: str = ""
    timed_out: bool = False


NOT_READ = _Unread()  # nobody needed to


async def _read(read: Callable[[bytes], Awaitable[_Mail]], mail: InboundMail) -> tuple[_Mail | None, _Unread]:
    """What a mail says, or None and why it cannot be read; raises NotNow."""
    try:
        return await read(mail.content), NOT_READ
    except UnreadableMail as problem:
        return None, _Unread(str(problem), isinstance(problem, TimedOutMail))
    except Unavailable as problem:
        raise MailMustWait(str(problem)) from problem


def _set_aside(settled: MailResult, problem: _Unread) -> MailResult:
    """A mail that took too long to read is kept for a person, whatever was done without reading it."""
    if not problem.timed_out or settled.outcome == OF_NOBODY:
        return settled
    done = "" if settled.state is InboundState.UNREADABLE else f"{settled.outcome}; "
    return replace(settled, state=InboundState.FAILED, outcome=f"{done}{problem.reason}", counted_as="failed")
