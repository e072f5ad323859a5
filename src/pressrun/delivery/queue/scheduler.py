"""Which claimed row a relay gets next: within every pace, limit and pause, and by the weights of the relays.

A list may name its relay. Mail for any relay is shared by weight among the relays that can take mail now. A slow
destination waits for its own results, and holds up no other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

from msgspec.structs import replace

from pressrun.core.bounces.advice import Action, Scope, advice_of
from pressrun.core.pacing.destination_state import relay_destination
from pressrun.core.pacing.providers import DestinationTable
from pressrun.core.quantities import Rate
from pressrun.delivery.queue.destination_queues import NEVER, STALE_SECONDS, DestinationQueues, Stale
from pressrun.delivery.queue.destinations import SLOW_SECONDS, Destinations
from pressrun.delivery.queue.jobs import Job
from pressrun.delivery.queue.pacing import EARLY_SECONDS, Pacer, PaceSnapshot
from pressrun.delivery.queue.relay_weights import RelayWeights
from pressrun.delivery.queue.throttle import Throttle, ThrottleChange
from pressrun.services.settings import DeliverySettings
from pressrun.smtp.handover import HandOver, Outcome
from pressrun.store.queue.deliveries import ClaimedCopy

ANY = ""  # the queues of mail that any relay may take
UNABLE_SECONDS = 1.0  # a relay whose next slot is further ahead has no share of the mail for any relay,
SILENT_SECONDS = 2.0  # nor has a relay that has not asked for so long: its connections are busy, or it does not answer


class Scheduler:
    """The rows that are claimed and not handed out, and which of them may go.

    `connections` says how many connections each relay may have.
    """

    def __init__(self, pacer: Pacer, throttle: Throttle, weights: RelayWeights, connections: Mapping[str, int]) -> None:
        self.pacer = pacer
        self.throttle = throttle
        self._weights = weights
        self._destinations: dict[str, Destinations] = {}
        # Destinations that turned out slow since the last cycle: how long the result took, and when it came.
        self._shown_slow: dict[str, tuple[float, float]] = {}
        self._late_since: dict[str, float] = {}
        self._set_connections(connections)
        self.more_wait = False  # whether there may be more in the database than is claimed
        self._failing: Callable[[], Collection[str]] = frozenset
        self._queues: dict[str, DestinationQueues] = {ANY: DestinationQueues()}  # by the relay that a list names
        self._handed_out_at = 0.0
        self._asked_at: dict[str, float] = {}
        self._crowded: set[str] = set()  # relays for which only rows wait whose destinations have their share already
        self._gave_back: set[str] = set()  # relays that returned rows untried and have given no result since
        self._passed_over: set[str] = set()  # relays that got nothing, since others are to take their share first

    def expect_more(self, more_wait: bool) -> None:
        """Whether there may be more in the database than is claimed."""
        self.more_wait = more_wait

    def watch(self, failing: Callable[[], Collection[str]]) -> None:
        """Ask here which relays take nothing now."""
        self._failing = failing

    def reload(
        self,
        settings: DeliverySettings,
        rates: Mapping[str, Sequence[Rate]],
        weights: Mapping[str, int],
        connections: Mapping[str, int],
        now: float,
    ) -> None:
        """Go on under new rates, limits, weights and numbers of connections."""
        self.pacer = self.pacer.changed(settings.rates, rates, now)
        self.throttle.change(DestinationTable(settings.domains), settings.block_pause_seconds)
        self._weights = RelayWeights(weights)
        self._set_connections(connections)

    def _set_connections(self, connections: Mapping[str, int]) -> None:
        self.throttle.set_connections(sum(connections.values()))
        for relay, number in connections.items():
            if relay in self._destinations:
                self._destinations[relay].change(number)
            else:
                self._destinations[relay] = Destinations(number, self.throttle.slow)

    def follow(self, now: float) -> None:
        """Follow a clock that was set back. Called once a cycle."""
        self.pacer.follow(now)
        self.throttle.follow(now)
        for destinations in self._destinations.values():
            destinations.follow(now)

    # ------------------------------------------------------------------ what waits

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def ids(self) -> set[int]:
        """The rows that wait here."""
        return {job.row.id for queues in self._queues.values() for job in queues.jobs()}

    def editions(self) -> set[int]:
        """The editions whose copies wait here."""
        return {job.edition_id for queues in self._queues.values() for job in queues.jobs() if job.edition_id}

    @property
    def copies(self) -> int:
        """How many copies of editions wait."""
        return sum([queues.copies for queues in self._queues.values()])

    def notice_octets(self) -> int:
        """How much memory the waiting notices hold."""
        return sum(queues.notice_octets() for queues in self._queues.values())

    def claimed_by_queue(self) -> dict[str, int]:
        """How many claimed copies wait in each destination queue."""
        counts: Counter[str] = Counter()
        for queues in self._queues.values():
            counts.update(queues.lengths())
        return dict(counts)

    def push(self, job: Job) -> None:
        """Add a row behind those that wait."""
        self._queues_of(job).push(job)
        self._crowded.clear()

    def push_front(self, job: Job) -> None:
        """Put a row that was handed out and not used in front of those of its destination queue."""
        self._queues_of(job).push_front(replace(job, slot_at=0.0, most=0))
        self._crowded.clear()

    def _queues_of(self, job: Job) -> DestinationQueues:
        relay = job.relay
        if job.edition is None and relay not in self.pacer.relays:
            relay = ANY  # a notice may take any relay when that of its list is gone
        queues = self._queues.get(relay)
        if queues is None:
            queues = self._queues[relay] = DestinationQueues()
        return queues

    # ------------------------------------------------------------------ handing out

    def next(self, relay: str, now: float, most: int) -> tuple[list[Job], float]:
        """Up to `most` rows for this relay, with the slots that are spent for them; and when to ask again if there were
        fewer, NEVER if only a result can change that.
        """
        self._asked_at[relay] = now
        has_slots = self.pacer.has_slots(relay)
        jobs: list[Job] = []
        used: list[float] = []
        opens_at = now
        for slot in self.pacer.slots(relay, now, most):
            if slot + EARLY_SECONDS < opens_at:
                continue  # no destination is open at this slot
            choice = self._choose(relay, now, slot)
            if isinstance(choice, float):
                opens_at = choice
                continue
            used.append(slot)
            jobs.append(self._with_slot(choice, slot if has_slots else 0.0))
        if used:
            self.pacer.spend(relay, used)
        return jobs, max(opens_at, self.pacer.hand_out_at(relay, now))

    def _choose(self, relay: str, now: float, slot: float) -> Job | float:
        """The row for a slot, or when the first destination opens that could use one, whatever the pace."""
        until = slot + EARLY_SECONDS
        at = self.throttle.opens_at(relay_destination(relay), now)
        if at > until:
            return at
        queues = self._open_queues(relay, now, until)
        destinations = self._destinations[relay]
        choice: Job | float = NEVER
        if relay not in self._crowded:
            choice = self._pop(queues, destinations.is_crowded, now, until)
        if isinstance(choice, float):  # destinations that have their share may go when no other can
            self._crowded.add(relay)
            waits = destinations.is_unknown if self.more_wait else destinations.is_full
            choice = self._pop(queues, waits, now, until)
        if isinstance(choice, Job):
            self._count_handed_out(choice, relay, now, slot)
        return choice

    def _pop(
        self, queues: Sequence[DestinationQueues], waits: Callable[[str], bool], now: float, until: float
    ) -> Job | float:
        soonest = NEVER
        for destination_queues in queues:
            popped = destination_queues.pop(self.throttle.opens_at, now, until, waits)
            if isinstance(popped, Job):
                return popped
            soonest = min(soonest, popped)
        return soonest

    def _with_slot(self, job: Job, slot: float) -> Job:
        """A row as a worker gets it: with its slot, and how many of its destination one connection may carry."""
        if job.destination in self.throttle.slow:
            most = 1  # nothing goes behind it on the same connection
        else:
            most = 0 if job.queue is None else self.throttle.most_on_connection(job.queue)
        return replace(job, slot_at=slot, most=most) if slot or most else job

    def _count_handed_out(self, job: Job, relay: str, now: float, slot: float) -> None:
        self._handed_out_at = now
        self._destinations[relay].hand_out(job.destination, now)
        if job.queue:
            self.throttle.hand_out(job.queue, slot)
        if self._weights.are_needed and not job.relay:
            self._weights.hand_out(relay)
        self.throttle.hand_out(relay_destination(relay), slot)

    def pop_passed_over(self) -> bool:
        """Whether relays got nothing that may get something now, since another relay took its share; told once."""
        if not self._passed_over:
            return False
        self._passed_over.clear()
        return True

    def due(self, relay: str, now: float, most: int) -> int:
        """How many rows this relay could get now, at most `most`."""
        self._asked_at[relay] = now
        if self.throttle.opens_at(relay_destination(relay), now) > now:
            return 0
        waiting = sum(
            queues.notices + self._open_copies(queues, relay, now) for queues in self._open_queues(relay, now, now)
        )
        return self.pacer.count_slots(relay, now, max(0, min(waiting, most)))

    def _open_copies(self, queues: DestinationQueues, relay: str, now: float) -> int:
        lengths = queues.lengths().items()
        return sum(number for name, number in lengths if self._queue_opens_at(name, relay, now) <= now)

    def _queue_opens_at(self, name: str, relay: str, now: float) -> float:
        return NEVER if self._destinations[relay].is_full(name) else self.throttle.opens_at(name, now)

    def next_at(self, relay: str, now: float) -> float:
        """When this relay could get something that waits; NEVER if only a result can change that."""
        soonest = NEVER
        for queues in self._open_queues(relay, now, now):
            opens_at = now if queues.notices else NEVER
            for name in queues.lengths():
                opens_at = min(opens_at, self._queue_opens_at(name, relay, now))
            soonest = min(soonest, opens_at)
        own = self.throttle.opens_at(relay_destination(relay), now)
        return max(self.pacer.hand_out_at(relay, now), own, soonest)

    # ------------------------------------------------------------------ sharing among relays

    def _open_queues(self, relay: str, now: float, until: float) -> list[DestinationQueues]:
        """The rows for this relay alone, and those for any relay as far as its share goes, for a slot at `until`."""
        shared = self._queues[ANY]
        if len(self._queues) == 1 and not self._weights.are_needed:
            return [shared]  # one relay and no list that names it: nearly always
        own = self._queues.get(relay) if relay != ANY else None
        open_queues = [own] if own is not None and len(own) else []
        if len(shared) and (not self._weights.are_needed or self._share(relay, now, until) > 0):
            open_queues.append(shared)
        return open_queues

    def _share(self, relay: str, now: float, until: float) -> int:
        failing = self._failing()
        able_at = {
            name: max(self.pacer.own_next_at(name, now), self.throttle.opens_at(relay_destination(name), now))
            for name in self.pacer.relays
            if name not in failing and name not in self._gave_back and not self._is_silent(name, now)
        }
        self._weights.among({relay, *(name for name, at in able_at.items() if at <= now + UNABLE_SECONDS)})
        room = self._weights.room(
            relay, [name for name, at in able_at.items() if at <= max(until, now + EARLY_SECONDS)]
        )
        if room == 0:
            self._passed_over.add(relay)
        return room

    def _is_silent(self, relay: str, now: float) -> bool:
        return now - self._asked_at.get(relay, -SILENT_SECONDS) >= SILENT_SECONDS

    # ------------------------------------------------------------------ learning from results

    def return_unsent(self, job: Job, relay: str) -> None:
        """A row that this relay got never went out."""
        self._destinations[relay].give_back(job.destination)
        self._count_in(job, relay)

    def _count_in(self, job: Job, relay: str) -> None:
        self.throttle.give_back(relay_destination(relay))
        if job.queue:
            self.throttle.give_back(job.queue)

    def learn(
        self, job: Job, relay: str, result: HandOver, now: float, *, seconds: float = 0.0
    ) -> ThrottleChange | None:
        """Learn from a result, for which the relay took so long; returns the destination that it pauses or blocks."""
        if result.outcome is Outcome.UNSENT:
            self._gave_back.add(relay)
            self.return_unsent(job, relay)
        else:
            self._gave_back.discard(relay)
            self._count_in(job, relay)
            if self._destinations[relay].learn(job.destination, now, seconds):
                self._shown_slow[job.destination] = seconds, now
        if not isinstance(job.row, ClaimedCopy):
            return None
        if result.outcome is Outcome.DELIVERED:
            self.throttle.after_delivered(job.destination, relay, now)
            return None
        return self._learn_refusal(job.row, relay, result, now)

    def _learn_refusal(self, row: ClaimedCopy, relay: str, result: HandOver, now: float) -> ThrottleChange | None:
        reply = result.reply
        if reply is None or reply.code < 400:
            return None
        advice = advice_of(code=reply.code, enhanced=reply.enhanced, text=reply.text, stage=result.stage)
        if advice.action is Action.NONE:
            return None
        words = f"{reply.code} {reply.enhanced} {reply.text}".split()
        reason = " ".join(word for word in words if "@" not in word)
        name = relay_destination(relay) if advice.scope is Scope.RELAY else row.destination
        return self.throttle.after_refused(name, row.domain, row.subscriber_id, advice, reason, now)

    def learn_slow(self, now: float) -> dict[str, float]:
        """Learn which destinations give no result for long while something waits for them; returns for how long, of
        those that were not known. A late destination is slow; one that may keep all others from being claimed gets a
        queue of its own.
        """
        learned: dict[str, float] = {}
        for name, (seconds, at) in self._shown_slow.items():
            self._learn_slow_one(name, seconds, at, learned)
        self._shown_slow.clear()
        hides_others = self.more_wait and not any(queues.holds("") for queues in self._queues.values())
        waiting = self._waiting()
        self._learn_late(waiting, now)
        for name in waiting:
            seconds = max(destinations.silent_seconds(name, now) for destinations in self._destinations.values())
            if seconds < SLOW_SECONDS:
                continue
            if now - self._late_since.get(name, now) >= SLOW_SECONDS and self._is_long(name, seconds):
                self._learn_slow_one(name, seconds, now, learned)
            elif hides_others and self.throttle.open_queue(name):
                learned[name] = seconds
        return learned

    def _learn_late(self, waiting: Collection[str], now: float) -> None:
        """Remember since when each has been late. What nobody could answer before, since the relay or this process
        stood still, comes together with the results that overtake it, or right behind them.
        """
        late = [
            name for name in waiting if any(destinations.is_late(name) for destinations in self._destinations.values())
        ]
        self._late_since = {name: min(self._late_since.get(name, now), now) for name in late}

    def _is_long(self, name: str, seconds: float) -> bool:
        return any(
            destinations.is_late(name) and destinations.is_long(seconds) for destinations in self._destinations.values()
        )

    def _learn_slow_one(self, name: str, seconds: float, now: float, learned: dict[str, float]) -> None:
        if name not in self.throttle.slow:
            learned[name] = seconds
        self.throttle.after_slow(name, seconds, now)

    def _waiting(self) -> set[str]:
        """The destinations that have a queue of their own here."""
        lengths = [counts for queues in self._queues.values() for counts in (queues.lengths(), queues.notice_lengths())]
        return {name for counts in lengths for name in counts if name}

    # ------------------------------------------------------------------ what to claim

    def eager(self, now: float) -> int:
        """How many claimed rows wait for nothing but a connection, a slot or both: without those that limits hold back,
        and those of slow destinations.
        """
        if not self:
            return 0
        relays = self._working()
        goes = {
            name: number
            for name, number in self.claimed_by_queue().items()
            if not all(destinations.is_full(name) for destinations in relays)
        }
        copies = sum(min(number, self.throttle.free(name, now)) for name, number in goes.items())
        notices = [entry for queues in self._queues.values() for entry in queues.notice_lengths().items()]
        return copies + sum(
            number for name, number in notices if not all(destinations.is_full(name) for destinations in relays)
        )

    def _working(self) -> list[Destinations]:
        """Those of the relays that do not fail; of all relays if all of them fail."""
        if len(self._destinations) > 1:
            failing = self._failing()
            names = [name for name in self.pacer.relays if name not in failing]
            if names:
                return [self._destinations[name] for name in names]
        return [*self._destinations.values()]

    def full_relays(self, most: int) -> frozenset[str]:
        """The relays for which enough is claimed of lists that name them."""
        return frozenset(name for name, queues in self._queues.items() if name != ANY and queues.copies >= most)

    def is_short_of(self, job: Job, now: float) -> bool:
        """Whether this copy was the last one claimed in a destination queue of which few are claimed at a time."""
        name = job.queue
        if name is None or not self.throttle.is_bound(name, now):
            return False
        return not any(queues.holds(name) for queues in self._queues.values())

    def pace_snapshot(self) -> PaceSnapshot:
        """Where all paces stand, to be stored."""
        return PaceSnapshot((*self.pacer.snapshot(), *self.throttle.snapshot()))

    # ------------------------------------------------------------------ giving back

    def remove_stale(self, now: float) -> tuple[Stale, bool]:
        """Take out what has waited too long. The second value says that no relay has taken anything for so long."""
        stale = Stale()
        for queues in self._queues.values():
            queues.remove_stale(stale, lambda name: self.throttle.is_shut(name, now), now)
        is_idle = not 0 <= now - self._handed_out_at < STALE_SECONDS
        is_held = is_idle and any(not self.throttle.is_bound(job.queue or "", now) for job in stale.jobs)
        return stale, is_held

    def remove_domain(self, domain: str) -> list[Job]:
        """Take out the copies for a domain that has no queue of its own in the database."""
        return [job for queues in self._queues.values() for job in queues.remove_domain(domain)]

    def remove_editions(self, editions: Collection[int]) -> list[Job]:
        """Take out the copies of these editions."""
        return [job for queues in self._queues.values() for job in queues.remove_editions(editions)]

    def clear(self) -> list[Job]:
        """Take everything out."""
        return [job for queues in self._queues.values() for job in queues.clear()]
