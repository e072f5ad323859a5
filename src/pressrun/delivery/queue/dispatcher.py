"""The dispatcher: claims copies for the broker, records their results, and moves editions on.

One loop runs cycles. A cycle records the results that have come since the last one. If more may be claimed, it claims;
if editions may start or be finished, it advances them first. Each of the three is a transaction of its own, and what it
finds out is applied after its commit. A copy is claimed, and its attempt counted, before any octet goes out. So a
killed process leaves no copy that is neither in the queue nor on record.

Notices go before copies of editions. Editions that are being sent share the slots evenly.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from typing import Concatenate, ParamSpec, TypeVar

from msgspec import Struct

from pressrun.core.bounces.classes import BounceClass
from pressrun.core.errors import CommitUnknown, DatabaseSetBack, NoRoom, Unavailable
from pressrun.delivery.queue.broker import Broker
from pressrun.delivery.queue.claimed_rows import LowWater
from pressrun.delivery.queue.claims import NOTICE_BATCH, ClaimRequest, Claims, MayGo, Ready, Room, claim
from pressrun.delivery.queue.cycle_log import log_changes, log_claims, log_faults
from pressrun.delivery.queue.destination_queues import NEVER, Stale
from pressrun.delivery.queue.destinations import SLOW_SECONDS
from pressrun.delivery.queue.recording import DrawConsequences, Recorded, RecordRequest, record
from pressrun.delivery.queue.scheduler import RelayTerms, Scheduler
from pressrun.delivery.queue.throttle import ThrottleChanges
from pressrun.delivery.queue.wakeups import Work
from pressrun.observe.log import event
from pressrun.services.background import BackgroundLoop
from pressrun.services.editions.advance import AdvanceRequest, advance
from pressrun.services.editions.lifecycle import OnPaused
from pressrun.services.mail_results import log_consequences
from pressrun.services.mails.copy_composer import CompiledEdition
from pressrun.services.ports import ClaimOwner, Clock, RelayPool
from pressrun.services.settings import DeliverySettings
from pressrun.smtp.handover import Outcome
from pressrun.store.database import Database
from pressrun.store.queue.journal import Claim, JournalEntry
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.dispatch")

P = ParamSpec("P")
T = TypeVar("T")

# Copies claimed at a time: enough to feed fast connections, and few enough that readers' pages, whose transactions wait
# for this one, are not kept waiting (docs/performance/delivery.md).
BATCH = 200
SHORTEST_WAIT_SECONDS = 0.005  # between two claims that the pace keeps small
# What claimed notices may hold in memory: mails that are passed on may be large, and anybody can write to an owner. One
# goes in any case.
NOTICE_OCTETS = 16 * 1024 * 1024
SYNC_SECONDS = 1.0  # a power cut can repeat what was recorded within this time
# Copies claimed and not handed out, however many of them wait for a domain that may be slow.
CLAIMED_AT_MOST = 10 * BATCH
SHUT_SECONDS = 0.1  # between two attempts to use the database again
AFTER_FAULT_SECONDS = 1.0  # pause after a last cycle that failed
LAST_CYCLES = 3  # attempts to record the end of a drain: what is not recorded goes out a second time


class DispatchHooks(Struct, frozen=True, kw_only=True):
    """What the dispatcher leaves to others: what follows from results, whether a notice may go, who hears of a pause,
    and counting.
    """

    draw_consequences: DrawConsequences
    may_go: MayGo
    on_paused: OnPaused
    on_outcome: Callable[[Outcome, int], None]
    on_bounce: Callable[[str, BounceClass, int], None]  # of copies, by list


class Dispatcher(BackgroundLoop):
    """The only consumer of what `owner` claims. The workers get what it claims from its `broker`."""

    name = "dispatcher"
    unavailable = "dispatch.database_unavailable"

    def __init__(
        self,
        *,
        database: Database,
        scheduler: Scheduler,
        settings: DeliverySettings,
        clock: Clock,
        owner: ClaimOwner,
        hooks: DispatchHooks,
        journaled: Callable[[], Mapping[Claim, JournalEntry]],
    ) -> None:
        super().__init__(clock)
        self.settings = settings
        self.broker = Broker(scheduler, settings, clock, owner, lambda: self._syncing or database.is_syncing)
        self.alive_at = clock()
        self.turned_away = 0  # cycles that failed because the server was away or the disk full
        self._database = database
        self._clock = clock
        self._owner = owner
        self._hooks = hooks
        self._journaled = journaled
        self._scheduler = scheduler
        self._intake = self.broker.intake
        self._results = self.broker.results
        self._wake_ups = self.broker.wake_ups
        self._compiled: dict[int, CompiledEdition] = {}
        self._synced_at = 0.0
        self._syncing = False
        self._holding = False  # no relay takes anything
        self._drained = False

    # ------------------------------------------------------------------ what others call

    def wake(self) -> None:
        """Something changed in the database: look at everything in the next cycle."""
        self._wake_ups.plan()
        self._wake_ups.advance()

    def connect(self, pool: RelayPool) -> None:
        """Let these connections have what is claimed."""
        self.broker.connect(pool)

    async def drain(self, seconds: float) -> None:
        """Claim nothing more, finish and record what is in flight, and give the rest back; then `run` ends."""
        try:
            await self.broker.close(seconds)
        finally:
            self._drained = True
            self._wake_ups.record()
            self.end_pause()

    def reload(self, settings: DeliverySettings, relays: Mapping[str, RelayTerms]) -> None:
        """Continue with new rates and retry rules."""
        self.settings = settings
        self._intake.settings = settings
        self._scheduler.reload(settings, relays, self._clock())
        self.wake()

    def suspend(self) -> None:
        """The lease runs out: hand out nothing until `wake`, and give back what no connection has."""
        self.broker.suspend()

    def unpause(self, domain: str | None) -> None:
        """Let paused and blocked destinations send again: one domain; or all, and try the failing relays now."""
        self._scheduler.throttle.retry(domain, self._clock())
        if domain is None:
            self.broker.probe_relays()
        self.wake()

    @property
    def unsigned_since(self) -> float | None:
        """Since when no mail could be signed; None while they can."""
        return self._intake.unsigned_since

    def signs_again(self) -> None:
        """There are other keys: what could not be signed need not wait any longer."""
        self._intake.sign_again()
        self.wake()

    # ------------------------------------------------------------------ the loop

    async def run(self) -> None:
        """Run cycles until `drain` has finished. Whatever goes wrong in a cycle, nothing is lost."""
        await super().run()
        await self.record_rest()

    async def step(self) -> bool:
        """One cycle, and the wait for the next."""
        if self._drained:
            return False
        await self.cycle()
        self.works()
        if self._database.is_shut:  # wake-ups stay pending until a cycle does its work, so there is no waiting for them
            await asyncio.sleep(SHUT_SECONDS)
        elif not self._drained:
            now = self._clock()
            await self._wake_ups.sleep(now, self._longest_sleep(now))
        return True

    def _longest_sleep(self, now: float) -> float | None:
        ends = [SLOW_SECONDS] if len(self._scheduler.rows) else []
        if not self._database.is_synced:
            ends.append(max(0.0, min(SYNC_SECONDS, self._synced_at + SYNC_SECONDS - now)))
        return min(ends, default=None)

    async def record_rest(self) -> None:
        """Record what is left after the drain, in a few attempts."""
        for _ in range(LAST_CYCLES):
            try:
                await self.cycle()
            except Exception as problem:  # noqa: BLE001 - the end must come, whatever is wrong
                event(log, "dispatch.not_recorded", level=logging.ERROR, exc_info=True, problem=type(problem).__name__)
                await asyncio.sleep(AFTER_FAULT_SECONDS)
            else:
                return

    async def cycle(self) -> None:
        """One cycle. The next one is careful if this one met an error of its own, or cannot know whether its commit was
        done: then it may have claimed rows, and must not record results again. It is careful after an outage of a
        server, too: the one that comes back may be a standby, or restored, and lack what was recorded last.
        """
        if self._database.is_shut:  # nothing is in flight, and nothing could be recorded
            self.alive_at = self._clock()
            return
        try:
            await self._cycle()
        except DatabaseSetBack:
            self._owner.end_set_back()
            raise
        except Exception as problem:
            is_away = isinstance(problem, Unavailable) and not self._database.location.is_exclusive
            self.turned_away += is_away or isinstance(problem, NoRoom)
            if is_away or isinstance(problem, CommitUnknown) or not isinstance(problem, Unavailable):
                self._wake_ups.be_careful()
            raise

    async def _cycle(self) -> None:
        now = self._clock()
        self._intake.record_late()
        careful = self._wake_ups.pop_careful()
        try:
            self._scheduler.follow(now)
            self._intake.follow(now)
            stale, self._holding = self._scheduler.remove_stale(now)
            self._results.release(stale.jobs)
            self._learn_slow(now)
            work = self._wake_ups.begin(now, self._least_work(now, careful=careful))
            recorded, idle = await self._record(now, work, careful=careful)
            if recorded.rescued or recorded.consequences.paused or idle:
                work = Work.ADVANCE
            if work is Work.ADVANCE:
                await self._advance(now, idle, careful=careful)
            if work >= Work.CLAIM:
                await self._claim(now, stale, careful=careful)
        except BaseException:
            self._wake_ups.plan_next(Work.ADVANCE)
            self._synced_at = 0.0
            if careful:
                self._wake_ups.be_careful()
            raise
        self.alive_at = self._clock()
        if stale.jobs and not self._holding:
            self._wake_ups.claim()  # rows that went back because of their destination's limits are claimed again
        self.broker.offer()

    def _least_work(self, now: float, *, careful: bool) -> Work:
        if careful or self._results.has_released:
            return Work.ADVANCE
        again_at, low_water, rows = self._wake_ups.again_at, self._wake_ups.low_water, self._scheduler.rows
        is_low = low_water.rows >= 0 and self._scheduler.eager(now, low_water.relays) <= low_water.rows
        is_due = again_at is not None and again_at <= now
        return Work.CLAIM if is_low or is_due or rows.lacks(low_water) else Work.RECORD

    def _learn_slow(self, now: float) -> None:
        """Give back rows for a slow domain that wait among others, to be claimed from the queue that it gets."""
        for name, seconds in self._scheduler.learn_slow(now).items():
            event(log, "delivery.slow", destination=name, seconds=round(seconds, 1))
            self.broker.release_destination(name)

    async def _commit(
        self, now: float, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """A commit survives a kill at once, even of the server, and a power cut once it is SYNC_SECONDS old."""
        if self._database.location.records_survive_kills and 0 <= now - self._synced_at < SYNC_SECONDS:
            return await self._database.record(work, *args, **kwargs)
        self._synced_at = now
        self._syncing = True
        self.broker.offer()
        try:
            return await self._database.write(work, *args, **kwargs)
        finally:
            self._syncing = False

    # ------------------------------------------------------------------ recording

    async def _record(self, now: float, work: Work, *, careful: bool) -> tuple[Recorded, set[int]]:
        """Record the results that have come and, before a claim, what was learned of destinations; returns the editions
        that may be finished by it, too.
        """
        batch = self._results.pop()
        throttle = ThrottleChanges()
        try:
            if work >= Work.CLAIM:
                throttle = self._scheduler.throttle.pop_changed(now, self.settings.give_up_after_seconds)
            if careful or batch or throttle:
                request = RecordRequest(
                    session=self._owner.session,
                    now=int(now),
                    batch=batch,
                    journaled=self._journaled,
                    throttle=throttle,
                    paces=self._scheduler.pace_snapshot().dump(
                        now, len(self._scheduler.rows), self._scheduler.rows.copies_by_queue()
                    ),
                    held=self.broker.held() | batch.ids() if careful else None,
                )
                recorded = await self._commit(now, record, request, self._hooks.draw_consequences)
            else:
                recorded = Recorded()
        except BaseException:
            self._results.bring_back(batch)
            self._scheduler.throttle.bring_back(throttle)
            raise
        self._results.recorded(batch)
        for result in recorded.unrecorded:
            self._results.add(result)  # in the next cycle
        self._apply_throttle(throttle, recorded.given_up, now)
        for outcome, number in batch.outcomes.items():
            self._hooks.on_outcome(outcome, number)
        for (list_name, bounce), number in batch.bounces.items():
            self._hooks.on_bounce(list_name, bounce, number)
        log_consequences(log, recorded.consequences)
        log_faults(recorded.faults)
        if recorded.fenced:
            event(log, "dispatch.fenced", level=logging.WARNING, copies=recorded.fenced, session=self._owner.session)
        if recorded.rescued:
            event(log, "dispatch.rescued", level=logging.WARNING, copies=recorded.rescued)
        return recorded, self.broker.idle(batch.touched)

    def _apply_throttle(self, changes: ThrottleChanges, given_up: Collection[str], now: float) -> None:
        for name in given_up:
            self._scheduler.throttle.reopen(name, now)
        if len(given_up) < len(changes.given_up):
            self._wake_ups.claim()  # the rest fails in the next cycles, and stays blocked until then

    # ------------------------------------------------------------------ editions

    async def _advance(self, now: float, idle: Collection[int], *, careful: bool) -> None:
        """Start, pause and finish the editions that are due for it."""
        request = AdvanceRequest(
            now=int(now),
            idle=idle,
            relays=self._scheduler.pacer.relays,
            late_grace_seconds=self.settings.late_grace_seconds,
            careful=careful,
            on_paused=self._hooks.on_paused,
            may_start=self._database.growth.is_allowed,
        )
        changes, next_start_at = await self._commit(now, advance, request)
        self._wake_ups.plan_advance(next_start_at)
        log_changes(changes)

    # ------------------------------------------------------------------ claiming

    async def _claim(self, now: float, stale: Stale, *, careful: bool) -> None:
        """Claim what may go, and plan when to claim again."""
        by_queue, enough = self._scheduler.rows.copies_by_queue(), self._scheduler.enough(now, BATCH)
        full = self._scheduler.rows.full_relays(enough)
        room = Room(
            rows=self._room(now, full),
            notice_octets=NOTICE_OCTETS - self.broker.notice_octets(),
            by_queue=self._scheduler.throttle.rooms(by_queue, now) | dict.fromkeys(stale.queues, 0),
            full_relays=full,
        )
        ready = Ready(rows=len(self._scheduler.rows), by_queue=by_queue, paces=self._scheduler.pace_snapshot())
        request = ClaimRequest(
            session=self._owner.session,
            now=now,
            room=room,
            ready=ready,
            compiled=self._compiled,
            careful=careful,
            accepted=self._intake.accepted,
        )
        claims = await self._commit(now, claim, request, self._hooks.may_go, self._hooks.on_paused)
        self.broker.accept(claims.jobs)  # first of all, since they are ours now
        self.broker.hold_back(self._compiled.keys() - claims.live)
        self._compiled = claims.compiled
        log_claims(claims)
        if claims.withheld or claims.editions.changed:
            self._wake_ups.advance()  # an edition may be finished
        self._plan(claims, request, enough)

    def _room(self, now: float, full: Collection[str]) -> int:
        """How many more rows may be claimed. Rows that wait for `full` relays do not use up the room of the others."""
        if self._claims_nothing() or now < self._intake.unsigned_until:
            return 0
        room = self._scheduler.pacer.claimable(now, self._scheduler.eager(now, full), BATCH)
        return min(room, max(0, CLAIMED_AT_MOST - len(self._scheduler.rows)))

    def _claims_nothing(self) -> bool:
        return self._holding or not self.broker.hands_out

    def _plan(self, claims: Claims, request: ClaimRequest, enough: int) -> None:
        """When to claim again by ourselves, and at how few claimed rows to do so before that."""
        now, room = request.now, request.room.rows
        claimed = len(claims.notices) + len(claims.copies)
        full = self._scheduler.rows.full_relays(enough)
        ready = self._scheduler.eager(now, full)
        if room > 0:  # otherwise none was looked for
            self._scheduler.more_wait = claimed >= room or len(claims.notices) >= NOTICE_BATCH
        if self._claims_nothing():  # what changes comes with a result, or by itself
            self._wake_ups.plan(after_result=self._holding)
        elif now < self._intake.unsigned_until:
            self._wake_ups.plan(again_at=self._intake.unsigned_until)
        elif len(self._scheduler.rows) >= CLAIMED_AT_MOST:  # a result or a later cycle shows what they wait for
            self._wake_ups.plan()
        elif claimed < room:  # nothing more may go now, whatever the pace
            opens_at = self._scheduler.throttle.next_claim_at(request.ready.by_queue, now)
            again_at = min(opens_at, claims.next_due_at or NEVER)
            # Where a relay had enough of the lists that name it, there may be more for it.
            low_water = LowWater(relays=request.room.full_relays, enough=enough)
            self._wake_ups.plan(again_at=None if again_at == NEVER else again_at, low_water=low_water)
            if self._scheduler.rows.lacks(low_water):
                self._wake_ups.claim()  # it took some during the claim
        elif ready >= BATCH // 2:
            self._wake_ups.plan(low_water=LowWater(rows=BATCH // 2, relays=full, enough=enough))
        else:  # the pace allows no more for the moment
            next_claim_at = self._scheduler.pacer.next_claim_at(now, self._scheduler.eager(now))
            again_at = max(now + SHORTEST_WAIT_SECONDS, next_claim_at)
            self._wake_ups.plan(again_at=again_at, low_water=LowWater(relays=full, enough=enough))
