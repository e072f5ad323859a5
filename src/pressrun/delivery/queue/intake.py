"""Accepts the results of rows in flight. Each is kept for the next cycle to record, whatever goes wrong on the way."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import asdict, replace

from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.core.pacing.retry import latest_attempt_at
from pressrun.delivery.queue.destination_queues import is_stale
from pressrun.delivery.queue.jobs import CompositionFailed, Job, Result, claim_of
from pressrun.delivery.queue.results import PendingResults, failed_copy
from pressrun.delivery.queue.scheduler import Scheduler
from pressrun.delivery.queue.wakeups import WakeUps, Work
from pressrun.observe.log import event
from pressrun.services.bounces.delivery_results import (
    bare_delivery_result,
    delivery_result_of,
    interrupted_delivery_result,
)
from pressrun.services.mail_results import log_failed_copy
from pressrun.services.ports import Clock
from pressrun.services.settings import DeliverySettings
from pressrun.smtp.handover import HandOver, Outcome, Stage
from pressrun.store.queue.deliveries import ClaimedNotice, DeliveryResult, SentMail
from pressrun.store.queue.journal import Claim

log = logging.getLogger("pressrun.dispatch")

# Journaled results are recorded once there are this many of them, or after this time, because a transaction costs as
# much as dozens of copies. A kill repeats none of them.
TOGETHER = 128
TOGETHER_SECONDS = 0.25
UNSIGNED_SECONDS = 10.0  # how long nothing is handed out after a mail could not be signed


class RowsInFlight(dict[int, Job]):
    """The rows that workers have, by id. Once it `is_closed`, nothing more is handed out."""

    def __init__(self) -> None:
        super().__init__()
        self.is_closed = False
        self._recalled: set[int] = set()

    def recall(self, jobs: Iterable[Job]) -> None:
        """If these are not sent, they go back to the database instead of waiting again."""
        self._recalled.update(job.row.id for job in jobs)

    def goes_back(self, job: Job) -> bool:
        """Whether a row goes back to the database if it was not sent."""
        return self.is_closed or job.row.id in self._recalled

    def remove(self, job: Job) -> None:
        """The row has its result, or goes back to the queue."""
        del self[job.row.id]
        self._recalled.discard(job.row.id)


class ResultIntake:
    """Learns from results, keeps them, and has more rows claimed where results make room."""

    def __init__(
        self,
        scheduler: Scheduler,
        settings: DeliverySettings,
        clock: Clock,
        release_destination: Callable[[str, str], None],
    ) -> None:
        self.settings = settings
        self.results = PendingResults()
        self.wake_ups = WakeUps()
        self.in_flight = RowsInFlight()
        self.random = random.SystemRandom()
        self.unsigned_until = 0.0
        self.unsigned_since: float | None = None  # when the first mail that could not be signed came
        self.accepted: Claim | None = None  # of the mail that a relay has accepted last
        self._scheduler = scheduler
        self._clock = clock
        self._release_destination = release_destination
        self._late: list[tuple[str, Result]] = []  # results that could not be kept when they came
        self._followed_at = 0.0

    def record(self, relay: str, results: Sequence[Result]) -> None:
        """Accept the results of rows; the next cycle commits them. None is lost, whatever goes wrong."""
        now = self._clock()
        for result in _unsent_backwards(results):
            job = self.in_flight.get(result.id)
            if job is None:
                event(log, "relay.record_error", level=logging.ERROR, relay=relay, delivery=result.id)
            elif isinstance(result.outcome, CompositionFailed):
                self._keep_failed_composition(job, relay, result.outcome, now)
            else:
                self._keep_handover(job, relay, result, result.outcome, now)

    def follow(self, now: float) -> None:
        """Follow a clock that was set back."""
        if now < self._followed_at:
            latest = latest_attempt_at(schedule=self.settings.retry_seconds, now=now)
            self.results.set_back(int(self._followed_at - now), latest)
        self._followed_at = now
        self.unsigned_until = min(self.unsigned_until, now + UNSIGNED_SECONDS)

    def sign_again(self) -> None:
        """There are other keys, so mail that could not be signed need not wait any longer."""
        self.unsigned_until, self.unsigned_since = 0.0, None

    def _keep_handover(self, job: Job, relay: str, result: Result, handover: HandOver, now: float) -> None:
        blocks = False
        if handover.outcome is Outcome.DELIVERED:
            self.accepted = claim_of(job)
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
        """Learn about the relay and the destination; returns whether the destination is blocked from now on."""
        change = self._scheduler.learn(job, relay, handover, now, seconds=seconds)
        if change is None:
            return False
        event(log, "delivery.paused", level=logging.WARNING, **asdict(change))
        self._release_destination(job.row.domain, job.destination)
        return change.until is None

    def _keep_result(
        self, job: Job, relay: str, result: Result, handover: HandOver, now: float, *, blocks: bool
    ) -> None:
        """Keep what is to be recorded about a row, which is no longer in flight after that."""
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
        """Keep only whether the relay accepted the mail; if even that fails, try again later."""
        number = job.row.id
        if number not in self.in_flight:
            return  # its result is kept; what failed came after that
        try:
            bare = bare_delivery_result(
                job.row, handover, relay=relay, settings=self.settings, now=now, edition_id=job.edition_id
            )
            self._keep(job, bare if evidence is None else replace(bare, mail=evidence))
        except Exception:
            log.exception("relay.record_error", extra=_fields(relay, number))
            self._late.append((relay, Result(number, handover, evidence)))
            self.wake_ups.be_careful()

    def _keep(self, job: Job, result: DeliveryResult, *, is_journaled: bool = False) -> None:
        self.results.add(result, is_journaled=is_journaled)
        self.in_flight.remove(job)
        if result.state is DeliveryState.FAILED:
            self.results.count_bounce(job, result)
            log_failed_copy(log, failed_copy(job, result))

    def _take_back(self, job: Job, now: float) -> None:
        """A row that was not sent waits again, at the head of its queue; one that may not go now is released.

        Its time slot is not given back.
        """
        if self.in_flight.goes_back(job) or is_stale(job, now):
            self.results.release([job])
        else:
            self._scheduler.push_front(job, now)
        self.in_flight.remove(job)

    def _keep_failed_composition(self, job: Job, relay: str, failed: CompositionFailed, now: float) -> None:
        """Defer a row without a mail, so that it holds up no other. If signing fails, nothing goes out for a while."""
        try:
            self._scheduler.return_unsent(job, relay)
        except Exception:
            log.exception("relay.record_error", extra=_fields(relay, job.row.id))
        if failed.unsigned:
            self.unsigned_until = now + UNSIGNED_SECONDS
            self.unsigned_since = now if self.unsigned_since is None else self.unsigned_since
        handover = HandOver(Outcome.UNSENT if failed.unsigned else Outcome.DEFERRED, Stage.MAIL)
        try:
            if failed.unsigned:
                self.results.release([job])
                self.in_flight.remove(job)
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
        """Keep the results that could not be kept when they came."""
        late, self._late = self._late, []
        for relay, result in late:
            self.record(relay, [result])

    def _wake_up_for(self, job: Job, handover: HandOver, now: float, *, is_journaled: bool) -> None:
        """Have the result recorded, soon or at once, and more rows claimed if there is room for them now."""
        if self._makes_room(job, handover, now):
            self.wake_ups.plan_next(Work.CLAIM)
        elif is_journaled and self.results.gathered < TOGETHER:
            self.wake_ups.record_within(TOGETHER_SECONDS, now)
            return
        self.wake_ups.record()

    def _makes_room(self, job: Job, handover: HandOver, now: float) -> bool:
        """Whether more may go now: an edition may be finished, something waits for its retry, a relay accepts mail
        again, or there is room for a destination or in memory.
        """
        return (
            handover.outcome is not Outcome.DELIVERED
            or not (self.in_flight or self._scheduler.rows)
            or self.wake_ups.after_result
            or (isinstance(job.row, ClaimedNotice) and job.row.octets > 0)
            or self._scheduler.is_short_of(job, now)
        )

    def _delivery_result(self, job: Job, handover: HandOver, relay: str, now: float) -> DeliveryResult:
        if self.in_flight.is_closed and handover.outcome is Outcome.UNKNOWN:
            return interrupted_delivery_result(job.row, relay=relay, now=now, edition_id=job.edition_id)
        return delivery_result_of(
            job.row,
            handover,
            relay=relay,
            settings=self.settings,
            now=now,
            jitter=self.random.random,
            edition_id=job.edition_id,
        )


def _unsent_backwards(results: Sequence[Result]) -> Iterable[Result]:
    """The results of sent rows, then those of unsent rows, in reverse: each goes back in front of the one before."""
    sent: list[Result] = []
    unsent: list[Result] = []
    for result in results:
        is_unsent = isinstance(result.outcome, HandOver) and result.outcome.outcome is Outcome.UNSENT
        (unsent if is_unsent else sent).append(result)
    return [*sent, *reversed(unsent)] if unsent else sent


def _fields(relay: str, number: int) -> dict[str, object]:
    return {"fields": {"relay": relay, "delivery": number}}
