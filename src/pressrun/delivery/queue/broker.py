"""The broker: gives claimed rows to the press when their turn comes, and takes what became of them.

Between the queue and the press all is on the event loop: rows are ready, in flight, or answered and not on record yet.
The dispatcher fills it, and records its results, in turns (delivery.queue.dispatcher).
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict

from msgspec.structs import replace

from pressrun.core.delivery import DeliveryState
from pressrun.core.retry import latest_attempt_at
from pressrun.delivery.queue.fair_queues import NEVER
from pressrun.delivery.queue.jobs import NOT_SENT, CompositionFailed, Job, Result
from pressrun.delivery.queue.results import Results
from pressrun.delivery.queue.scheduler import Ready
from pressrun.delivery.queue.telling import tell_failure
from pressrun.delivery.queue.throttle import ThrottleChange
from pressrun.delivery.queue.timer import Timer
from pressrun.delivery.queue.wakeups import WakeUps
from pressrun.observe.log import event
from pressrun.services.bounces.delivery_results import bare_delivery_result, delivery_result_of
from pressrun.services.ports import Clock, RelayPool
from pressrun.services.settings import DeliverySettings
from pressrun.smtp.handover import HandOver, Outcome, Stage
from pressrun.store.deliveries import ClaimedNotice, DeliveryResult, SentMail

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


class Broker:
    """What the press asks and tells, as delivery.queue.jobs.Supply promises.

    A row that is claimed is at each moment ready, in flight, or among the results, whatever fails: it is put where it
    goes before it is taken from where it was. What still is in nobody's hands a careful turn gives back (claiming).

    `is_syncing` says whether all wait for the disk. With `was_held` no relay took anything when the dispatcher looked.
    """

    def __init__(self, ready: Ready, settings: DeliverySettings, clock: Clock, is_syncing: Callable[[], bool]) -> None:
        self.ready = ready
        self.settings = settings
        self.results = Results()
        self.wake_ups = WakeUps()
        self.was_held = False
        self.unsigned_until = 0.0
        self._clock = clock
        self._is_syncing = is_syncing
        self._random = random.SystemRandom()
        self._pool: RelayPool | None = None
        self._in_flight: dict[int, Job] = {}
        self._late: list[tuple[str, Result]] = []  # that could not be taken when they came
        self._followed_at = 0.0
        self.has_failed = False  # since the last careful turn: rows may be claimed that nobody holds
        self._alarm = Timer(self._wake)
        self.is_closed = False

    # ------------------------------------------------------------------ what the press asks and tells

    def next(self, relay: str, most: int) -> list[Job]:
        """The next rows whose turn has come, as delivery.queue.jobs.Supply promises."""
        try:
            return self._next(relay, most)
        except Exception:
            self.has_failed = True  # what was taken from the shelves is in nobody's hands
            raise

    def _next(self, relay: str, most: int) -> list[Job]:
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
            if self.ready.copies <= self.wake_ups.low_water or any(self.ready.is_short_of(job, now) for job in jobs):
                self.wake_ups.look()
            if self.ready.take_ahead():
                self._call_at(now, now)
        bounded = [self.ready.bounded(job) for job in jobs]
        self._in_flight.update([(job.row.id, job) for job in jobs])  # the last thing: nothing behind it can fail
        return bounded

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

    def record(self, relay: str, results: Sequence[Result]) -> None:
        """Take the results of jobs; they are committed with the next turn. Whatever goes wrong, none is lost."""
        now = self._clock()
        for answer in results:
            job = self._in_flight.get(answer.id)
            if job is None:
                event(log, "relay.record_error", level=logging.ERROR, relay=relay, delivery=answer.id)
                continue
            if isinstance(answer.outcome, CompositionFailed):
                self._record_failed_composition(job, relay, answer.outcome, now)
                continue
            change = None
            try:
                change = self._learn(job, relay, answer.outcome, answer.seconds, now)
            except Exception:
                log.exception("relay.record_error", extra=_fields(relay, answer.id))
            try:
                self._take_result(job, relay, answer, answer.outcome, change, now)
            except Exception:
                log.exception("relay.record_error", extra=_fields(relay, answer.id))
                self._take_bare_result(job, relay, answer.id, answer.outcome, answer.evidence, now)
            try:
                self._look_after(job, answer.outcome, now, is_journaled=answer.is_journaled)
            except Exception:  # it is kept; the dispatcher looks by itself before long
                log.exception("relay.record_error", extra=_fields(relay, answer.id))

    def _learn(self, job: Job, relay: str, handover: HandOver, seconds: float, now: float) -> ThrottleChange | None:
        """What a result says of where it came from."""
        change = self.ready.answered(job, relay, handover, now, seconds=seconds)
        if change is not None:
            event(log, "delivery.paused", level=logging.WARNING, **asdict(change))
            self.release_domain(job.row.domain)
        return change

    def _take_result(
        self, job: Job, relay: str, answer: Result, result: HandOver, change: ThrottleChange | None, now: float
    ) -> None:
        """Keep what is to be recorded of a row; from here on it is in flight no more."""
        if result.outcome is Outcome.UNSENT:
            self.results.release([job])
            del self._in_flight[answer.id]
        else:
            settlement = self._settlement(job, result, relay, now)
            if change is not None and change.until is None:
                settlement = replace(settlement, blocks=True)
            if answer.evidence is not None:
                settlement = replace(settlement, mail=answer.evidence)
            self._keep(job, settlement, is_noted=answer.is_journaled)
        self.results.count(job, result.outcome)

    def _take_bare_result(
        self, job: Job, relay: str, number: int, handover: HandOver, evidence: SentMail | None, now: float
    ) -> None:
        """Keep no more of a result than whether the mail was taken; where even that fails, it is tried again later."""
        if number not in self._in_flight:
            return  # it is kept; what failed came behind
        try:
            bare = bare_delivery_result(
                job.row, handover, relay=relay, settings=self.settings, now=now, edition_id=job.edition_id
            )
            self._keep(job, bare if evidence is None else replace(bare, mail=evidence))
        except Exception:
            log.exception("relay.record_error", extra=_fields(relay, number))
            self._late.append((relay, Result(number, handover, evidence)))
            self.has_failed = True

    def _keep(self, job: Job, settlement: DeliveryResult, *, is_noted: bool = False) -> None:
        self.results.settle(settlement, is_noted=is_noted)
        del self._in_flight[job.row.id]
        if settlement.state is DeliveryState.FAILED:
            tell_failure(log, job.row, settlement)

    def _take_unsent(self, job: Job, relay: str) -> None:
        """A row goes back to the queue as if it had not been tried."""
        try:
            self.results.release([job])
            del self._in_flight[job.row.id]
        except Exception:
            log.exception("relay.record_error", extra=_fields(relay, job.row.id))
            self._late.append((relay, Result(job.row.id, NOT_SENT)))
            self.has_failed = True

    def record_late(self) -> None:
        """Take the outcomes that could not be taken when they came."""
        late, self._late = self._late, []
        for relay, answer in late:
            self.record(relay, [answer])

    def _look_after(self, job: Job, handover: HandOver, now: float, *, is_journaled: bool) -> None:
        """Have the answer recorded, soon or at once, and more claimed where there is room for it now."""
        if self._makes_room(job, handover, now):
            self.wake_ups.look_next()
        elif is_journaled and self.results.gathered < TOGETHER:
            self.wake_ups.turn_within(TOGETHER_SECONDS, now)
            return
        self.wake_ups.turn()

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

    def _record_failed_composition(self, job: Job, relay: str, failed: CompositionFailed, now: float) -> None:
        """A row without a mail is deferred and logged, and holds up no other; without a signature nothing goes out."""
        try:
            self.ready.put_back(job, relay)
        except Exception:
            log.exception("relay.record_error", extra=_fields(relay, job.row.id))
        if failed.unsigned:
            self.unsigned_until = now + UNSIGNED_SECONDS
            self._take_unsent(job, relay)
            self.wake_ups.turn()
            return
        event(log, "dispatch.not_composed", level=logging.ERROR, delivery=job.row.id, fault=failed.fault)
        put_off = HandOver(Outcome.DEFERRED, Stage.MAIL)
        try:
            settlement = self._settlement(job, put_off, relay, now)
            self._keep(job, replace(settlement, reply=f"the mail could not be composed: {failed.fault}"))
        except Exception:
            log.exception("relay.record_error", extra=_fields(relay, job.row.id))
            self._take_bare_result(job, relay, job.row.id, put_off, None, now)
        self.wake_ups.look()

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

    def follow(self, now: float) -> None:
        """Follow a clock that was set back."""
        if now < self._followed_at:
            latest = latest_attempt_at(schedule=self.settings.retry_seconds, now=now)
            self.results.set_back(int(self._followed_at - now), latest)
        self._followed_at = now
        self.unsigned_until = min(self.unsigned_until, now + UNSIGNED_SECONDS)

    def hold_back(self, editions: Collection[int]) -> None:
        """These were paused or cancelled, or are through: what no connection has of them does not go out."""
        if not editions:
            return
        found = self.ready.remove_editions(editions)
        if found:
            self.results.release(found)
            self.wake_ups.look()
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

    def held(self) -> frozenset[int]:
        """Every claimed row that is ready, in flight, or answered and not on record yet."""
        return frozenset((*self.ready.ids(), *self._in_flight, *self.results.ids()))

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

    def _settlement(self, job: Job, result: HandOver, relay: str, now: float) -> DeliveryResult:
        return delivery_result_of(
            job.row,
            result,
            relay=relay,
            settings=self.settings,
            now=now,
            jitter=self._random.random,
            edition_id=job.edition_id,
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


def _fields(relay: str, number: int) -> dict[str, object]:
    return {"fields": {"relay": relay, "delivery": number}}
