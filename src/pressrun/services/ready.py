"""Claimed rows that wait for a connection: which one a relay gets next, under every pace, limit and pause.

Notices go before copies; copies wait in lanes, which take turns.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from pressrun.core.advice import Action, Scope, advice_of
from pressrun.services.composing import EditionPlate
from pressrun.services.lane_queues import NEVER, LaneQueues
from pressrun.services.pacing import EARLY_SECONDS, Pacer
from pressrun.services.traffic import LaneChange, Traffic
from pressrun.smtp.handover import HandOver, Outcome, Outgoing
from pressrun.store.lists import MailingList
from pressrun.store.transaction import Row

# A claimed copy that no connection takes for so long goes back: while a relay is down, people leave and editors cancel.
STALE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed row, with the edition whose copy it is, or as a notice with its list; `made` is its signed mail."""

    row: Row
    claimed_at: int
    plate: EditionPlate | None
    list: MailingList | None = None
    made: Outgoing | None = None

    @property
    def lane(self) -> str | None:
        """The lane of a copy; a notice has none."""
        return None if self.plate is None else self.row["lane"]


@dataclass(slots=True)
class Stale:
    """Rows that no connection took in time, and the lanes they were in.

    `holds` says that they were not kept by limits of their own: no relay takes anything, so nothing is claimed for now.
    """

    jobs: list[Job] = field(default_factory=list)
    lanes: set[str] = field(default_factory=set)
    holds: bool = False


class Ready:
    """The rows that are claimed and not taken, and what may be taken of them."""

    def __init__(self, pacer: Pacer, traffic: Traffic) -> None:
        self.pacer = pacer
        self.traffic = traffic
        self._notices: deque[Job] = deque()
        self._copies: LaneQueues[Job] = LaneQueues()

    def __len__(self) -> int:
        return len(self._notices) + len(self._copies)

    @property
    def copies(self) -> int:
        """How many copies of editions wait."""
        return len(self._copies)

    def push(self, job: Job) -> None:
        """Let a row be taken, after those that wait."""
        lane = job.lane
        if lane is None:
            self._notices.append(job)
        else:
            self._copies.push(lane, job)

    def next(self, relay: str, now: float) -> Job | float:
        """The row that this relay gets now, its turn spent; or when to ask again, NEVER for not before a result."""
        if not self._notices and not self._copies:
            return NEVER
        at = max(self.pacer.next_at(relay, now), self.traffic.opens_at(_relay_lane(relay), now))
        if at > now + EARLY_SECONDS:
            return at
        if self._notices:
            job = self._notices.popleft()
        else:
            found = self._copies.pop(lambda lane: self.traffic.opens_at(lane, now), now + EARLY_SECONDS)
            if isinstance(found, float):
                return found
            lane, job = found
            self.traffic.take(lane, now)
        self.traffic.take(_relay_lane(relay), now)
        self.pacer.take(relay, now)
        return job

    def answered(self, job: Job, relay: str, result: HandOver, now: float) -> LaneChange | None:
        """Learn from an answer; returns the lane that it pauses or blocks, if it does."""
        self.traffic.give_back(_relay_lane(relay))
        lane = job.lane
        if lane is None:
            return None
        self.traffic.give_back(lane)
        if result.outcome is Outcome.DELIVERED:
            self.traffic.after_taken(lane, now)
            self.traffic.after_taken(_relay_lane(relay), now)
            return None
        reply = result.reply
        if reply is None or reply.code < 400:
            return None
        advice = advice_of(code=reply.code, enhanced=reply.enhanced, text=reply.text, stage=result.stage)
        if advice.action is Action.NONE:
            return None
        words = f"{reply.code} {reply.enhanced} {reply.text}".split()
        reason = " ".join(word for word in words if "@" not in word)
        if advice.scope is Scope.RELAY:
            lane = _relay_lane(relay)
        return self.traffic.after_refused(lane, job.row["domain"], job.row["subscriber_id"], advice, reason, now)

    def due(self, relay: str, now: float, most: int) -> int:
        """How many rows this relay could take now, `most` at the most."""
        open_copies = 0
        for lane, number in self._copies.lengths().items():
            if self.traffic.opens_at(lane, now) <= now:
                open_copies += number
        wanted = max(0, min(len(self._notices) + open_copies, most))
        if wanted and self.traffic.opens_at(_relay_lane(relay), now) > now:
            return 0
        return self.pacer.due(relay, now, wanted)

    def next_at(self, relay: str, now: float) -> float:
        """When this relay could take something that waits; NEVER when only a result changes that."""
        turn = max(self.pacer.next_at(relay, now), self.traffic.opens_at(_relay_lane(relay), now))
        if self._notices:
            return turn
        opens = min((self.traffic.opens_at(lane, now) for lane in self._copies.lengths()), default=NEVER)
        return max(turn, opens)

    def is_short_of(self, job: Job, now: float) -> bool:
        """Whether this copy was the last one claimed in a lane of which few are claimed at a time."""
        lane = job.lane
        return lane is not None and self.traffic.is_bound(lane, now) and not self._copies.holds(lane)

    def dump(self, now: float, claimed: int, by_lane: Mapping[str, int]) -> dict[str, object]:
        """What to store with a claim, of all paces: what is claimed and waits for its turn counts as spent."""
        return self.pacer.dump(now, claimed) | self.traffic.dump_paces(now, by_lane)

    def claimed_by_lane(self, others: Sequence[Job] = ()) -> dict[str, int]:
        """How many claimed copies of each lane wait, with those that are being signed."""
        found = Counter(self._copies.lengths())
        found.update(job.lane for job in others if job.lane is not None)
        return dict(found)

    def take_stale(self, now: float) -> Stale:
        """Take out what has waited too long, lane by lane."""
        stale = Stale()
        if self._notices and now - self._notices[0].claimed_at >= STALE_SECONDS:
            stale.jobs += self._notices
            stale.holds = True
            self._notices.clear()
        for lane, job in list(self._copies.heads()):
            if now - job.claimed_at >= STALE_SECONDS or self.traffic.is_shut(lane, now):
                stale.jobs += self._copies.remove(lane)
                stale.lanes.add(lane)
                stale.holds |= not self.traffic.is_bound(lane, now)
        return stale

    def remove_domain(self, lane: str, domain: str) -> list[Job]:
        """Take out what waits in a lane for one domain."""
        return self._copies.remove(lane, lambda job: job.row["domain"] == domain)

    def clear(self) -> list[Job]:
        """Take everything out."""
        found = [*self._notices, *self._copies.clear()]
        self._notices.clear()
        return found


@cache
def _relay_lane(relay: str) -> str:
    """A relay may ask us to slow down as a provider may; the blank keeps its name apart from theirs."""
    return f"relay {relay}"
