"""The press in a process of its own, from the inside: orders come in by a socket, answers go out.

It holds nothing that the daemon does not know of. When that is killed it sends nothing more, hears the answers to what
is in flight, notes them in the journal, which the next daemon reads once this process is over, and ends.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable
from typing import cast

from msgspec.structs import replace

from pressrun.core.errors import BadConfiguration
from pressrun.core.keys import KeyRing
from pressrun.delivery.queue.jobs import CompositionFailed, Job, Result
from pressrun.delivery.worker.frames import (
    Answers,
    Copies,
    Drain,
    Drained,
    Forget,
    Notice,
    Order,
    Plate,
    Recall,
    Report,
    Setup,
    State,
    encode_frame,
    orders,
    unpack_plate,
    unpack_setup,
)
from pressrun.delivery.worker.inbox import Inbox
from pressrun.delivery.worker.local import LocalPress
from pressrun.delivery.worker.signers import signing_hands
from pressrun.observe import log as logs
from pressrun.observe.log import event
from pressrun.runtime.memory import leave_alone_what_stays
from pressrun.services.mails.composing import CompiledEdition
from pressrun.smtp.handover import HandOver
from pressrun.smtp.reply import Reply
from pressrun.store.journal import Journal

log = logging.getLogger("pressrun.worker")

NO_PLATE = "NoPlate"  # the fault of a copy whose edition cannot be read
FINISH_SECONDS = 5.0  # for the last answers when the daemon is gone: the start of the next one waits for them
TOGETHER = (
    16  # unsigned mails that are made in a row, as rows come here in the order in which they go; more gain little
)
LOOK_SECONDS = 0.5  # between two looks at whether something waits too long; the daemon hears of us as often


class PressProcess(asyncio.Protocol):
    """The other end of the socket is the daemon; `end` gets an exit code when there is nobody any more to work for."""

    def __init__(self, end: Callable[[int], None], journal: Journal | None) -> None:
        self._end = end
        self._journal = journal
        self._loop = asyncio.get_running_loop()
        self._inbox = Inbox(self._answer_soon, time.time)
        self._press: LocalPress | None = None
        self._keys: KeyRing | None = None
        self._relays: tuple[str, ...] = ()
        self._plates: dict[int, CompiledEdition] = {}
        self._orders = orders()
        self._transport: asyncio.Transport | None = None
        self._draining: asyncio.Task[None] | None = None
        self._is_finishing = False
        self._capacities: dict[str, int] = {}

    # asyncio calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._loop.call_later(LOOK_SECONDS, self._look)

    def data_received(self, data: bytes) -> None:
        if not self._is_finishing:
            for order in self._orders.read(data):
                self._carry_out(order)

    def connection_lost(self, exc: Exception | None) -> None:
        code = 0 if exc is None else 1  # told by asyncio, if it is a fault of ours
        if self._draining is None:
            self.finish(code)
        elif not self._is_finishing:  # the daemon has heard all that it waited for
            self._end(code)

    # ---

    def finish(self, code: int = 0) -> None:
        """The daemon is gone: hear what relays answer soon to what they have, so that it is noted, and end."""
        if self._is_finishing:
            return
        self._is_finishing = True
        if self._press is None or self._journal is None:
            self._end(code)
            return
        self._loop.call_later(FINISH_SECONDS, self._end, code)
        if self._draining is None:
            self._draining = self._loop.create_task(self._press.drain(FINISH_SECONDS))
        self._draining.add_done_callback(lambda _: self._end(code))

    def _carry_out(self, order: Order) -> None:
        match order:
            case Copies():
                self._put_copies(order)
            case Notice(relay=relay, row=row, claimed_at=claimed_at, list=target, logo=logo):
                self._put(relay, [Job(row, claimed_at, None, target, logo=logo)])
            case Plate(edition_id=edition_id):
                self._plates.pop(edition_id, None)
                try:
                    self._plates[edition_id] = unpack_plate(order)
                except Exception:
                    log.exception("press.bad_plate", extra={"fields": {"edition": edition_id}})
            case Forget(editions=editions):
                for number in editions:
                    self._plates.pop(number, None)
            case Setup():
                try:
                    self._set_up(order)
                except BadConfiguration as problem:  # a file that was there at the daemon's start has gone since
                    event(log, "config.refused", level=logging.ERROR, problem=str(problem))
                    self._end(problem.exit_code)
            case Recall():
                self._inbox.give_back()
                if self._press is not None:
                    self._press.recall()
            case Drain(seconds=seconds):
                self._draining = self._loop.create_task(self._drain(seconds))

    def _put_copies(self, order: Copies) -> None:
        """Those of an edition whose plate is no good are put off by the daemon; others go on."""
        jobs: list[Job] = []
        for one in order.work:
            plate = self._plates.get(one.edition_id)
            if plate is None:
                self._inbox.record(order.relay, [Result(one.row.id, CompositionFailed(NO_PLATE))])
            else:
                jobs.append(Job(one.row, one.claimed_at, plate, None, one.row.lane, one.most))
        self._put(order.relay, jobs)

    def _put(self, relay: str, jobs: list[Job]) -> None:
        self._inbox.put(relay, jobs)
        if self._press is not None and relay in self._relays:
            self._press.wake()
        else:
            self._inbox.give_back(keep=self._relays)  # a reload came before it

    def _set_up(self, setup: Setup) -> None:
        settings, keys = unpack_setup(setup)
        logs.configure(settings.log, sys.stderr)
        self._relays = tuple(relay.name for relay in settings.relays)
        if self._press is None or self._keys is None:
            self._keys = keys
            self._press = LocalPress(settings, keys, self._inbox, self._journal, signing_hands(), together=TOGETHER)
            self._inbox.being_made = self._press.being_made
            leave_alone_what_stays()
        else:
            self._keys.adopt(keys)
            self._press.change(settings)
        self._tell_state()

    async def _drain(self, seconds: float) -> None:
        self._inbox.give_back()
        if self._press is not None:
            await self._press.drain(seconds)
        self._answer()
        self._say(Drained())

    def _answer_soon(self) -> None:
        self._loop.call_soon(self._answer)

    def _answer(self) -> None:
        """Say what there is to say in one frame."""
        for answers in self._inbox.take_answers():
            try:
                self._say(answers)
            except Exception:
                log.exception("press.not_answered", extra={"fields": {"relay": answers.relay}})
                self._say(_plain(answers))
        self._tell_state(only_changed=True)

    def _look(self) -> None:
        self._loop.call_later(LOOK_SECONDS, self._look)  # first: whatever fails here fails once
        self._inbox.give_back_stale()
        self._answer()  # nothing, unless something kept it from being said
        self._tell_state()

    def _tell_state(self, *, only_changed: bool = False) -> None:
        if self._press is None:
            return
        capacities = {name: self._press.capacity(name) for name in self._relays}
        if only_changed and capacities == self._capacities:
            return
        self._capacities = capacities
        self._inbox.give_back(keep=[name for name, capacity in capacities.items() if capacity])
        self._say(State(self._press.statuses(), capacities))

    def _say(self, report: Report) -> None:
        if self._transport is not None and not self._is_finishing:
            self._transport.write(encode_frame(report))


def _plain(answers: Answers) -> Answers:
    """The same, with a mark in place of what no frame can hold: what became of each row must be heard."""
    return Answers(answers.relay, [replace(one, outcome=_legible(one.outcome)) for one in answers.results])


def _legible(outcome: HandOver | CompositionFailed) -> HandOver | CompositionFailed:
    reply = None if isinstance(outcome, CompositionFailed) else outcome.reply
    if isinstance(outcome, CompositionFailed) or reply is None:
        return outcome
    text, enhanced = (one.encode("utf-8", "replace").decode("utf-8") for one in (reply.text, reply.enhanced))
    return HandOver(outcome.outcome, outcome.stage, Reply(reply.code, text, enhanced))
