"""The broker: hands claimed rows to the workers and takes their results.

Everything between the database and the workers happens on the event loop. A claimed row is ready, in flight, or has a
result that is not recorded yet. The dispatcher fills the broker and records its results, in cycles
(delivery.queue.dispatcher).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence

from pressrun.delivery.queue.destination_queues import NEVER
from pressrun.delivery.queue.intake import ResultIntake
from pressrun.delivery.queue.jobs import Job, Result
from pressrun.delivery.queue.scheduler import Scheduler
from pressrun.delivery.queue.timer import Timer
from pressrun.services.ports import ClaimOwner, Clock, RelayPool
from pressrun.services.settings import DeliverySettings
from pressrun.store.queue.deliveries import ClaimedNotice

log = logging.getLogger("pressrun.dispatch")

# Copies that are handed out and not recorded. Ten connections over a long line have 64 each in flight.
UNRECORDED_AT_MOST = 1024
# If this many results are not journaled, and no fewer than rows are in flight, they are recorded before anything more
# is handed out, so that a kill repeats little. More may come while those are being recorded, and in bursts over a long
# line.
RESULTS_AT_MOST = 4


class Broker:
    """What the workers call, as delivery.queue.jobs.Supply promises.

    Whatever fails, a claimed row is at each moment ready, in flight, or among the results: it is added to its new place
    before it is removed from the old one. A careful cycle gives back the rows that nobody holds (claims).

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
        self.intake = ResultIntake(scheduler, settings, clock, self.release_destination)
        self.wake_ups = self.intake.wake_ups
        self.results = self.intake.results
        self._in_flight = self.intake.in_flight
        self._must_offer = False  # whether connections may get something that they could not get when they asked
        self._clock = clock
        self._owner = owner
        self._is_syncing = is_syncing
        self._pool: RelayPool | None = None
        self._timer = Timer(self._wake)

    # ------------------------------------------------------------------ what the workers call

    def next(self, relay: str, most: int) -> list[Job]:
        """The next rows, as delivery.queue.jobs.Supply promises."""
        try:
            return self._next(relay, most)
        except Exception:
            self.wake_ups.be_careful()  # nobody else holds what was removed from the queues
            raise

    def _next(self, relay: str, most: int) -> list[Job]:
        most = min(most, self._room_in_flight()) if self.hands_out else 0
        if most <= 0:
            self._must_offer = True
            return []
        now = self._clock()
        if now < self.intake.unsigned_until:
            self._call_at(self.intake.unsigned_until, now)
            return []
        jobs, again_at = self.scheduler.next(relay, now, most)
        if len(jobs) < most:
            self._call_at(again_at, now)
        if jobs:
            if any(self.scheduler.is_short_of(job, now) for job in jobs) or self.scheduler.rows.is_low(
                self.wake_ups.low_water
            ):
                self.wake_ups.claim()
            if self.scheduler.shares.pop_passed_over():
                self._call_at(now, now)
        self._in_flight.update([(job.row.id, job) for job in jobs])  # last, as nothing after it can fail
        return jobs

    def waiting(self, relay: str) -> int:
        """How many rows could be handed out now."""
        if not self.hands_out:
            return 0
        now = self._clock()
        room = UNRECORDED_AT_MOST - self._handed_out()
        if room <= 0:
            self._must_offer = True
        due, again_at = self.scheduler.due(relay, now, room)
        if due == 0 and room > 0:
            self._call_at(again_at, now)  # no connection is asking, so nobody else would ask again at the next slot
        return due

    def record(self, relay: str, results: Sequence[Result]) -> None:
        """Accept the results of rows, as delivery.queue.jobs.Supply promises."""
        self.intake.record(relay, results)

    # ------------------------------------------------------------------ what the dispatcher calls

    @property
    def hands_out(self) -> bool:
        """Whether anything is handed out at present: not after the end, nor without a lease."""
        return not self._in_flight.is_closed and self._owner.may_hand_out()

    def connect(self, pool: RelayPool) -> None:
        """Give these connections what is ready."""
        self._pool = pool
        self.scheduler.shares.watch(lambda: _failing(pool))

    async def close(self, seconds: float) -> None:
        """Hand out nothing more, let the connections finish what is in flight, give the rest back."""
        self._in_flight.is_closed = True
        try:
            if self._pool is not None:
                await self._pool.drain(seconds)
        finally:
            self.give_back()

    def accept(self, jobs: Iterable[Job]) -> None:
        """Hand these out, which were claimed just now."""
        for job in jobs:
            self.scheduler.push(job)
            self._must_offer = True
        if self._in_flight.is_closed:  # the claim began before
            self.give_back()

    def offer(self) -> None:
        """Have the connections ask again if they may now get something that they could not get before."""
        if self.scheduler.rows and (self._must_offer or self.scheduler.throttle.has_limits):
            self._must_offer = False
            self._wake()

    def hold_back(self, editions: Collection[int]) -> None:
        """These editions were paused, cancelled or finished: copies that no connection has do not go out."""
        if not editions:
            return
        removed = self.scheduler.rows.remove_editions(editions)
        if removed:
            self.results.release(removed)
            self.wake_ups.claim()
        in_flight = [job for job in self._in_flight.values() if job.is_copy_of(editions)]
        if in_flight:
            self._recall(in_flight)

    def release_destination(self, *names: str) -> None:
        """Give back the copies for these destinations that no connection has, since other mail may now go first."""
        for name in {*names}:
            self.results.release(self.scheduler.rows.remove_domain(name))
        self._recall([job for job in self._in_flight.values() if job.row.domain in names or job.destination in names])

    def suspend(self) -> None:
        """The lease runs out: rows that no connection has go back to the database, and may be claimed again later."""
        self.give_back()
        self._recall([*self._in_flight.values()])

    def probe_relays(self) -> None:
        """Try the relays that fail now, instead of after their delay."""
        if self._pool is not None:
            self._pool.probe_relays()

    def give_back(self) -> None:
        """Rows that are ready go back to the database."""
        self.results.release(self.scheduler.rows.clear())
        self._timer.cancel()

    def notice_octets(self) -> int:
        """How much memory the claimed notices hold."""
        in_flight = sum(job.row.octets for job in self._in_flight.values() if isinstance(job.row, ClaimedNotice))
        return in_flight + self.scheduler.rows.notice_octets()

    def held(self) -> frozenset[int]:
        """Every claimed row that is ready or in flight, or has a result that the next cycle records."""
        return frozenset((*(job.row.id for job in self.scheduler.rows), *self._in_flight, *self.results.ids()))

    def idle(self, editions: Collection[int]) -> set[int]:
        """Which of these editions have no copy that is ready or in flight: they may be finished."""
        idle = set(editions)
        for job in self._in_flight.values():
            if not idle:
                break
            idle.discard(job.edition_id or 0)
        return idle - self.scheduler.rows.editions() if idle else idle

    # ---

    def _handed_out(self) -> int:
        return len(self._in_flight) + self.results.waiting

    def _room_in_flight(self) -> int:
        """How many more rows may be handed out: none while so many results are not journaled that they must be
        recorded first, unless everybody waits for the disk, which must not slow sending down.
        """
        unsafe = self.results.unsafe
        if unsafe >= RESULTS_AT_MOST and not self._is_syncing():
            in_flight = len(self._in_flight)
            if unsafe >= (in_flight if self._pool is None else min(in_flight, self._pool.capacity())):
                return 0
        return UNRECORDED_AT_MOST - self._handed_out()

    def _call_at(self, at: float, now: float) -> None:
        """Have the connections ask again at that time."""
        if at != NEVER:
            self._timer.set(at, now)

    def _wake(self) -> None:
        if self._pool is not None:
            self._pool.wake()

    def _recall(self, jobs: Sequence[Job]) -> None:
        """Have all rows given back that no connection has; they are no longer claimed after that."""
        self._in_flight.recall(jobs)
        if self._pool is not None:
            self._pool.recall()


def _failing(pool: RelayPool) -> set[str]:
    return {status.name for status in pool.statuses() if status.failing_since is not None}
