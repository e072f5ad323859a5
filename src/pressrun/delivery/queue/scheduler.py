"""Which claimed row a relay gets next: under every pace, limit and pause, and with its share of them all.

A list may name its relay; what is for any relay is shared by weight among those that can take something now. A
recipient domain that is slow waits for its own answers, and holds up no other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

from msgspec.structs import replace

from pressrun.core.advice import Action, Scope, advice_of
from pressrun.core.lane_state import relay_lane
from pressrun.delivery.queue.destination_queues import STALE_SECONDS, DestinationQueues, Stale
from pressrun.delivery.queue.destinations import SLOW_SECONDS, Destinations
from pressrun.delivery.queue.fair_queues import NEVER
from pressrun.delivery.queue.jobs import Job
from pressrun.delivery.queue.pacing import EARLY_SECONDS, Pacer
from pressrun.delivery.queue.relay_weights import RelayWeights
from pressrun.delivery.queue.throttle import Throttle, ThrottleChange
from pressrun.smtp.handover import HandOver, Outcome
from pressrun.store.deliveries import ClaimedCopy

ANY = ""  # the shelf of what any relay may take
UNABLE_SECONDS = 1.0  # a relay whose turn is so far ahead has no share now,
SILENT_SECONDS = 2.0  # nor has one that has not asked for so long: its connections are busy, or it does not answer


class Ready:
    """The rows that are claimed and not taken, and what may be taken of them.

    `failing` tells which relays take nothing now; `connections` how many each may have.
    """

    def __init__(self, pacer: Pacer, traffic: Throttle, shares: RelayWeights, connections: Mapping[str, int]) -> None:
        self.pacer = pacer
        self.traffic = traffic
        self.shares = shares
        self._destinations: dict[str, Destinations] = {}
        # Who was shown as slow since the last turn: how long the answer took, and when it came.
        self._shown_slow: dict[str, tuple[float, float]] = {}
        self._late_since: dict[str, float] = {}  # who has been seen to be late, and since when
        self.connect(connections)
        self.more_wait = False  # whether there may be more in the queue than is claimed
        self.failing: Callable[[], Collection[str]] = frozenset
        self._shelves: dict[str, DestinationQueues] = {ANY: DestinationQueues()}
        self._taken_at = 0.0
        self._asked_at: dict[str, float] = {}
        self._sifted: set[str] = set()  # relays for which nothing waits but what has its share on the way to them
        self._gave_back: set[str] = set()  # relays that sent rows back untried and have answered nothing since
        self._ahead: set[str] = set()  # relays that got nothing, as others are to take their share first

    def connect(self, connections: Mapping[str, int]) -> None:
        """Relays may have so many connections."""
        self.traffic.connections = sum(connections.values())
        for relay, number in connections.items():
            if relay in self._destinations:
                self._destinations[relay].change(number)
            else:
                self._destinations[relay] = Destinations(number, self.traffic.slow)

    def follow(self, now: float) -> None:
        """Follow a clock that was set back. Called once a turn."""
        self.pacer.follow(now)
        self.traffic.follow(now)
        for one in self._destinations.values():
            one.follow(now)

    def __len__(self) -> int:
        return sum(map(len, self._shelves.values()))

    def ids(self) -> set[int]:
        """The rows that are here."""
        return {job.row.id for shelf in self._shelves.values() for job in shelf.jobs()}

    @property
    def copies(self) -> int:
        """How many copies of editions wait."""
        return sum([shelf.copies for shelf in self._shelves.values()])

    def notice_octets(self) -> int:
        """How much the notices that wait hold in memory."""
        return sum(shelf.notice_octets() for shelf in self._shelves.values())

    def push(self, job: Job) -> None:
        """Let a row be taken, after those that wait. A notice may take any relay when that of its list is gone."""
        relay = job.relay
        if job.edition is None and relay not in self.pacer.relays:
            relay = ANY
        shelf = self._shelves.get(relay)
        if shelf is None:
            shelf = self._shelves[relay] = DestinationQueues()
        shelf.push(job)
        self._sifted.clear()

    # ------------------------------------------------------------------ handing out

    def take(self, relay: str, now: float, most: int) -> tuple[list[Job], float]:
        """The rows that this relay gets now, their turns spent, `most` at the most; and when to ask again where they
        are fewer, NEVER for not before a result.
        """
        self._asked_at[relay] = now
        at, turns = self.pacer.next_at(relay, now), self.pacer.due(relay, now, most)
        jobs: list[Job] = []
        opens_at = now
        while len(jobs) < turns:
            found = self._next(relay, now)
            if isinstance(found, float):
                opens_at = found
                break
            jobs.append(found)
        if jobs:
            self.pacer.spend(relay, at, len(jobs))
        return jobs, max(opens_at, self.pacer.next_at(relay, now))

    def _next(self, relay: str, now: float) -> Job | float:
        """The row that this relay takes, or when the first lane opens, if it is not for the pace."""
        at = self.traffic.opens_at(relay_lane(relay), now)
        if at > now + EARLY_SECONDS:
            return at
        shelves = self._open_shelves(relay, now)
        destinations = self._destinations[relay]
        found: Job | float = NEVER
        if relay not in self._sifted:
            found = self._pop(shelves, destinations.is_crowded, now)
        if isinstance(found, float):  # what has its share may go when no other can
            self._sifted.add(relay)
            found = self._pop(shelves, destinations.is_unknown if self.more_wait else destinations.is_full, now)
        if isinstance(found, Job):
            self._take(found, relay, now)
        return found

    def _pop(self, shelves: Sequence[DestinationQueues], waits: Callable[[str], bool], now: float) -> Job | float:
        soonest = NEVER
        for shelf in shelves:
            found = shelf.pop(self.traffic.opens_at, now, now + EARLY_SECONDS, waits)
            if isinstance(found, Job):
                return found
            soonest = min(soonest, found)
        return soonest

    def _turn_at(self, relay: str, now: float) -> float:
        return max(self.pacer.next_at(relay, now), self.traffic.opens_at(relay_lane(relay), now))

    def _own_turn_at(self, relay: str, now: float) -> float:
        """When the relay could take a copy, if it were for its own rates and limits alone."""
        return max(self.pacer.own_next_at(relay, now), self.traffic.opens_at(relay_lane(relay), now))

    def _open_shelves(self, relay: str, now: float) -> list[DestinationQueues]:
        """What is for this relay alone, and what is for any as far as its share goes."""
        shared = self._shelves[ANY]
        if len(self._shelves) == 1 and not self.shares.are_needed:
            return [shared]  # one relay and no list that names it, which is how it is nearly always
        own = self._shelves.get(relay) if relay != ANY else None
        found = [own] if own is not None and len(own) else []
        if len(shared) and (not self.shares.are_needed or self._share(relay, now) > 0):
            found.append(shared)
        return found

    def _share(self, relay: str, now: float) -> int:
        failing = self.failing()
        turns = {
            one: self._own_turn_at(one, now)
            for one in self.pacer.relays
            if one not in failing and one not in self._gave_back and not self._is_silent(one, now)
        }
        self.shares.among({relay, *(one for one, at in turns.items() if at <= now + UNABLE_SECONDS)})
        room = self.shares.room(relay, [one for one, at in turns.items() if at <= now + EARLY_SECONDS])
        if room == 0:
            self._ahead.add(relay)
        return room

    def _is_silent(self, relay: str, now: float) -> bool:
        return now - self._asked_at.get(relay, -SILENT_SECONDS) >= SILENT_SECONDS

    def _take(self, job: Job, relay: str, now: float) -> None:
        self._taken_at = now
        name = job.destination
        self._destinations[relay].take(name, now)
        if job.queue:
            self.traffic.take(job.queue, now)
        if self.shares.are_needed and not job.relay:
            self.shares.take(relay)
        self.traffic.take(relay_lane(relay), now)

    def take_ahead(self) -> bool:
        """Whether relays got nothing that may get something now, since another one took its share; said once."""
        if not self._ahead:
            return False
        self._ahead.clear()
        return True

    def due(self, relay: str, now: float, most: int) -> int:
        """How many rows this relay could take now, `most` at the most."""
        self._asked_at[relay] = now
        if self.traffic.opens_at(relay_lane(relay), now) > now:
            return 0
        shelves = self._open_shelves(relay, now)
        wanted = sum(shelf.notices + self._open_copies(shelf, relay, now) for shelf in shelves)
        return self.pacer.due(relay, now, max(0, min(wanted, most)))

    def _open_copies(self, shelf: DestinationQueues, relay: str, now: float) -> int:
        lengths = shelf.lengths().items()
        return sum(number for lane, number in lengths if self._lane_opens_at(lane, relay, now) <= now)

    def _lane_opens_at(self, lane: str, relay: str, now: float) -> float:
        return NEVER if self._destinations[relay].is_full(lane) else self.traffic.opens_at(lane, now)

    def next_at(self, relay: str, now: float) -> float:
        """When this relay could take something that waits; NEVER when only a result changes that."""
        soonest = NEVER
        for shelf in self._open_shelves(relay, now):
            opens = now if shelf.notices else NEVER
            for lane in shelf.lengths():
                opens = min(opens, self._lane_opens_at(lane, relay, now))
            soonest = min(soonest, opens)
        return max(self._turn_at(relay, now), soonest)

    def bounded(self, job: Job) -> Job:
        """A row that a relay got, with how many of its lane one connection may carry."""
        if (job.destination) in self.traffic.slow:
            return replace(job, most=1)  # nothing goes behind it on the same connection
        most = 0 if job.queue is None else self.traffic.most_on_connection(job.queue)
        return replace(job, most=most) if most else job

    # ------------------------------------------------------------------ learning from answers

    def put_back(self, job: Job, relay: str) -> None:
        """A row that this relay got never went out."""
        self._destinations[relay].give_back(job.destination)
        self._count_out(job, relay)

    def _count_out(self, job: Job, relay: str) -> None:
        self.traffic.give_back(relay_lane(relay))
        if job.queue:
            self.traffic.give_back(job.queue)

    def answered(
        self, job: Job, relay: str, result: HandOver, now: float, *, seconds: float = 0.0
    ) -> ThrottleChange | None:
        """Learn from an answer, for which the relay took so long; returns the lane that it pauses or blocks."""
        row = job.row
        name = job.destination
        if result.outcome is Outcome.UNSENT:
            self._gave_back.add(relay)
            self.put_back(job, relay)
        else:
            self._gave_back.discard(relay)
            self._count_out(job, relay)
            if self._destinations[relay].answered(name, now, seconds):
                self._shown_slow[name] = seconds, now
        if not isinstance(row, ClaimedCopy):
            return None
        if result.outcome is Outcome.DELIVERED:
            self.traffic.after_taken(name, relay, now)
            return None
        lane = row.lane
        reply = result.reply
        if reply is None or reply.code < 400:
            return None
        advice = advice_of(code=reply.code, enhanced=reply.enhanced, text=reply.text, stage=result.stage)
        if advice.action is Action.NONE:
            return None
        words = f"{reply.code} {reply.enhanced} {reply.text}".split()
        reason = " ".join(word for word in words if "@" not in word)
        if advice.scope is Scope.RELAY:
            lane = relay_lane(relay)
        return self.traffic.after_refused(lane, row.domain, row.subscriber_id, advice, reason, now)

    def learn_slow(self, now: float) -> dict[str, float]:
        """Learn which destinations answer nothing for long while something waits for them; returns for how long, of
        those that were not known. Who is late is slow; who may keep all others from being claimed gets a lane.
        """
        found: dict[str, float] = {}
        for name, (seconds, at) in self._shown_slow.items():
            self._note_slow(name, seconds, at, found)
        self._shown_slow.clear()
        hides_others = self.more_wait and not any(shelf.holds("") for shelf in self._shelves.values())
        waiting = self._waiting()
        self._note_late(waiting, now)
        for name in waiting:
            seconds = max(one.silent_seconds(name, now) for one in self._destinations.values())
            if seconds < SLOW_SECONDS:
                continue
            if now - self._late_since.get(name, now) >= SLOW_SECONDS and self._is_long(name, seconds):
                self._note_slow(name, seconds, now, found)
            elif hides_others and self.traffic.open_lane(name):
                found[name] = seconds
        return found

    def _note_late(self, waiting: Collection[str], now: float) -> None:
        """Keep since when each is seen to be late: what nobody could answer before, as the relay or this process stood
        still, comes with what overtakes it, or right behind.
        """
        late = [name for name in waiting if any(one.is_late(name) for one in self._destinations.values())]
        self._late_since = {name: min(self._late_since.get(name, now), now) for name in late}

    def _is_long(self, name: str, seconds: float) -> bool:
        return any(one.is_late(name) and one.is_long(seconds) for one in self._destinations.values())

    def _note_slow(self, name: str, seconds: float, now: float, found: dict[str, float]) -> None:
        if name not in self.traffic.slow:
            found[name] = seconds
        self.traffic.after_slow(name, seconds, now)

    def _waiting(self) -> set[str]:
        """The destinations for which something waits apart from others."""
        lengths = [found for shelf in self._shelves.values() for found in (shelf.lengths(), shelf.notice_lengths())]
        return {name for found in lengths for name in found if name}

    # ------------------------------------------------------------------ what to claim

    def eager(self, now: float) -> int:
        """How many claimed rows wait for nothing but a connection: what limits of its own hold back is not counted, nor
        what waits for a slow destination.
        """
        by_lane, relays = self.claimed_by_lane(), self._working()
        goes = {lane: number for lane, number in by_lane.items() if not all(one.is_full(lane) for one in relays)}
        copies = sum(min(number, self.traffic.free(lane, now)) for lane, number in goes.items())
        notices = [found for shelf in self._shelves.values() for found in shelf.notice_lengths().items()]
        return copies + sum(number for name, number in notices if not all(one.is_full(name) for one in relays))

    def _working(self) -> list[Destinations]:
        """Of the relays that there are and do not fail; of all where none is such."""
        if len(self._destinations) > 1:
            failing = self.failing()
            names = [name for name in self.pacer.relays if name not in failing]
            if names:
                return [self._destinations[name] for name in names]
        return [*self._destinations.values()]

    def full(self, most: int) -> frozenset[str]:
        """The relays for which enough is claimed of lists that name them."""
        return frozenset(name for name, shelf in self._shelves.items() if name != ANY and shelf.copies >= most)

    def is_short_of(self, job: Job, now: float) -> bool:
        """Whether this copy was the last one claimed in a lane of which few are claimed at a time."""
        lane = job.queue
        if lane is None or not self.traffic.is_bound(lane, now):
            return False
        return not any(shelf.holds(lane) for shelf in self._shelves.values())

    def dump(self, now: float, claimed: int, by_lane: Mapping[str, int]) -> dict[str, object]:
        """What to store with a claim, of all paces: what is claimed and waits for its turn counts as spent."""
        return self.pacer.dump(now, claimed) | self.traffic.dump_paces(now, by_lane)

    def claimed_by_lane(self) -> dict[str, int]:
        """How many claimed copies of each lane wait."""
        found: Counter[str] = Counter()
        for shelf in self._shelves.values():
            found.update(shelf.lengths())
        return dict(found)

    # ------------------------------------------------------------------ giving back

    def take_stale(self, now: float) -> tuple[Stale, bool]:
        """Take out what has waited too long. The second says that no relay has taken anything for so long."""
        stale = Stale()
        for shelf in self._shelves.values():
            shelf.take_stale(stale, lambda lane: self.traffic.is_shut(lane, now), now)
        is_idle = not 0 <= now - self._taken_at < STALE_SECONDS
        is_held = is_idle and any(not self.traffic.is_bound(job.queue or "", now) for job in stale.jobs)
        return stale, is_held

    def remove_domain(self, domain: str) -> list[Job]:
        """Take out the copies that wait for a domain without a lane."""
        return [job for shelf in self._shelves.values() for job in shelf.remove_domain(domain)]

    def remove_editions(self, editions: Collection[int]) -> list[Job]:
        """Take out the copies of these editions."""
        return [job for shelf in self._shelves.values() for job in shelf.remove_editions(editions)]

    def clear(self) -> Sequence[Job]:
        """Take everything out."""
        return [job for shelf in self._shelves.values() for job in shelf.clear()]
