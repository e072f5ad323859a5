"""The desk: gives claimed rows to the press when their turn comes, and takes what became of them.

Between the queue and the press all is on the event loop: rows are ready, in flight, or answered and not on record yet.
The dispatcher fills it, and records its results, in turns (services.queue.dispatching).
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict

from msgspec.structs import replace

from pressrun.core.delivery import DeliveryState
from pressrun.observe.log import event
from pressrun.services.ports import Clock, RelayPool
from pressrun.services.queue.alarm import Alarm
from pressrun.services.queue.jobs import Answer, Job, Unmade
from pressrun.services.queue.lane_queues import NEVER
from pressrun.services.queue.lookout import Lookout
from pressrun.services.queue.ready import Ready
from pressrun.services.queue.results import Results
from pressrun.services.queue.telling import tell_failure
from pressrun.services.returns.outcomes import settlement_of
from pressrun.services.settings import DeliverySettings
from pressrun.smtp.handover import HandOver, Outcome, Stage
from pressrun.store.deliveries import ClaimedNotice, Settlement

log = logging.getLogger("pressrun.dispatch")

# Copies handed to connections and not yet recorded. Ten connections over a long line have 64 each on their way.
UNRECORDED_AT_MOST = 1024
# Results that a kill would undo before connections get more, so that it repeats little: as many as are on their way,
# since results come in while those before them are being recorded, and over a long line in bursts.
RESULTS_AT_MOST = 4
# Results that a kill does not undo are recorded with those that come in so short a time, or when they are so many: a
# turn costs as much as some copies do. With what they wait in the press that is less than 20 ms.
TOGETHER = 128
TOGETHER_SECONDS = 0.01
UNSIGNED_SECONDS = 10.0  # before anything is handed out after a mail that could not be signed


class Desk:
    """What the press asks and tells, as services.queue.jobs.Supply promises.

    `is_syncing` says whether all wait for the disk. With `was_held` no relay took anything when the dispatcher looked.
    """

    def __init__(self, ready: Ready, settings: DeliverySettings, clock: Clock, is_syncing: Callable[[], bool]) -> None:
        self.ready = ready
        self.settings = settings
        self.results = Results()
        self.lookout = Lookout()
        self.was_held = False
        self.unsigned_until = 0.0
        self._clock = clock
        self._is_syncing = is_syncing
        self._random = random.SystemRandom()
        self._pool: RelayPool | None = None
        self._in_flight: dict[int, Job] = {}
        self._alarm = Alarm(self._wake)
        self.is_closed = False

    # ------------------------------------------------------------------ what the press asks and tells

    def take(self, relay: str) -> Job | None:
        """The next row whose turn has come, as services.queue.jobs.Queue promises."""
        return next(iter(self.take_many(relay, 1)), None)

    def take_many(self, relay: str, most: int) -> list[Job]:
        """The next rows whose turn has come, as services.queue.jobs.Supply promises."""
        most = 0 if self.is_closed else min(most, self._room_on_the_way())
        if most <= 0:
            return []
        now = self._clock()
        if now < self.unsigned_until:
            self._call_at(self.unsigned_until, now)
            return []
        jobs, again_at = self.ready.take(relay, now, most)
        if len(jobs) < most:
            self._call_at(again_at, now)
        if jobs:
            self._in_flight.update([(job.row.id, job) for job in jobs])
            if self.ready.copies <= self.lookout.low_water or any(self.ready.is_short_of(job, now) for job in jobs):
                self.lookout.look()
            if self.ready.take_ahead():
                self._call_at(now, now)
        return [self.ready.bounded(job) for job in jobs]

    def waiting(self, relay: str) -> int:
        """How many copies have their turn now."""
        if self.is_closed:
            return 0
        now = self._clock()
        room = UNRECORDED_AT_MOST - self._handed_out()
        due = self.ready.due(relay, now, room)
        if due == 0 and room > 0 and len(self.ready):
            # No connection is asking, so nobody else would look again at the next turn.
            self._call_at(self.ready.next_at(relay, now), now)
        return due

    def settle(self, relay: str, answers: Sequence[Answer]) -> None:
        """Take the outcomes of rows; they are recorded with the next turn."""
        now = self._clock()
        for answer in answers:
            try:
                self._settle(relay, answer, now)
            except Exception:  # one must not keep the others from being recorded
                log.exception("relay.settle_error", extra={"fields": {"relay": relay, "delivery": answer.id}})

    def _settle(self, relay: str, answer: Answer, now: float) -> None:
        job, result = self._in_flight.pop(answer.id), answer.result
        change = self.ready.answered(job, relay, result, now, seconds=answer.seconds)
        if change is not None:
            event(log, "delivery.paused", level=logging.WARNING, **asdict(change))
            self.release_domain(job.row.domain)
        self.results.count(job, result.outcome)
        if result.outcome is Outcome.UNSENT:
            self.results.release([job])
        else:
            settlement = self._settlement(job, result, relay, now)
            if settlement.state is DeliveryState.FAILED:
                tell_failure(log, job.row, settlement)
            if change is not None and change.until is None:
                settlement = replace(settlement, blocks=True)
            if answer.mail is not None:
                settlement = replace(settlement, mail=answer.mail)
            self.results.settle(settlement, is_noted=answer.is_noted)
        if self._makes_room(job, result, now):
            self.lookout.look_next()
        elif answer.is_noted and self.results.gathered < TOGETHER:
            self.lookout.turn_within(TOGETHER_SECONDS, now)
            return
        self.lookout.turn()

    def _makes_room(self, job: Job, result: HandOver, now: float) -> bool:
        """Whether more may go now: an edition may be through, something waits for its retry, a relay takes mail again,
        a lane has room, or memory.
        """
        return (
            result.outcome is not Outcome.DELIVERED
            or not (self._in_flight or len(self.ready))
            or self.was_held
            or (isinstance(job.row, ClaimedNotice) and job.row.octets > 0)
            or self.ready.is_short_of(job, now)
        )

    def not_made(self, relay: str, unmade: Unmade) -> None:
        """A row without a mail is put off and told, and holds up no other; without a signature nothing goes out."""
        job = self._in_flight.pop(unmade.id)
        now = self._clock()
        self.ready.put_back(job, relay)
        if unmade.unsigned:
            self.unsigned_until = now + UNSIGNED_SECONDS
            self.results.release([job])
            self.lookout.turn()
            return
        event(log, "dispatch.not_composed", level=logging.ERROR, delivery=job.row.id, fault=unmade.fault)
        put_off = self._settlement(job, HandOver(Outcome.DEFERRED, Stage.MAIL), relay, now)
        put_off = replace(put_off, reply=f"the mail could not be composed: {unmade.fault}")
        if put_off.state is DeliveryState.FAILED:
            tell_failure(log, job.row, put_off)
        self.results.settle(put_off)
        self.lookout.look()

    # ------------------------------------------------------------------ what the dispatcher does

    def connect(self, pool: RelayPool) -> None:
        """Let these connections take what is ready."""
        self._pool = pool
        self.ready.failing = lambda: {one.name for one in pool.statuses() if one.failing_since is not None}

    async def close(self, seconds: float) -> None:
        """Give out nothing more, let the connections finish what is in flight, give the rest back."""
        self.is_closed = True
        try:
            if self._pool is not None:
                await self._pool.drain(seconds)
        finally:
            self.give_back()

    def offer(self) -> None:
        """Let the connections look whether something is ready."""
        if len(self.ready):
            self._wake()

    def hold_back(self, editions: Collection[int]) -> None:
        """These were paused or cancelled, or are through: what no connection has of them does not go out."""
        if not editions:
            return
        found = self.ready.remove_editions(editions)
        if found:
            self.results.release(found)
            self.lookout.look()
        if any(job.is_copy_of(editions) for job in self._in_flight.values()):
            self._recall()

    def release_domain(self, domain: str) -> None:
        """What is ready for a domain goes back to the queue, and what the press has and no connection: others may go
        before it now.
        """
        self.results.release(self.ready.remove_domain(domain))
        self._recall()

    def give_back(self) -> None:
        """What is ready goes back to the queue."""
        self.results.release(self.ready.clear())
        self._alarm.cancel()

    def notice_octets(self) -> int:
        """What claimed notices hold in memory, here and on their way."""
        in_flight = sum(job.row.octets for job in self._in_flight.values() if isinstance(job.row, ClaimedNotice))
        return in_flight + self.ready.notice_octets()

    # ---

    def _handed_out(self) -> int:
        return len(self._in_flight) + self.results.waiting

    def _room_on_the_way(self) -> int:
        """How many more may be handed out: none while a kill would repeat so many results that they must be recorded
        first. While all wait for the disk the pace is not held up for that.
        """
        unsafe = self.results.unsafe
        if unsafe >= RESULTS_AT_MOST and not self._is_syncing():
            on_the_way = len(self._in_flight)
            if unsafe >= (on_the_way if self._pool is None else min(on_the_way, self._pool.capacity())):
                return 0
        return UNRECORDED_AT_MOST - self._handed_out()

    def _settlement(self, job: Job, result: HandOver, relay: str, now: float) -> Settlement:
        return settlement_of(
            job.row,
            result,
            relay=relay,
            settings=self.settings,
            now=now,
            jitter=self._random.random,
            edition_id=None if job.plate is None else job.plate.edition_id,
        )

    def _call_at(self, at: float, now: float) -> None:
        """Let the connections look again then."""
        if at != NEVER:
            self._alarm.set(at, now)

    def _wake(self) -> None:
        if self._pool is not None:
            self._pool.wake()

    def _recall(self) -> None:
        if self._pool is not None:
            self._pool.recall()
