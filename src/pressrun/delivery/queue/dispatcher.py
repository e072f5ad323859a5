"""The dispatcher: starts editions, claims copies for the broker, records what became of each copy.

One loop takes turns. Each turn is one transaction that records the results since the last turn and claims what may go
next; results that come in meanwhile make the next turn. A copy is claimed, and its attempt counted, before any octet
goes out, so that a killed process leaves no copy that is neither in the queue nor on record.

Notices go before copies of editions, editions that are being sent share the turns evenly.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence

from pressrun.core.errors import Unavailable
from pressrun.core.providers import Lanes
from pressrun.core.quantities import Rate
from pressrun.delivery.queue.broker import Broker
from pressrun.delivery.queue.claims import NOTICE_BATCH, AfterSettling, LaneWork, MayGo, Request, Turn, take_turn
from pressrun.delivery.queue.destination_queues import Stale
from pressrun.delivery.queue.destinations import SLOW_SECONDS
from pressrun.delivery.queue.fair_queues import NEVER
from pressrun.delivery.queue.jobs import Job
from pressrun.delivery.queue.relay_weights import RelayWeights
from pressrun.delivery.queue.results import Batch
from pressrun.delivery.queue.scheduler import Ready
from pressrun.delivery.queue.telling import tell_turn
from pressrun.observe.log import event
from pressrun.services.background import BackgroundLoop
from pressrun.services.mails.copy_composer import CompiledEdition
from pressrun.services.ports import Clock, RelayPool
from pressrun.services.settings import DeliverySettings
from pressrun.smtp.handover import Outcome
from pressrun.store.database import Database

log = logging.getLogger("pressrun.dispatch")

BATCH = 400  # copies claimed at a time: enough to feed fast connections, few enough to stay a short transaction
SHORTEST_WAIT_SECONDS = 0.005  # between two claims that the pace keeps small
# What claimed notices may hold in memory, here and on their way: mails that are passed on may be large, and anybody can
# write to an owner. One goes in any case.
NOTICE_OCTETS = 16 * 1024 * 1024
SYNC_SECONDS = 1.0  # what a power cut can repeat is what was recorded in so long
# Copies claimed and not taken, however many of them wait for a domain that may be slow.
CLAIMED_AT_MOST = 10 * BATCH
AFTER_FAULT_SECONDS = 1.0  # pause after a last turn that failed
LAST_TURNS = 3  # how often the end of a drain is tried to be recorded: what is not goes out a second time


class Dispatcher(BackgroundLoop):
    """The queue's only consumer; what it claims the press takes from its `broker`."""

    name = "dispatcher"
    unavailable = "dispatch.database_unavailable"

    def __init__(
        self,
        *,
        database: Database,
        ready: Ready,
        settings: DeliverySettings,
        clock: Clock,
        on_outcome: Callable[[Outcome, int], None],
        after_settling: AfterSettling,
        may_go: MayGo,
    ) -> None:
        super().__init__(clock)
        self.settings = settings
        self.broker = Broker(ready, settings, clock, lambda: self._syncing or database.is_syncing)
        self._database = database
        self._clock = clock
        self._on_outcome = on_outcome
        self._after_settling = after_settling
        self._may_go = may_go
        self._ready = ready
        self._results = self.broker.results
        self._wake_ups = self.broker.wake_ups
        self._plates: dict[int, CompiledEdition] = {}
        self._lanes_changed = True
        self._synced_at = 0.0
        self._syncing = False
        self._holding = False
        self._drained = False
        self._careful = False  # the turn before met an error: rows may be in nobody's hands, or one of them to blame
        self.alive_at = clock()

    # ------------------------------------------------------------------ what others ask

    def wake(self) -> None:
        """Something changed in the database: look at it in the next turn."""
        self._wake_ups.plan()
        self.look()

    def look(self) -> None:
        """Let the next turn look for what may go, and not only record results."""
        self._wake_ups.look()

    # ------------------------------------------------------------------ the loop

    def connect(self, pool: RelayPool) -> None:
        """Let these connections take what is claimed."""
        self.broker.connect(pool)

    async def run(self) -> None:
        """Take turns until `drain` is through; whatever a turn meets, nothing is lost by that."""
        await super().run()
        await self.record_rest()

    async def step(self) -> bool:
        """One turn, and the wait for the next."""
        if self._drained:
            return False
        await self._take_turn()
        self.works()
        if not self._drained:
            await self._wake_ups.sleep(self._clock(), SLOW_SECONDS if len(self._ready) else None)
        return True

    async def record_rest(self) -> None:
        """Record what is left after the drain, tried a few times."""
        for _ in range(LAST_TURNS):
            try:
                await self._take_turn()
            except Exception as problem:  # noqa: BLE001 - the end must come, whatever is wrong
                event(log, "dispatch.not_recorded", level=logging.ERROR, error=True, problem=type(problem).__name__)
                await asyncio.sleep(AFTER_FAULT_SECONDS)
            else:
                return

    async def drain(self, seconds: float) -> None:
        """Claim nothing more, finish and record what is in flight, give the rest back; then `run` ends."""
        try:
            await self.broker.close(seconds)
        finally:
            self._drained = True
            self._wake_ups.turn()
            self.end_pause()

    def reload(
        self,
        settings: DeliverySettings,
        relays: Mapping[str, Sequence[Rate]],
        weights: Mapping[str, int],
        connections: Mapping[str, int],
    ) -> None:
        """Go on under new rates and retry rules."""
        self.settings = self.broker.settings = settings
        self._ready.pacer = self._ready.pacer.changed(settings.rates, relays, self._clock())
        self._ready.traffic.change(Lanes(settings.domains), settings.block_pause_seconds)
        self._ready.shares = RelayWeights(weights)
        self._ready.connect(connections)
        self._lanes_changed = True
        self.wake()

    def unpause(self, domain: str | None) -> None:
        """Open paused and blocked lanes, of one domain or all."""
        self._ready.traffic.retry(domain, self._clock())
        self.wake()

    def signs_again(self) -> None:
        """Other keys are there: what could not be signed need wait no longer."""
        self.broker.unsigned_until = 0.0
        self.wake()

    async def _take_turn(self) -> None:
        """One turn. After one that met an error of its own the next is a careful one (claiming.Request)."""
        try:
            await self._turn()
        except Unavailable:
            raise
        except Exception:
            self._careful = True
            raise

    async def _turn(self) -> None:
        now = self._clock()
        self.broker.record_late()
        careful = self._careful or self.broker.has_failed
        batch, work, stale = Batch(), None, Stale()
        try:
            self._ready.follow(now)
            self.broker.follow(now)
            stale, self._holding = self._ready.take_stale(now)
            self._results.release(stale.jobs)
            self._learn_slow(now)
            low_water = self._wake_ups.low_water
            is_low = low_water >= 0 and self._ready.eager(now) <= low_water
            looks = self._wake_ups.begin(now, must_look=is_low or careful or self._results.has_released)
            batch = self._results.take(with_touched=looks)
            by_lane = self._ready.claimed_by_lane() if looks or self._ready.traffic.is_paced else {}
            work = self._lane_work(by_lane, stale.lanes, now) if looks else None
            request = self._request(batch, work, by_lane, now, held=self._held(batch) if careful else None)
            turn = await self._commit(request)
        except BaseException:
            self._results.bring_back(batch)
            self._wake_ups.look_next()
            if work is not None:
                self._ready.traffic.renote(work.notes)
            self._synced_at = 0.0
            raise
        self._results.recorded(batch)
        for one in turn.unrecorded:
            self._results.settle(one)  # with the next turn
        self._accept(turn, request)
        if careful:
            self._careful = self.broker.has_failed = False
        for outcome, number in batch.outcomes.items():
            self._on_outcome(outcome, number)
        if stale.jobs and not self._holding:
            self.look()  # what limits of its own kept waiting is claimed again, unless it was cancelled

    def _request(
        self,
        batch: Batch,
        work: LaneWork | None,
        by_lane: Mapping[str, int],
        now: float,
        *,
        held: frozenset[int] | None,
    ) -> Request:
        return Request(
            now=now,
            settlements=batch.settlements,
            released=batch.released,
            touched=batch.touched,
            room=0 if work is None else self._room(now),
            octets=0 if work is None else NOTICE_OCTETS - self.broker.notice_octets(),
            claimed=len(self._ready),
            lanes=work,
            by_lane=by_lane,
            known=frozenset(self._plates),
            late_grace_seconds=self.settings.late_grace_seconds,
            held=held,
        )

    def _held(self, batch: Batch) -> frozenset[int]:
        """Every claimed row that is not lost."""
        return self.broker.held() | {*batch.released, *(one.id for one in batch.settlements)}

    def _learn_slow(self, now: float) -> None:
        """What waits for a slow domain among others goes back, to be claimed from the lane that this opens."""
        for name, seconds in self._ready.learn_slow(now).items():
            event(log, "delivery.slow", lane=name, seconds=round(seconds, 1))
            self.broker.release_domain(name)

    async def _commit(self, request: Request) -> Turn:
        """Results survive a kill at once, and a power cut when they are older than SYNC_SECONDS."""
        if 0 <= request.now - self._synced_at < SYNC_SECONDS:
            return await self._database.record(take_turn, request, self._ready, self._after_settling, self._may_go)
        self._synced_at = request.now
        self._syncing = True
        self.broker.offer()
        try:
            return await self._database.write(take_turn, request, self._ready, self._after_settling, self._may_go)
        finally:
            self._syncing = False

    def _accept(self, turn: Turn, request: Request) -> None:
        known = self._plates | turn.plates
        for job in _jobs(turn, known, int(request.now)):  # before all else: now they are ours
            self._ready.push(job)
        self.alive_at = self._clock()
        tell_turn(log, turn)
        if request.lanes is None:
            self.broker.offer()
            return
        for lane in request.lanes.given_up:
            self._ready.traffic.reopen(lane, request.now)
        if request.lanes.domains is self._ready.traffic.lanes.by_domain:
            self._lanes_changed = False
        self.broker.hold_back(known.keys() - turn.live)
        self._plates = {number: plate for number, plate in known.items() if number in turn.live}
        if self.broker.is_closed:  # the turn began before
            self.broker.give_back()
        self._plan(turn, request)
        self.broker.offer()

    def _plan(self, turn: Turn, request: Request) -> None:
        """When to look again by ourselves, and how few claimed copies are few enough to claim more before that."""
        ready = self._ready.eager(request.now)
        if request.room > 0:  # otherwise nobody has looked
            self._ready.more_wait = turn.taken >= request.room or len(turn.notices) >= NOTICE_BATCH
        self.broker.was_held = self._holding
        if self.broker.is_closed or self._holding:  # what changes comes with a result, or by itself
            self._wake_ups.plan()
        elif request.now < self.broker.unsigned_until:
            self._wake_ups.plan(again_at=self.broker.unsigned_until)
        elif len(self._ready) >= CLAIMED_AT_MOST:  # a result or a turn later shows for what they wait
            self._wake_ups.plan()
        elif turn.taken < request.room:  # nothing more may go now, whatever the pace
            opens_at = self._ready.traffic.looks_again_at(request.by_lane, request.now)
            again_at = min(opens_at, turn.next_due_at or NEVER)
            self._wake_ups.plan(again_at=None if again_at == NEVER else again_at)
        elif ready >= BATCH // 2:
            self._wake_ups.plan(low_water=BATCH // 2)
        else:  # the pace allows no more for the moment
            next_claim_at = self._ready.pacer.next_claim_at(request.now, ready)
            self._wake_ups.plan(again_at=max(request.now + SHORTEST_WAIT_SECONDS, next_claim_at))

    def _lane_work(self, by_lane: Mapping[str, int], resting: Collection[str], now: float) -> LaneWork:
        traffic = self._ready.traffic
        return LaneWork(
            rooms=traffic.rooms(by_lane, now) | dict.fromkeys(resting, 0),
            given_up=traffic.given_up(now, self.settings.give_up_after_seconds),
            domains=traffic.lanes.by_domain if self._lanes_changed else None,
            relays=self._ready.pacer.relays,
            full=self._ready.full(BATCH // 4),
            notes=traffic.notes(),  # the last: whoever has them must record them
        )

    def _room(self, now: float) -> int:
        """How many more copies may be claimed."""
        if self.broker.is_closed or self._holding or now < self.broker.unsigned_until:
            return 0
        room = self._ready.pacer.claimable(now, self._ready.eager(now), BATCH)
        return min(room, max(0, CLAIMED_AT_MOST - len(self._ready)))


def _jobs(turn: Turn, plates: Mapping[int, CompiledEdition], claimed_at: int) -> list[Job]:
    """The rows that a turn has claimed, notices first."""
    notices = [
        Job(notice, claimed_at, None, target, logo=None if target is None else turn.logos.get(target.id))
        for notice, target in turn.notices
    ]
    copies = [Job(row, claimed_at, plates[number], queue=row.lane) for number, rows in turn.copies for row in rows]
    return notices + copies
