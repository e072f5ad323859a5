"""Claimed rows that wait for a connection: notices in front, copies behind them in their lanes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from pressrun.services.queue.jobs import Job
from pressrun.services.queue.lane_queues import LaneQueues
from pressrun.store.deliveries import ClaimedNotice

# A claimed copy that no connection takes for so long goes back: while a relay is down, people leave and editors cancel.
STALE_SECONDS = 5.0


@dataclass(slots=True)
class Stale:
    """Rows that no connection took in time, and the lanes they were in."""

    jobs: list[Job] = field(default_factory=list)
    lanes: set[str] = field(default_factory=set)


class Shelf:
    """What waits for one relay, or for any."""

    def __init__(self) -> None:
        self._notices: deque[Job] = deque()
        self._copies: LaneQueues[Job] = LaneQueues()

    def __len__(self) -> int:
        return len(self._notices) + self._copies.length

    @property
    def copies(self) -> int:
        """How many copies of editions wait."""
        return self._copies.length

    @property
    def notices(self) -> int:
        """How many notices wait."""
        return len(self._notices)

    def notice_octets(self) -> int:
        """How much the notices that wait hold in memory."""
        return sum(job.row.octets for job in self._notices if isinstance(job.row, ClaimedNotice))

    def push(self, job: Job) -> None:
        """Let a row be taken, after those that wait."""
        lane = job.lane
        if lane is None:
            self._notices.append(job)
        else:
            self._copies.push(lane, job)

    def pop(self, opens_at: Callable[[str, float], float], now: float, until: float) -> Job | float:
        """The next row whose lane opens by `until`; or when the first lane opens, NEVER for not by itself."""
        if self._notices:
            return self._notices.popleft()
        found = self._copies.pop(opens_at, now, until)
        return found if isinstance(found, float) else found[1]

    def lengths(self) -> dict[str, int]:
        """How many copies wait in each lane that holds some."""
        return self._copies.lengths()

    def holds(self, lane: str) -> bool:
        """Whether a copy waits in this lane."""
        return self._copies.holds(lane)

    def take_stale(self, stale: Stale, is_shut: Callable[[str], bool], now: float) -> None:
        """Take out what has waited too long, lane by lane, and what waits in lanes that are shut."""
        if self._notices and now - self._notices[0].claimed_at >= STALE_SECONDS:
            stale.jobs += self._notices
            self._notices.clear()
        for lane, job in list(self._copies.heads()):
            if now - job.claimed_at >= STALE_SECONDS or is_shut(lane):
                stale.jobs += self._copies.remove(lane)
                stale.lanes.add(lane)

    def remove_domain(self, lane: str, domain: str) -> list[Job]:
        """Take out what waits in a lane for one domain."""
        return self._copies.remove(lane, lambda job: job.row.domain == domain)

    def remove_editions(self, editions: Collection[int]) -> list[Job]:
        """Take out the copies of these editions."""
        lanes = list(self._copies.lengths())
        return [job for lane in lanes for job in self._copies.remove(lane, lambda job: job.is_copy_of(editions))]

    def clear(self) -> list[Job]:
        """Take everything out."""
        found = [*self._notices, *self._copies.clear()]
        self._notices.clear()
        return found
