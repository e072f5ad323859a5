"""Claimed rows that wait for a connection: notices in front, copies behind them in their lanes.

Where a domain without a lane has its share on the way, its rows step aside, into a queue of its name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from pressrun.delivery.queue.fair_queues import FairQueues
from pressrun.delivery.queue.jobs import Job
from pressrun.store.deliveries import ClaimedNotice

# A claimed copy that no connection takes for so long goes back: while a relay is down, people leave and editors cancel.
STALE_SECONDS = 5.0


@dataclass(slots=True)
class Stale:
    """Rows that no connection took in time, and the lanes they were in."""

    jobs: list[Job] = field(default_factory=list)
    lanes: set[str] = field(default_factory=set)


class DestinationQueues:
    """What waits for one relay, or for any."""

    def __init__(self) -> None:
        self._notices: FairQueues[Job] = FairQueues(_domain_of)  # none has a lane
        self._copies: FairQueues[Job] = FairQueues(_domain_of)

    def __len__(self) -> int:
        return self._notices.length + self._copies.length

    @property
    def copies(self) -> int:
        """How many copies of editions wait."""
        return self._copies.length

    @property
    def notices(self) -> int:
        """How many notices wait."""
        return self._notices.length

    def jobs(self) -> Iterator[Job]:
        """All that waits, in no order."""
        yield from self._notices
        yield from self._copies

    def notice_octets(self) -> int:
        """How much the notices that wait hold in memory."""
        return sum(job.row.octets for job in self._notices if isinstance(job.row, ClaimedNotice))

    def push(self, job: Job) -> None:
        """Let a row be taken, after those that wait."""
        lane = job.queue
        if lane is None:
            self._notices.push("", job)
        else:
            self._copies.push(lane, job)

    def pop(
        self, opens_at: Callable[[str, float], float], now: float, until: float, waits: Callable[[str], bool]
    ) -> Job | float:
        """The next row whose lane opens by `until` and whose destination `waits` for nothing; or when the first lane
        opens, NEVER for not by itself. No lane is shut to notices.
        """
        if self._notices.length:
            notice = self._notices.pop(_at_once, now, until, waits)
            if not isinstance(notice, float):
                return notice[1]
        found = self._copies.pop(opens_at, now, until, waits)
        return found if isinstance(found, float) else found[1]

    def lengths(self) -> dict[str, int]:
        """How many copies wait in each lane that holds some."""
        return self._copies.lengths()

    def notice_lengths(self) -> dict[str, int]:
        """How many notices wait in their order, under "", and how many for each domain have stepped aside."""
        return self._notices.lengths()

    def holds(self, lane: str) -> bool:
        """Whether a copy waits in this lane."""
        return self._copies.holds(lane)

    def take_stale(self, stale: Stale, is_shut: Callable[[str], bool], now: float) -> None:
        """Take out what has waited too long, lane by lane, and what waits in lanes that are shut."""
        for lane, job in list(self._notices.heads()):
            if _is_stale(job, now):
                stale.jobs += self._notices.remove(lane)
        for lane, job in list(self._copies.heads()):
            if _is_stale(job, now) or is_shut(lane):
                stale.jobs += self._copies.remove(lane)
                stale.lanes.add(lane)

    def remove_domain(self, domain: str) -> list[Job]:
        """Take out the copies that wait for a domain without a lane."""
        in_order = self._copies.remove("", lambda job: job.row.domain == domain)
        return in_order + self._copies.remove(domain, lambda job: not job.queue)

    def remove_editions(self, editions: Collection[int]) -> list[Job]:
        """Take out the copies of these editions."""
        lanes = list(self._copies.lengths())
        return [job for lane in lanes for job in self._copies.remove(lane, lambda job: job.is_copy_of(editions))]

    def clear(self) -> list[Job]:
        """Take everything out."""
        return self._notices.clear() + self._copies.clear()


def _at_once(_: str, now: float) -> float:
    return now


def _is_stale(job: Job, now: float) -> bool:
    return not -STALE_SECONDS < now - job.claimed_at < STALE_SECONDS  # the clock may have been set back


def _domain_of(job: Job) -> str:
    return job.row.domain
