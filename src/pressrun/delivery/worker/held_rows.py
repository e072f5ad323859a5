"""The rows that a worker process has, by the relay that they are for, until each has a result."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from pressrun.delivery.queue.jobs import Job, Result, claim_of
from pressrun.smtp.handover import HandOver, Outcome, Stage
from pressrun.smtp.reply import Reply
from pressrun.store.queue.journal import Claim, JournalEntry

LOST = HandOver(Outcome.UNKNOWN, Stage.CONTENT)


class HeldRows:
    """The jobs of one process, by the ids of their rows."""

    def __init__(self) -> None:
        self._jobs: defaultdict[str, dict[int, Job]] = defaultdict(dict)
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)  # the same rows, by relay and destination
        self._seen: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return any(self._jobs.values())

    def add(self, relay: str, job: Job) -> None:
        """The process has this row now."""
        self._jobs[relay][job.row.id] = job
        self._counts[relay][job.destination] += 1

    def remove(self, relay: str, number: int) -> None:
        """The process no longer has this row, if it had it."""
        job = self._jobs[relay].pop(number, None)
        if job is None:
            return
        counts = self._counts[relay]
        counts[job.destination] -= 1
        if not counts[job.destination]:
            del counts[job.destination]

    def number(self, relay: str) -> int:
        """How many rows there are for a relay."""
        return len(self._jobs[relay])

    def count(self, relay: str, destination: str) -> int:
        """How many of these are for a destination."""
        return self._counts[relay][destination]

    def ids_by_relay(self) -> dict[str, list[int]]:
        return {relay: [*jobs] for relay, jobs in self._jobs.items()}

    def still_held(self) -> list[int]:
        """The rows that were already there when this was last called."""
        held = frozenset(number for jobs in self._jobs.values() for number in jobs)
        stale, self._seen = self._seen & held, held
        return [*stale]

    def give_up(self, entries: Mapping[Claim, JournalEntry]) -> dict[str, list[Result]]:
        """A final result for every row: the one that the process journaled, else LOST. No rows are left."""
        jobs_by_relay, self._jobs = self._jobs, defaultdict(dict)
        self._counts.clear()
        return {
            relay: [_last_result(job, entries.get(claim_of(job))) for job in jobs.values()]
            for relay, jobs in jobs_by_relay.items()
        }


def _last_result(job: Job, entry: JournalEntry | None) -> Result:
    """What became of a row that the process had when it ended."""
    if entry is None:
        return Result(job.row.id, LOST)
    reply = Reply(entry.code, "", entry.enhanced)
    return Result(job.row.id, HandOver(Outcome.DELIVERED, Stage.CONTENT, reply), is_journaled=True)
