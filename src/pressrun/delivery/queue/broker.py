"""The broker: hands claimed rows to the workers and takes their results.

Everything between the database and the workers happens on the event loop. A claimed row is ready, in flight, or has a
result that is not recorded yet. The dispatcher fills the broker and records its results, in cycles
(delivery.queue.dispatcher).
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Collection, Iterable, Sequence

from msgspec.structs import asdict, replace

from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.core.pacing.retry import latest_attempt_at
from pressrun.delivery.queue.destination_queues import NEVER, is_stale
from pressrun.delivery.queue.jobs import CompositionFailed, Job, Result
from pressrun.delivery.queue.results import PendingResults, failed_copy
from pressrun.delivery.queue.scheduler import Scheduler
from pressrun.delivery.queue.timer import Timer
from pressrun.delivery.queue.wakeups import WakeUps, Work
from pressrun.observe.log import event
from pressrun.services.bounces.delivery_results import (
    bare_delivery_result,
    delivery_result_of,
    interrupted_delivery_result,
)
from pressrun.services.mail_results import log_failed_copy
from pressrun.services.ports import ClaimOwner, Clock, RelayPool
from pressrun.services.settings import DeliverySettings
from pressrun.smtp.handover import HandOver, Outcome, Stage
from pressrun.store.queue.deliveries import ClaimedNotice, DeliveryResult, SentMail

log = logging.getLogger("pressrun.dispatch")

# Copies that are handed out and not recorded. Ten connections over a long line have 64 each in flight.
UNRECORDED_AT_MOST = 1024
# Once this many results are not journaled, and as many as are in flight, they are recorded before anything more is
# handed out, so that a kill repeats little. Results come in while earlier ones are being recorded, and in
# bursts over a long line.
RESULTS_AT_MOST = 4
# Results that are journaled are recorded together with those that come within so short a time, or once there are so
# many: a transaction costs as much as dozens of copies. A kill repeats none of them.
TOGETHER = 128
TOGETHER_SECONDS = 0.25
UNSIGNED_SECONDS = 10.0  # before anything is handed out after a mail that could not be signed


class Broker:
    """What the workers call, as delivery.queue.jobs.Supply promises.

    Whatever fails, a claimed row is at each moment ready, in flight, or among the results: it is put where it goes
    before it is removed from where it was. A careful cycle gives back the rows that nobody holds (claims).

    `is_syncing` tells whether everybody waits for the disk. While `owner` may not hand out, nothing is handed out.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        settings: DeliverySettings,
        clock: Clock,
        owner: ClaimOwner,
        is_syncing: Callable[[], bool],
    ) -> None:
        self.scheduler = scheduler
        self.settings = settings
        self.results = PendingResults()
        self.wake_ups = WakeUps()
        self.unsigned_until = 0.0
        self.unsigned_since: float | None = None  # when the first of the mails came that could not be signed
        self.is_closed = False
        self.has_failed = False  # since the last careful cycle: rows may be claimed that nobody holds
        self._was_held = False  # whether no relay took anything at the last claim
        self._must_offer = False  # whether connections may get something that they could not get when they asked
        self._clock = clock
        self._owner = owner
        self._is_syncing = is_syncing
        self._random = random.SystemRandom()
        self._pool: RelayPool | None = None
        self._in_flight: dict[int, Job] = {}
        self._recalled: set[int] = set()  # rows in flight that go back to the database if they were not sent
        self._late: list[tuple[str, Result]] = []  # results that could not be kept when they came
        self._followed_at = 0.0
        self._timer = Timer(self._wake)

    # ------------------------------------------------------------------ what the workers call

    def next(self, relay: str, most: int) -> list[Job]:
        """The next rows, as delivery.queue.jobs.Supply promises."""
        try:
            return self._next(relay, most)
        except Exception:
            self.has_failed = True  # what was removed from the queues is in nobody's hands
            raise

    def _next(self, relay: str, most: int) -> list[Job]:
        most = min(most, self._room_in_flight()) if self._hands_out else 0
        if most <= 0:
            self._must_offer = True
            return []
        now = self._clock()
        if now < self.unsigned_until:
            self._call_at(self.unsigned_until, now)
            return []
        jobs, again_at = self.scheduler.next(relay, now, most)
        if len(jobs) < most:
            self._call_at(again_at, now)
        if jobs:
            short = any(self.scheduler.is_short_of(job, now) for job in jobs)
            if short or self.scheduler.copies <= self.wake_ups.low_water:
                self.wake_ups.claim()
            if self.scheduler.pop_passed_over():
                self._call_at(now, now)
        self._in_flight.update([(job.row.id, job) for job in jobs])  # the last thing: nothing behind it can fail
        return jobs

    def waiting(self, relay: str) -> int:
        """How many rows could be handed out now."""
        if not self._hands_out:
            return 0
        now = self._clock()
        room = UNRECORDED_AT_MOST - self._handed_out()
        if room <= 0:
            self._must_offer = True
        due = self.scheduler.due(relay, now, room)
        if due == 0 and room > 0 and len(self.scheduler):
            # No connection is asking, so nobody else would ask again at the next slot.
            self._call_at(self.scheduler.next_at(relay, now), now)
        return due

    def record(self, relay: str, results: Sequence[Result]) -> None:
        """Take the results of rows; the next cycle commits them. Whatever goes wrong, none is lost."""
        now = self._clock()
        for result in _unsent_backwards(results):
            job = self._in_flight.get(result.id)
            if job is None:
                event(log, "relay.record_error", level=logging.ERROR, relay=relay, delivery=result.id)
            elif isinstance(result.outcome, CompositionFailed):
                self._keep_failed_composition(job, relay, result.outcome, now)
            else:
                self._keep_handover(job, relay, result, result.outcome, now)

    # ------------------------------------------------------------------ results

    def _keep_handover(self, job: Job, relay: str, result: Result, handover: HandOver, now: float) -> None:
        blocks = False
        if handover.outcome is not Outcome.UNSENT:
            self.unsigned_since = None
        try:
            blocks = self._learn(job, relay, handover, result.seconds, now)
        except Exception:
            log.exception("relay.record_error", extra=_fields(relay, result.id))
        try:
            self._keep_result(job, relay, result, handover, now, blocks=blocks)
        except Exception:
            log.exception("relay.record_error", extra=_fields(relay, result.id))
            self._keep_bare_result(job, relay, handover, result.evidence, now)
        try:
            self._wake_up_for(job, handover, now, is_journaled=result.is_journaled)
        except Exception:  # the result is kept; the dispatcher wakes up by itself before long
            log.exception("relay.record_error", extra=_fields(relay, result.id))

    def _learn(self, job: Job, relay: str, handover: HandOver, seconds: float, now: float) -> bool:
        """Learn about relay and destination; returns whether the destination is blocked from now on."""
        change = self.scheduler.learn(job, relay, handover, now, seconds=seconds)
        if change is None:
            return False
        event(log, "delivery.paused", level=logging.WARNING, **asdict(change))
        self.release_destination(job.row.domain, job.destination)
        return change.until is None

    def _keep_result(
        self, job: Job, relay: str, result: Result, handover: HandOver, now: float, *, blocks: bool
    ) -> None:
        """Keep what is to be recorded of a row; from here on it is not in flight."""
        if handover.outcome is Outcome.UNSENT:
            self._take_back(job, now)
        else:
            delivery_result = self._delivery_result(job, handover, relay, now)
            if blocks:
                delivery_result = replace(delivery_result, blocks=True)
            if result.evidence is not None:
                delivery_result = replace(delivery_result, mail=result.evidence)
            self._keep(job, delivery_result, is_journaled=result.is_journaled)
        self.results.count(job, handover.outcome)

    def _keep_bare_result(
        self, job: Job, relay: str, handover: HandOver, evidence: SentMail | None, now: float
    ) -> None:
        """Keep only whether the mail was taken; where even that fails, try again later."""
        number = job.row.id
        if number not in self._in_flight:
            return  # it is kept; what failed came after that
        try:
            bare = bare_delivery_result(
                job.row, handover, relay=relay, settings=self.settings, now=now, edition_id=job.edition_id
            )
            self._keep(job, bare if evidence is None else replace(bare, mail=evidence))
        except Exception:
            log.exception("relay.record_error", extra=_fields(relay, number))
            self._late.append((relay, Result(number, handover, evidence)))
            self.has_failed = True

    def _keep(self, job: Job, result: DeliveryResult, *, is_journaled: bool = False) -> None:
        self.results.add(result, is_journaled=is_journaled)
        self._forget(job)
        if result.state is DeliveryState.FAILED:
            self.results.count_bounce(job, result)
            log_failed_copy(log, failed_copy(job, result))

    def _forget(self, job: Job) -> None:
        del self._in_flight[job.row.id]
        self._recalled.discard(job.row.id)

    def _take_back(self, job: Job, now: float) -> None:
        """A row that was not sent waits again, in front of its queue; one that may not go now is not claimed any more.

        Its slot is not given back.
        """
        if self.is_closed or job.row.id in self._recalled or is_stale(job, now):
            self.results.release([job])
        else:
            self.scheduler.push_front(job)
        self._forget(job)

    def _keep_failed_composition(self, job: Job, relay: str, failed: CompositionFailed, now: float) -> None:
        """Defer a row without a mail, which holds up no other. Without a signature nothing goes out for a while."""
        try:
            self.scheduler.return_unsent(job, relay)
        except Exception:
            log.exception("relay.record_error", extra=_fields(relay, job.row.id))
        if failed.unsigned:
            self.unsigned_until = now + UNSIGNED_SECONDS
            self.unsigned_since = now if self.unsigned_since is None else self.unsigned_since
        handover = HandOver(Outcome.UNSENT if failed.unsigned else Outcome.DEFERRED, Stage.MAIL)
        try:
            if failed.unsigned:
                self.results.release([job])
                self._forget(job)
            else:
                event(log, "dispatch.not_composed", level=logging.ERROR, delivery=job.row.id, fault=failed.fault)
                delivery_result = self._delivery_result(job, handover, relay, now)
                self._keep(job, replace(delivery_result, reply=f"the mail could not be composed: {failed.fault}"))
        except Exception:
            log.exception("relay.record_error", extra=_fields(relay, job.row.id))
            self._keep_bare_result(job, relay, handover, None, now)
        if failed.unsigned:
            self.wake_ups.record()
        else:
            self.wake_ups.claim()

    def record_late(self) -> None:
        """Take the results that could not be kept when they came."""
        late, self._late = self._late, []
        for relay, result in late:
            self.record(relay, [result])

    def _wake_up_for(self, job: Job, handover: HandOver, now: float, *, is_journaled: bool) -> None:
        """Have the result recorded, soon or at once, and more claimed where there is room for it now."""
        if self._makes_room(job, handover, now):
            self.wake_ups.plan_next(Work.CLAIM)
        elif is_journaled and self.results.gathered < TOGETHER:
            self.wake_ups.record_within(TOGETHER_SECONDS, now)
            return
        self.wake_ups.record()

    def _makes_room(self, job: Job, handover: HandOver, now: float) -> bool:
        """Whether more may go now: an edition may be finished, something waits for its retry, a relay takes mail again,
        or a destination or the memory has room.
        """
        return (
            handover.outcome is not Outcome.DELIVERED
            or not (self._in_flight or len(self.scheduler))
            or self._was_held
            or (isinstance(job.row, ClaimedNotice) and job.row.octets > 0)
            or self.scheduler.is_short_of(job, now)
        )

    # ------------------------------------------------------------------ what the dispatcher calls

    def connect(self, pool: RelayPool) -> None:
        """Let these connections have what is ready."""
        self._pool = pool
        self.scheduler.watch(lambda: {status.name for status in pool.statuses() if status.failing_since is not None})

    def reload(self, settings: DeliverySettings) -> None:
        """Go on under other retry rules."""
        self.settings = settings

    def forget_failure(self) -> None:
        """A careful cycle is through: every claimed row is in somebody's hands."""
        self.has_failed = False

    async def close(self, seconds: float) -> None:
        """Hand out nothing more, let the connections finish what is in flight, give the rest back."""
        self.is_closed = True
        try:
            if self._pool is not None:
                await self._pool.drain(seconds)
        finally:
            self.give_back()

    def accept(self, jobs: Iterable[Job], *, is_held: bool) -> None:
        """Hand these out, which were claimed just now; `is_held` says that no relay takes anything."""
        for job in jobs:
            self.scheduler.push(job)
            self._must_offer = True
        self._was_held = is_held
        if self.is_closed:  # the claim began before
            self.give_back()

    def offer(self) -> None:
        """Let the connections ask again if they may get something that they could not get before."""
        if len(self.scheduler) and (self._must_offer or self.scheduler.throttle.has_limits):
            self._must_offer = False
            self._wake()

    def follow(self, now: float) -> None:
        """Follow a clock that was set back."""
        if now < self._followed_at:
            latest = latest_attempt_at(schedule=self.settings.retry_seconds, now=now)
            self.results.set_back(int(self._followed_at - now), latest)
        self._followed_at = now
        self.unsigned_until = min(self.unsigned_until, now + UNSIGNED_SECONDS)

    def sign_again(self) -> None:
        """Other keys are there: what could not be signed need not wait any longer."""
        self.unsigned_until, self.unsigned_since = 0.0, None

    def hold_back(self, editions: Collection[int]) -> None:
        """These were paused, cancelled or finished: what no connection has of them does not go out."""
        if not editions:
            return
        removed = self.scheduler.remove_editions(editions)
        if removed:
            self.results.release(removed)
            self.wake_ups.claim()
        in_flight = [job for job in self._in_flight.values() if job.is_copy_of(editions)]
        if in_flight:
            self._recall(in_flight)

    def release_destination(self, *names: str) -> None:
        """What no connection has for a destination goes back to the database: other mail may go before it now."""
        for name in {*names}:
            self.results.release(self.scheduler.remove_domain(name))
        self._recall([job for job in self._in_flight.values() if job.row.domain in names or job.destination in names])

    def suspend(self) -> None:
        """The lease runs out: what no connection has goes back to the database, and may be claimed again later."""
        self.give_back()
        self._recall([*self._in_flight.values()])

    def give_back(self) -> None:
        """What is ready goes back to the database."""
        self.results.release(self.scheduler.clear())
        self._timer.cancel()

    def notice_octets(self) -> int:
        """How much memory the claimed notices hold."""
        in_flight = sum(job.row.octets for job in self._in_flight.values() if isinstance(job.row, ClaimedNotice))
        return in_flight + self.scheduler.notice_octets()

    def held(self) -> frozenset[int]:
        """Every claimed row that is ready or in flight, or has a result that the next cycle records."""
        return frozenset((*self.scheduler.ids(), *self._in_flight, *self.results.ids()))

    def idle(self, editions: Collection[int]) -> set[int]:
        """Which of these editions have no copy that is ready or in flight: they may be finished."""
        idle = set(editions)
        for job in self._in_flight.values():
            if not idle:
                break
            idle.discard(job.edition_id or 0)
        return idle - self.scheduler.editions() if idle else idle

    # ---

    @property
    def _hands_out(self) -> bool:
        return not self.is_closed and self._owner.may_hand_out()

    def _handed_out(self) -> int:
        return len(self._in_flight) + self.results.waiting

    def _room_in_flight(self) -> int:
        """How many more rows may be handed out: none while a kill would repeat so many results that they must be
        recorded first. While everybody waits for the disk the pace is not held up for that.
        """
        unsafe = self.results.unsafe
        if unsafe >= RESULTS_AT_MOST and not self._is_syncing():
            in_flight = len(self._in_flight)
            if unsafe >= (in_flight if self._pool is None else min(in_flight, self._pool.capacity())):
                return 0
        return UNRECORDED_AT_MOST - self._handed_out()

    def _delivery_result(self, job: Job, handover: HandOver, relay: str, now: float) -> DeliveryResult:
        if self.is_closed and handover.outcome is Outcome.UNKNOWN:
            return interrupted_delivery_result(job.row, relay=relay, now=now, edition_id=job.edition_id)
        return delivery_result_of(
            job.row,
            handover,
            relay=relay,
            settings=self.settings,
            now=now,
            jitter=self._random.random,
            edition_id=job.edition_id,
        )

    def _call_at(self, at: float, now: float) -> None:
        """Let the connections ask again then."""
        if at != NEVER:
            self._timer.set(at, now)

    def _wake(self) -> None:
        if self._pool is not None:
            self._pool.wake()

    def _recall(self, jobs: Sequence[Job]) -> None:
        """Have all rows given back that no connection has; these are not claimed any more then."""
        self._recalled.update(job.row.id for job in jobs)
        if self._pool is not None:
            self._pool.recall()


def _unsent_backwards(results: Sequence[Result]) -> Iterable[Result]:
    """The results, at last those of rows that were not sent, the last row first: each goes in front of the others."""
    sent: list[Result] = []
    unsent: list[Result] = []
    for result in results:
        is_unsent = isinstance(result.outcome, HandOver) and result.outcome.outcome is Outcome.UNSENT
        (unsent if is_unsent else sent).append(result)
    return [*sent, *reversed(unsent)] if unsent else sent


def _fields(relay: str, number: int) -> dict[str, object]:
    return {"fields": {"relay": relay, "delivery": number}}
