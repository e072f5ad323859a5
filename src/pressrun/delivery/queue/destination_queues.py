"""Claimed rows that wait to be handed out, by destination: notices in front, copies behind them.

A destination with limits of its own has its own queue, named like it (the column `destination` of its rows); "" is the
common queue of all others. Queues take turns, so one that may send nothing for the moment holds up no other. If a
destination in the common queue has its share in flight, its rows step aside into a queue of its name.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator

from msgspec import Struct, field

from pressrun.delivery.queue.jobs import Job
from pressrun.store.queue.deliveries import ClaimedNotice

NEVER = float("inf")  # only a result or a person opens the queue again
# A claimed copy that is not handed out for this long goes back to the database: while a relay is down, readers
# unsubscribe and editors cancel. This is the only rule about age on the way of a copy.
STALE_SECONDS = 5.0

OpensAt = Callable[[str, float], float]


class FairQueues:
    """Queues by name that take turns."""

    def __init__(self) -> None:
        self._queues: dict[str, deque[Job]] = {}  # none is empty
        self._turns: deque[str] = deque()  # the names, the next one first
        self.length = 0  # of all queues

    def push(self, name: str, job: Job) -> None:
        """Put a row at the end of a queue."""
        queue = self._queues.get(name)
        if queue is None:
            queue = self._queues[name] = deque()
            self._turns.append(name)
        queue.append(job)
        self.length += 1

    def push_front(self, name: str, job: Job) -> None:
        """Put a row at the front of a queue; a queue that was empty is the next one."""
        queue = self._queues.get(name)
        if queue is None:
            queue = self._queues[name] = deque()
            self._turns.appendleft(name)
        queue.appendleft(job)
        self.length += 1

    def pop(
        self, opens_at: OpensAt, now: float, until: float, waits: Callable[[str], bool] = lambda _: False
    ) -> Job | float:
        """The next row of a queue that opens by `until`, or when the first queue opens: NEVER if none does by itself.

        A destination that `waits` does not open by itself; its rows in the common queue step aside.
        """
        soonest = NEVER
        for _ in range(len(self._turns)):
            name = self._turns[0]
            at = NEVER if name and waits(name) else opens_at(name, now)
            if at > until:
                soonest = min(soonest, at)
                self._turns.rotate(-1)
            elif name or self._sift(waits):
                return self._pop(name)
            else:
                self._turns.popleft()
                del self._queues[name]
        return soonest

    def _sift(self, waits: Callable[[str], bool]) -> bool:
        """Let the first rows of the common queue that wait step aside; returns whether a row is left."""
        queue = self._queues[""]
        while queue:
            domain = queue[0].row.domain
            if not waits(domain):
                return True
            self.length -= 1
            self.push(domain, queue.popleft())
        return False

    def _pop(self, name: str) -> Job:
        queue = self._queues[name]
        job = queue.popleft()
        self.length -= 1
        self._turns.popleft()
        if queue:
            self._turns.append(name)
        else:
            del self._queues[name]
        return job

    def holds(self, name: str) -> bool:
        """Whether a row waits in this queue."""
        return name in self._queues

    def lengths(self) -> dict[str, int]:
        """How many rows wait in each queue."""
        return {name: len(self._queues[name]) for name in self._turns}

    def __iter__(self) -> Iterator[Job]:
        return (job for queue in self._queues.values() for job in queue)

    def heads(self) -> list[tuple[str, Job]]:
        """Each queue with its first row."""
        return [(name, self._queues[name][0]) for name in self._turns]

    def remove(self, name: str, is_meant: Callable[[Job], bool] = lambda _: True) -> list[Job]:
        """Take the rows that are meant out of one queue."""
        queue = self._queues.get(name)
        if queue is None:
            return []
        removed = [job for job in queue if is_meant(job)]
        kept = deque(job for job in queue if not is_meant(job))
        if kept:
            self._queues[name] = kept
        else:
            del self._queues[name]
            self._turns.remove(name)
        self.length -= len(removed)
        return removed

    def clear(self) -> list[Job]:
        """Take everything out."""
        removed = [job for name in self._turns for job in self._queues[name]]
        self._queues.clear()
        self._turns.clear()
        self.length = 0
        return removed


class Stale(Struct):
    """Rows that were not handed out in time, and the queues they were in."""

    jobs: list[Job] = field(default_factory=list)
    queues: set[str] = field(default_factory=set)


class DestinationQueues:
    """What waits for one relay, or for any."""

    def __init__(self) -> None:
        self.notices = FairQueues()
        self.copies = FairQueues()

    def __len__(self) -> int:
        return self.notices.length + self.copies.length

    def jobs(self) -> Iterator[Job]:
        """All that waits, in no order."""
        yield from self.notices
        yield from self.copies

    def notice_octets(self) -> int:
        """How much memory the waiting notices hold."""
        return sum(job.row.octets for job in self.notices if isinstance(job.row, ClaimedNotice))

    def push(self, job: Job) -> None:
        """Add a row behind those that wait."""
        self._kind_of(job).push(job.queue or "", job)

    def push_front(self, job: Job) -> None:
        """Put a row in front of those for the same destination, also if they have stepped aside."""
        queues = self._kind_of(job)
        queues.push_front(job.destination if queues.holds(job.destination) else job.queue or "", job)

    def _kind_of(self, job: Job) -> FairQueues:
        return self.notices if job.queue is None else self.copies

    def pop(self, opens_at: OpensAt, now: float, until: float, waits: Callable[[str], bool]) -> Job | float:
        """The next row of a queue that opens by `until` whose destination does not wait, or when the first queue
        opens: NEVER if none does by itself. No limit of a destination applies to notices.
        """
        if self.notices.length:
            notice = self.notices.pop(_at_once, now, until, waits)
            if isinstance(notice, Job):
                return notice
        return self.copies.pop(opens_at, now, until, waits)

    def remove_stale(self, stale: Stale, is_shut: Callable[[str], bool], now: float) -> None:
        """Take out, queue by queue, what has waited too long, and what waits in queues that are shut."""
        for name, job in self.notices.heads():
            if is_stale(job, now):
                stale.jobs += self.notices.remove(name)
        for name, job in self.copies.heads():
            if is_stale(job, now) or is_shut(name):
                stale.jobs += self.copies.remove(name)
                stale.queues.add(name)

    def remove_domain(self, domain: str) -> list[Job]:
        """Take out the copies for a domain that are in the common queue, or stepped aside from it."""
        in_order = self.copies.remove("", lambda job: job.row.domain == domain)
        return in_order + self.copies.remove(domain, lambda job: not job.queue)

    def remove_editions(self, editions: Collection[int]) -> list[Job]:
        """Take out the copies of these editions."""
        return [
            job
            for name in self.copies.lengths()
            for job in self.copies.remove(name, lambda job: job.is_copy_of(editions))
        ]

    def clear(self) -> list[Job]:
        """Take everything out."""
        return self.notices.clear() + self.copies.clear()


def is_stale(job: Job, now: float) -> bool:
    """Whether a row was claimed too long ago to be handed out; the clock may have been set back."""
    return not -STALE_SECONDS < now - job.claimed_at < STALE_SECONDS


def _at_once(_: str, now: float) -> float:
    return now
