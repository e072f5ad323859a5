"""Processing accepted mail after the client heard 250: each queue in order, each mail by what its address is for.

The queues of core.addresses.mail_queues are processed side by side, each with a parser process of its own. The effects
of a mail and the record that it is done are one transaction, so a kill repeats and loses nothing. A mail that fails
does not keep the others waiting.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.addresses.mail_queues import MailQueue
from pressrun.core.addresses.mail_routes import Route, RouteKind, read_local_part
from pressrun.core.errors import TimedOutMail, Unavailable, UnreadableMail
from pressrun.core.upkeep.resources import is_out_of_resources
from pressrun.message.incoming.reading import IncomingMail
from pressrun.message.reports.report import Report
from pressrun.observe.log import event
from pressrun.services.background import BackgroundLoop, draw_wait
from pressrun.services.bounces.bounce_handler import OF_NOBODY, ROUND_TRIP, BounceHandler
from pressrun.services.bounces.complaint_handler import COUNTED_AS as COMPLAINT
from pressrun.services.bounces.complaint_handler import REPORT
from pressrun.services.context import ServiceContext
from pressrun.services.incoming.mail_commands import READ_KINDS, MailCommands
from pressrun.services.incoming.mailed_editions import MailedEditions
from pressrun.services.mail_results import (
    NO_CONSEQUENCES,
    UNCOUNTED,
    MailGone,
    MailMustWait,
    MailResult,
    needing_helper,
    record_work,
    report_result,
)
from pressrun.services.ports import MailCounter, MailParser
from pressrun.store.programs.events import MAIL, acted_by
from pressrun.store.queue import inbound
from pressrun.store.queue.inbound import InboundMail, InboundState
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.inbound")

_BATCH = 50
_RETRY_SECONDS = 2.0  # after a fault of the database or the parser process
_POLL_SECONDS = 60.0

_COUNTED_AS = {
    RouteKind.POST: "post",
    RouteKind.BOUNCES: "bounce",
    RouteKind.OWNER: "forward",
    RouteKind.POSTMASTER: "forward",
    RouteKind.ABUSE: "forward",
}
# All that received mails are counted as.
KINDS = frozenset(
    {*_COUNTED_AS.values(), "command", "failed", "unreadable", "refused", "repeated", COMPLAINT, REPORT, ROUND_TRIP},
)

_Mail = TypeVar("_Mail", IncomingMail, Report)


class QueueLoop(BackgroundLoop):
    """Passes over one queue of accepted mail again and again; `process` gets the id of each mail."""

    unavailable = "inbound.database_unavailable"

    def __init__(self, queue: MailQueue, context: ServiceContext, process: Callable[[int], Awaitable[None]]) -> None:
        super().__init__(context.clock)
        self.name = f"inbound mail: {queue}"
        self._queue = queue
        self._context = context
        self._process = process
        self._wanted = asyncio.Event()
        self._pass = asyncio.Lock()

    def wake(self) -> None:
        """Process a mail that was just stored."""
        self._wanted.set()

    async def step(self) -> bool:
        """Process everything that waits, then wait for more."""
        self._wanted.clear()
        is_done = await self.pass_over()
        self.works()
        try:
            async with asyncio.timeout(_POLL_SECONDS if is_done else _RETRY_SECONDS):
                await self._wanted.wait()
            await asyncio.sleep(draw_wait(self._context.entropy))
        except TimeoutError:
            pass
        return True

    async def pass_over(self) -> bool:
        """Process each waiting mail once; False when some of it has to wait for another pass. Raises Unavailable."""
        after, waiting = 0, 0
        database = self._context.database
        async with self._pass:
            while numbers := await database.read(inbound.waiting_mail, self._queue, after=after, limit=_BATCH):
                for number in numbers:
                    with self.isolated(f"mail {number}"):
                        try:
                            with acted_by(MAIL):
                                await self._process(number)
                        except MailMustWait as problem:
                            waiting += 1
                            if waiting == 1:  # the others wait for the same
                                event(log, "inbound.parser_unavailable", level=logging.ERROR, problem=str(problem))
                after = numbers[-1]
        return not waiting and not self.has_failed


class MailProcessing:
    """Processes accepted mail as long as its `loops` run: one for each queue."""

    def __init__(
        self,
        context: ServiceContext,
        *,
        parsers: Mapping[MailQueue, MailParser],
        mail_commands: MailCommands,
        bounce_handler: BounceHandler,
        mailed_editions: MailedEditions,
        counter: MailCounter,
    ) -> None:
        self._context = context
        self._database = context.database
        self._parsers = parsers
        self._mail_commands = mail_commands
        self.bounce_handler = bounce_handler
        self._mailed_editions = mailed_editions
        self._counter = counter
        self._loops = {queue: QueueLoop(queue, context, self._process) for queue in MailQueue}

    @property
    def loops(self) -> list[QueueLoop]:
        """What is to run in the background."""
        return [*self._loops.values()]

    def accepted(self) -> None:
        """Process a mail that was just stored."""
        for loop in self.loops:
            loop.wake()

    async def recover(self) -> None:
        """Process all accepted mail, whichever process accepted it. Raises Unavailable."""
        for loop in self.loops:
            await loop.pass_over()

    async def _process(self, number: int) -> None:
        """Process one mail; raises MailMustWait, Unavailable."""
        try:
            await self._try_to_process(number)
        except MailGone:
            return
        except Unavailable:  # MailMustWait among them
            raise
        except Exception as problem:
            if is_out_of_resources(problem):
                raise MailMustWait(str(problem)) from problem
            event(log, "inbound.failed", level=logging.ERROR, exc_info=True, mail=number)
            outcome = "internal error, see the log"
            await self._database.record(_keep_failed, number, outcome, self._context.now)
            event(log, "inbound.kept", level=logging.WARNING, mail=number, outcome=outcome)
            self._counter.count_inbound("failed")

    async def _try_to_process(self, number: int) -> None:
        mail = await self._database.read(inbound.load_waiting, number)
        if mail is None:
            return
        is_signed = "+" in mail.recipient and mail.queue is not MailQueue.STRANGERS
        if is_signed and await self._database.read(inbound.has_failed, mail.recipient):
            # Mail to this address has cost too much before, so it waits like everybody's mail from now on.
            await self._database.record(inbound.move_to_strangers, mail.id)
            self._loops[MailQueue.STRANGERS].wake()
            return
        route = read_local_part(mail.recipient)
        result = await self._dispatch(mail, route)
        self._report(mail, route, result)
        if not _queues_no_mail(route, result):
            self._context.wake()

    async def _dispatch(self, mail: InboundMail, route: Route | None) -> MailResult:
        if route is not None and route.kind is RouteKind.POST:
            result = await self._mailed_editions.process(mail, route)
            if result is not None:
                return result
        work = await self._read(mail, route)
        return await self._database.record(record_work, mail, self._context.now, work)

    async def _read(self, mail: InboundMail, route: Route | None) -> Callable[[Transaction], MailResult]:
        """Parse a mail if its address needs that; returns what to do about it. Raises MailMustWait."""
        parser = self._parsers[mail.queue]
        if route is not None and route.kind is RouteKind.BOUNCES:
            report, problem = await _parse(parser.read_report, mail)
            return lambda tx: _keep_if_slow(self.bounce_handler.process(tx, route, report, problem.reason), problem)
        if route is not None and route.kind in (RouteKind.ABUSE, RouteKind.POSTMASTER):
            report, _ = await _parse(parser.read_report, mail)
            return lambda tx: self._complaint(tx, mail, route, report)
        is_read = route is not None and route.kind in READ_KINDS
        incoming, unread = await _parse(parser.read, mail) if is_read else (None, NOT_READ)
        return lambda tx: _keep_if_slow(self._mail_commands.carry_out(tx, mail, route, incoming, unread.reason), unread)

    def _complaint(self, tx: Transaction, mail: InboundMail, route: Route, report: Report | None) -> MailResult:
        """Process a complaint of one of our readers; everything else is forwarded to the operator."""
        result = None if report is None else self.bounce_handler.complaint_handler.process(tx, report)
        if result is not None:
            return result
        result = self._mail_commands.carry_out(tx, mail, route, None, "")
        return replace(result, counted_as=REPORT) if report is not None and report.feedback_type else result

    def _report(self, mail: InboundMail, route: Route | None, result: MailResult) -> None:
        list_name, kind = ("", "failed") if route is None else (route.list_name, route.kind.value)
        log_mail = partial(event, log, mail=mail.id, list=list_name, kind=kind, outcome=result.outcome)
        if result.state is InboundState.UNREADABLE:
            log_mail("inbound.unreadable", level=logging.WARNING)
        elif result.state is InboundState.DONE:
            log_mail("inbound.processed")
            report_result(log, self._counter, result)
        else:
            log_mail("inbound.kept", level=logging.WARNING)
        is_unread = result.state is InboundState.UNREADABLE
        by_route = "failed" if route is None else _COUNTED_AS.get(route.kind, "command")
        if result.counted_as != UNCOUNTED:
            self._counter.count_inbound("unreadable" if is_unread else result.counted_as or by_route)


def _keep_failed(tx: Transaction, number: int, outcome: str, now: int) -> None:
    if inbound.claim_mail(tx, number, now):
        inbound.record_mail_result(tx, number, InboundState.FAILED, outcome)


def _queues_no_mail(route: Route | None, result: MailResult) -> bool:
    """Whether nothing waits to be sent because of this mail: bounces come by the hundred while an edition goes out."""
    is_bounce = route is not None and route.kind is RouteKind.BOUNCES
    return is_bounce and result.consequences == NO_CONSEQUENCES


class _Unread(Struct, frozen=True):
    """Why a mail was not read."""

    reason: str = ""
    timed_out: bool = False


NOT_READ = _Unread()  # it was not needed


async def _parse(parse: Callable[[bytes], Awaitable[_Mail]], mail: InboundMail) -> tuple[_Mail | None, _Unread]:
    """The parsed mail, or None and why it cannot be read; raises MailMustWait."""
    try:
        with needing_helper():
            return await parse(mail.content), NOT_READ
    except UnreadableMail as problem:
        return None, _Unread(str(problem), isinstance(problem, TimedOutMail))


def _keep_if_slow(result: MailResult, problem: _Unread) -> MailResult:
    """Keep a mail that took too long to read for a person, whatever was done without reading it."""
    if not problem.timed_out or result.outcome == OF_NOBODY:
        return result
    outcome = "" if result.state is InboundState.UNREADABLE else f"{result.outcome}; "
    return replace(result, state=InboundState.FAILED, outcome=f"{outcome}{problem.reason}", counted_as="failed")
