"""A worker process from the inside: it composes, signs and delivers the rows that the daemon assigns to it.

It knows nothing that the daemon does not know. If the daemon is killed, the worker sends nothing more, collects the
relays' outstanding replies for up to five seconds, journals them for the next daemon, and ends.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from typing import cast

from pressrun.core.errors import BadConfiguration
from pressrun.core.signing.keys import KeyRing
from pressrun.core.text.charsets import storable
from pressrun.delivery.mailer.mailer import Mailer
from pressrun.delivery.queue.jobs import CompositionFailed, Job, Result
from pressrun.delivery.relay.relays import Relays
from pressrun.delivery.worker.assignments import Assignments
from pressrun.delivery.worker.frames import (
    Copies,
    Drain,
    Drained,
    EditionOrder,
    Forget,
    NoticeOrder,
    Order,
    Probe,
    Recall,
    Renewed,
    Report,
    Results,
    Setup,
    State,
    encode_frame,
    orders,
    unpack_edition,
    unpack_setup,
)
from pressrun.delivery.worker.settings import WorkerSettings
from pressrun.observe import log as logs
from pressrun.observe.log import event
from pressrun.runtime.clock import utc_now
from pressrun.runtime.event_loop import run_loop
from pressrun.runtime.memory import leave_alone_what_stays
from pressrun.runtime.parent_process import end_with_parent, hear_of_end
from pressrun.services.mails.copy_composer import CompiledEdition
from pressrun.smtp.handover import HandOver
from pressrun.smtp.reply import Reply
from pressrun.store.queue.journal import Journal

log = logging.getLogger("pressrun.worker")

NO_EDITION = "NoEdition"  # the fault of a copy whose edition cannot be read
FINISH_SECONDS = 5.0  # for the last replies once the daemon is gone: the start of the next one waits for them
HEARTBEAT_SECONDS = 1.0  # the daemon hears from us at least this often


class WorkerProcess(asyncio.Protocol):
    """The other end of the socket is the daemon; `end` gets an exit code when there is nobody left to work for."""

    def __init__(self, end: Callable[[int], None], journal: Journal | None) -> None:
        self._end = end
        self._journal = journal
        self._loop = asyncio.get_running_loop()
        self._keys: KeyRing | None = None
        self._assignments: Assignments | None = None
        self._relays: Relays | None = None
        self._names: tuple[str, ...] = ()
        self._editions: dict[int, CompiledEdition] = {}
        self._orders = orders()
        self._transport: asyncio.Transport | None = None
        self._draining: asyncio.Task[None] | None = None
        self._is_finishing = False
        self._state: State | None = None
        self._is_reporting = False

    # asyncio calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._loop.call_later(HEARTBEAT_SECONDS, self._beat)

    def data_received(self, data: bytes) -> None:
        if not self._is_finishing:
            for order in self._orders.read(data):
                self._carry_out(order)

    def connection_lost(self, exc: Exception | None) -> None:
        # After a drain there is nothing left to wait for. In the middle of one the daemon was killed, and the kernel
        # may close the socket before it sends its signal.
        self.finish(0 if exc is None else 1)  # asyncio has logged the error, if it is a fault of ours

    # ---

    def finish(self, code: int = 0) -> None:
        """The daemon is gone: collect and journal the outstanding replies that come soon, and end."""
        if self._is_finishing:
            return
        self._is_finishing = True
        if self._relays is None or self._journal is None:
            self._end(code)
            return
        self._loop.call_later(FINISH_SECONDS, self._end, code)
        if self._draining is None:
            self._draining = self._loop.create_task(self._relays.drain(FINISH_SECONDS))
        self._draining.add_done_callback(lambda _: self._end(code))

    def _carry_out(self, order: Order) -> None:
        if isinstance(order, Setup):
            self._set_up_or_end(order)
            return
        assert self._assignments is not None  # the set-up is the first order
        assert self._relays is not None
        match order:
            case Copies():
                self._assign_copies(order, self._assignments)
                self._relays.wake()
            case NoticeOrder():
                self._assign(order.relay, [order.job()], self._assignments)
                self._relays.wake()
            case EditionOrder(edition_id=edition_id):
                self._editions.pop(edition_id, None)
                try:
                    self._editions[edition_id] = unpack_edition(order)
                except Exception:
                    log.exception("worker.unreadable_edition", extra={"fields": {"edition": edition_id}})
            case Forget(editions=editions):
                for number in editions:
                    self._editions.pop(number, None)
            case Recall(ids=ids):
                self._assignments.recall(None if ids is None else frozenset(ids))
            case Renewed():
                self._assignments.renew(order.lease())
            case Probe():
                self._relays.probe_relays()
            case Drain(seconds=seconds):
                self._draining = self._loop.create_task(self._drain(self._assignments, self._relays, seconds))

    def _assign_copies(self, order: Copies, assignments: Assignments) -> None:
        """Copies of an edition that cannot be read fail, and the daemon puts them off; others go on."""
        editions = self._editions
        readable = [copy.job(editions[copy.edition_id]) for copy in order.copies if copy.edition_id in editions]
        self._assign(order.relay, readable, assignments)
        if len(readable) < len(order.copies):
            failed = CompositionFailed(NO_EDITION)
            unreadable = [copy.row.id for copy in order.copies if copy.edition_id not in editions]
            self._send(Results(order.relay, [Result(number, failed) for number in unreadable]))

    def _assign(self, relay: str, jobs: Sequence[Job], assignments: Assignments) -> None:
        assignments.add(relay, jobs)
        if relay not in self._names:  # the order met a reload that took the relay away
            assignments.recall_others(self._names)

    def _set_up_or_end(self, order: Setup) -> None:
        try:
            self._set_up(*unpack_setup(order))
        except BadConfiguration as problem:  # a file that was there at the daemon's start is gone
            event(log, "config.refused", level=logging.ERROR, problem=str(problem))
            self._end(problem.exit_code)

    def _set_up(self, settings: WorkerSettings, keys: KeyRing) -> None:
        logs.configure(settings.log, sys.stderr)
        logs.log_crashes()
        if self._keys is None:
            self._keys = keys
        else:
            self._keys.adopt(keys)
        mailer = Mailer(
            site=settings.site, keys=self._keys, tokens=settings.tokens, signer=settings.signer(), clock=utc_now
        )
        self._names = tuple(relay.name for relay in settings.relays)
        if self._assignments is None or self._relays is None:
            self._assignments = Assignments(
                mailer, self._journal, report=self._report_soon, wake=self._wake, clock=utc_now
            )
            self._relays = Relays(
                settings.relays, self._assignments, helo_name=settings.site.mail_domain, changed=self._report_soon
            )
            leave_alone_what_stays()
        else:
            self._relays.reconfigure(settings.relays)
        self._assignments.change(mailer, {name: settings.tolerance_seconds(name) for name in self._names})
        self._assignments.recall_others(self._names)
        self._report()

    def _wake(self) -> None:
        if self._relays is not None:
            self._relays.wake()

    async def _drain(self, assignments: Assignments, relays: Relays, seconds: float) -> None:
        assignments.recall()
        await relays.drain(seconds)
        self._report()
        self._send(Drained())

    # ------------------------------------------------------------------ what the daemon hears

    def _report_soon(self) -> None:
        if not self._is_reporting:
            self._is_reporting = True
            self._loop.call_soon(self._report)

    def _report(self) -> None:
        """Send all results, and the state of the relays if that has changed."""
        self._is_reporting = False
        if self._assignments is None or self._relays is None:
            return
        for results in self._assignments.collect():
            try:
                self._send(results)
            except Exception:
                log.exception("worker.result_not_sent", extra={"fields": {"relay": results.relay}})
                self._send(_legible(results))
        state = State(self._relays.statuses(), {name: self._relays.capacity(name) for name in self._names})
        if state != self._state:
            self._state = state
            self._send(state)

    def _beat(self) -> None:
        self._loop.call_later(HEARTBEAT_SECONDS, self._beat)  # first, so that whatever fails here fails once
        self._report()
        if self._state is not None:
            self._send(self._state)

    def _send(self, report: Report) -> None:
        if self._transport is not None and not self._is_finishing:
            self._transport.write(encode_frame(report))


def _legible(results: Results) -> Results:
    """The same without characters that no frame can hold: the daemon must hear what became of each row."""
    legible = [
        Result(
            result.id, _plain(result.outcome), result.evidence, is_journaled=result.is_journaled, seconds=result.seconds
        )
        for result in results.results
    ]
    return Results(results.relay, legible)


def _plain(outcome: HandOver | CompositionFailed) -> HandOver | CompositionFailed:
    if isinstance(outcome, CompositionFailed) or outcome.reply is None:
        return outcome
    reply = outcome.reply
    text, enhanced = map(storable, (reply.text, reply.enhanced))
    return HandOver(outcome.outcome, outcome.stage, Reply(reply.code, text, enhanced))


def work(descriptor: int, parent: int, *journal: int) -> None:
    """Work for the daemon at the other end of this socket until that closes; `journal`: a descriptor and our number."""
    run_loop(_serve(descriptor, parent, Journal(*journal) if journal else None))


async def _serve(descriptor: int, parent: int, journal: Journal | None) -> None:
    connection = socket.socket(fileno=descriptor)
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    process = WorkerProcess(os._exit, journal)
    if journal is None:  # nobody would hear of further replies
        end_with_parent(parent)
    else:
        loop.add_signal_handler(signal.SIGUSR1, process.finish)
        hear_of_end(parent, signal.SIGUSR1)
    await loop.connect_accepted_socket(lambda: process, connection)
    await asyncio.Event().wait()
