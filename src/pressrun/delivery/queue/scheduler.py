"""Which claimed row a relay gets next: within every pace, limit and pause, and by the weights of the relays.

A list may name its relay. Mail for any relay is shared by weight among the relays that can take mail now. A slow
destination waits for its own results, and holds up no other.

  database ──claims──► ClaimedRows ──Scheduler.next──► a worker ──► ResultIntake ──recording──► database
                                          │
        why does this copy not go now?    │ asks, in this order                        when may it?
        ──────────────────────────────────┼────────────────────────────────────────────────────────────────────────
        a rate, of all copies or a relay  │ Pacer.slots                  pacing        the slot that is reserved for it
        the relay asked for a pause       │ Throttle.opens_at            throttle      when the pause ends
        other relays have fallen behind   │ RelayShares.open_queues      relay_shares  when they have taken their share
        the destination is slow, or has   │ Destinations.is_crowded,     destinations  when others have gone first, or a
          its share of connections        │   is_full                                  copy has its result
        the destination is paused,        │ Throttle.opens_at            throttle      when the pause ends, the rate has
          blocked, or has its limit       │                                            room, or a copy has its result

A time is `now`, a moment to come, or NEVER: then a result or a person opens the way. `claims` decides before that about
everything else that can hold a copy back: the sending hours, a canary, a retry that is not due, an edition that is
paused. The modules next to these do not decide: `dispatcher` runs the cycles, `wakeups` plans them, `broker` is what
workers call, `results` keeps what the next cycle records, and `recovery` is how a start begins.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.bounces.advice import Action, Scope, advice_of
from pressrun.core.pacing.destination_state import relay_destination
from pressrun.core.pacing.providers import DestinationTable
from pressrun.core.quantities import Rate
from pressrun.core.text.masking import without_mailbox
from pressrun.delivery.queue.claimed_rows import ANY, ClaimedRows
from pressrun.delivery.queue.destination_queues import NEVER, STALE_SECONDS, DestinationQueues, Stale
from pressrun.delivery.queue.destinations import SlowDestinations
from pressrun.delivery.queue.jobs import Job
from pressrun.delivery.queue.pacing import EARLY_SECONDS, Pacer, PaceSnapshot
from pressrun.delivery.queue.recovery import Recovered
from pressrun.delivery.queue.relay_shares import RelayShares
from pressrun.delivery.queue.throttle import Throttle, ThrottleChange
from pressrun.services.settings import DeliverySettings
from pressrun.smtp.handover import HandOver, Outcome
from pressrun.store.queue.deliveries import ClaimedCopy, ClaimedNotice

LEAD_AT_MOST_SECONDS = STALE_SECONDS / 2  # so the row reaches the worker before it is called back
# A lead leaves slots unused. It is at most this long for each of so many octets: only a machine with far more work than
# it can do is slower. A small mail misses slots for other reasons, such as a connection that takes long to open.
LEAD_SECONDS, LEAD_OCTETS = 0.0625, 1 << 18


class RelayTerms(Struct, frozen=True):
    """What the configuration says of one relay: its rates, its weight among others, and its connections at most."""

    rates: Sequence[Rate] = ()
    weight: int = 1
    connections: int = 10


class Scheduler:
    """The rows that are claimed and not handed out, and which of them may go."""

    def __init__(self, settings: DeliverySettings, relays: Mapping[str, RelayTerms], recovered: Recovered) -> None:
        """Go on where the process before has stopped."""
        rates = {name: terms.rates for name, terms in relays.items()}
        self.pacer = Pacer(settings.rates, rates, recovered.paces)
        self.throttle = Throttle(
            DestinationTable(settings.domains),
            block_pause_seconds=settings.block_pause_seconds,
            states=recovered.destinations,
            paces=recovered.paces,
        )
        self.rows = ClaimedRows()
        self.shares = RelayShares({name: terms.weight for name, terms in relays.items()}, self.pacer, self.throttle)
        self.more_wait = False  # whether the database may hold more than is claimed
        self._slow = SlowDestinations({name: terms.connections for name, terms in relays.items()}, self.throttle)
        self._handed_out_at = 0.0
        self._far_slot_at = 0.0  # the latest slot out of reach of the pace
        self._crowded: set[str] = set()  # relays for which only rows wait whose destinations have their share already

    def reload(self, settings: DeliverySettings, relays: Mapping[str, RelayTerms], now: float) -> None:
        """Continue with new rates, limits, weights and numbers of connections."""
        rates = {name: terms.rates for name, terms in relays.items()}
        self.pacer.change(settings.rates, rates, now)
        self.throttle.change(DestinationTable(settings.domains), settings.block_pause_seconds)
        self.shares.change({name: terms.weight for name, terms in relays.items()})
        self._slow.set_connections({name: terms.connections for name, terms in relays.items()})

    def follow(self, now: float) -> None:
        """Follow a clock that was set back. Called once a cycle."""
        self.pacer.follow(now)
        self.throttle.follow(now)
        for destinations in self._slow.relays.values():
            destinations.follow(now)

    def push(self, job: Job) -> None:
        """Add a row behind those that wait."""
        self._queues_of(job).push(job)
        self._crowded.clear()

    def push_front(self, job: Job, now: float) -> None:
        """Put a row that was handed out and not used in front of those of its destination queue."""
        self._queues_of(job).push_front(replace(job, slot_at=0.0, most=0, lead_seconds=_lead_seconds(job, now)))
        self._crowded.clear()

    def _queues_of(self, job: Job) -> DestinationQueues:
        # A notice may take any relay when that of its list is gone.
        is_lost = job.edition is None and job.relay not in self.pacer.relays
        return self.rows.of_relay(ANY if is_lost else job.relay)

    # ------------------------------------------------------------------ handing out

    def next(self, relay: str, now: float, most: int) -> tuple[list[Job], float]:
        """Up to `most` rows for this relay, with the slots that are spent for them; and when to ask again if there were
        fewer, NEVER if only a result can change that.
        """
        self.shares.count_request(relay, now)
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
            slot_at = max(slot, now + self._lead_seconds(choice, relay, now)) if has_slots else slot
            used.append(slot_at)
            jobs.append(self._with_slot(choice, slot_at if has_slots else 0.0))
            if slot_at > slot:
                break  # the other slots are before this one
        if used:
            self.pacer.spend(relay, used)
        return jobs, max(opens_at, self.pacer.hand_out_at(relay, now))

    def _lead_seconds(self, job: Job, relay: str, now: float) -> float:
        """How long before its slot a row is handed out. The pace counts no slot in full that is out of its reach, and
        the rates allow for one such mail: the others wait until it has gone.
        """
        reach = self.pacer.reach_seconds(relay)
        if job.lead_seconds <= reach:
            return job.lead_seconds
        if now < self._far_slot_at <= now + LEAD_AT_MOST_SECONDS:  # otherwise the clock was set back
            return reach
        self._far_slot_at = now + job.lead_seconds
        return job.lead_seconds

    def _choose(self, relay: str, now: float, slot: float) -> Job | float:
        """The row for a slot, or when the first destination opens that could use one, whatever the pace."""
        until = slot + EARLY_SECONDS
        at = self.throttle.opens_at(relay_destination(relay), now)
        if at > until:
            return at
        queues = self.shares.open_queues(self.rows, relay, now, until)
        destinations = self._slow.relays[relay]
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
        self._slow.relays[relay].hand_out(job.destination, now)
        if job.queue:
            self.throttle.hand_out(job.queue, slot)
        if self.shares.are_weighed and not job.relay:
            self.shares.hand_out(relay)
        self.throttle.hand_out(relay_destination(relay), slot)

    def due(self, relay: str, now: float, most: int) -> tuple[int, float]:
        """How many rows this relay could get now, at most `most`; and when it could get one, NEVER if only a result can
        change that.
        """
        self.shares.count_request(relay, now)
        is_full, opens_at = self._slow.relays[relay].is_full, self.throttle.opens_at
        waiting, soonest = 0, NEVER
        for queues in self.shares.open_queues(self.rows, relay, now, now):
            if queues.notices.length:
                waiting, soonest = waiting + queues.notices.length, now
            for name, number in queues.copies.lengths().items():
                at = NEVER if is_full(name) else opens_at(name, now)
                soonest = min(soonest, at)
                waiting += number if at <= now else 0
        soonest = max(soonest, opens_at(relay_destination(relay), now))
        due = self.pacer.count_slots(relay, now, max(0, min(waiting, most))) if soonest <= now else 0
        return due, now if due else max(soonest, self.pacer.hand_out_at(relay, now))

    # ------------------------------------------------------------------ learning from results

    def return_unsent(self, job: Job, relay: str) -> None:
        """Learn that a row this relay got never went out."""
        self._slow.relays[relay].give_back(job.destination)
        self._count_in(job, relay)

    def _count_in(self, job: Job, relay: str) -> None:
        self.throttle.give_back(relay_destination(relay))
        if job.queue:
            self.throttle.give_back(job.queue)

    def learn(
        self, job: Job, relay: str, result: HandOver, now: float, *, seconds: float = 0.0
    ) -> ThrottleChange | None:
        """Learn from a result, which took the relay this long; returns the destination that it pauses or blocks."""
        is_untried = result.outcome is Outcome.UNSENT
        self.shares.learn(relay, is_untried=is_untried)
        if is_untried:
            self.return_unsent(job, relay)
        else:
            self._count_in(job, relay)
            self._slow.learn(job.destination, relay, now, seconds)
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
        reason = without_mailbox(" ".join(word for word in words if "@" not in word), row.address)
        name = relay_destination(relay) if advice.scope is Scope.RELAY else row.destination
        return self.throttle.after_refused(name, row.domain, row.subscriber_id, advice, reason, now)

    def learn_slow(self, now: float) -> dict[str, float]:
        """Learn which destinations are slow; returns for how long each newly slow one has given no result."""
        return self._slow.find(self.rows, now, more_wait=self.more_wait)

    # ------------------------------------------------------------------ what to claim

    def eager(self, now: float, without: Collection[str] = ()) -> int:
        """How many claimed rows wait for nothing but a connection, a slot or both: without those that limits hold back,
        those of slow destinations, and those for these relays alone.
        """
        if not self.rows:
            return 0
        relays = [self._slow.relays[name] for name in self.shares.working() or self._slow.relays]

        def goes(name: str) -> bool:
            return not all(destinations.is_full(name) for destinations in relays)

        copies, notices = self.rows.copies_by_queue(without), self.rows.notices_by_queue(without)
        return sum(min(number, self.throttle.free(name, now)) for name, number in copies.items() if goes(name)) + sum(
            number for name, number in notices.items() if goes(name)
        )

    def enough(self, now: float, most: int) -> int:
        """How many copies are enough for each relay that lists name, if at most `most` are claimed at a time."""
        return 1 if self.rows.are_all_shared else self.rows.enough(self.pacer.claimable(now, 0, most))

    def is_short_of(self, job: Job, now: float) -> bool:
        """Whether this copy was the last one claimed in a destination queue of which few are claimed at a time."""
        name = job.queue
        return name is not None and self.throttle.is_bound(name, now) and not self.rows.holds(name)

    def pace_snapshot(self) -> PaceSnapshot:
        """Where all paces stand, to be stored."""
        return PaceSnapshot((*self.pacer.snapshot(), *self.throttle.snapshot()))

    # ------------------------------------------------------------------ giving back

    def remove_stale(self, now: float) -> tuple[Stale, bool]:
        """Take out what has waited too long. The second value says that no relay has taken anything for that long."""
        stale = self.rows.remove_stale(lambda name: self.throttle.is_shut(name, now), now)
        is_idle = not 0 <= now - self._handed_out_at < STALE_SECONDS
        is_held = is_idle and any(not self.throttle.is_bound(job.queue or "", now) for job in stale.jobs)
        return stale, is_held


def _lead_seconds(job: Job, now: float) -> float:
    """How long before its next slot a row that came back unsent has to be handed out.

    Only a notice with a whole mail, forwarded or a test copy, can be so large that its slot passes while it is on its
    way to a worker. Copies travel without their edition.
    """
    if not isinstance(job.row, ClaimedNotice) or not 0.0 < job.slot_at < now:
        return job.lead_seconds
    most = min(job.row.octets // LEAD_OCTETS * LEAD_SECONDS, LEAD_AT_MOST_SECONDS)
    return min(2 * (now - job.slot_at + job.lead_seconds), most)
