"""What the next cycle records: results, rows that go back to the database, and counts of outcomes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from pressrun.core.bounces.classes import BounceClass
from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.delivery.queue.jobs import Job
from pressrun.services.mail_results import FailedCopy
from pressrun.smtp.handover import Outcome
from pressrun.store.queue.deliveries import ClaimedNotice, DeliveryResult


class Batch(Struct, kw_only=True):
    """What one cycle records. `touched` are the editions whose copies have results.

    `unsafe` is how many of all these a kill would undo. `outcomes` counts the hand-overs of copies, and `bounces` those
    that bounced, by list and class, for metrics.
    """

    results: list[DeliveryResult] = field(default_factory=list)
    released: list[int] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)
    unsafe: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    bounces: Counter[tuple[str, BounceClass]] = field(default_factory=Counter)

    def __bool__(self) -> bool:
        return bool(self.results or self.released)

    def ids(self) -> set[int]:
        """The rows that it records."""
        return {*self.released, *(result.id for result in self.results)}


class PendingResults:
    """Collects until a cycle records it all; what a cycle could not record comes back.

    `waiting` is how many rows are not recorded yet, including those of the present cycle. `unsafe` is how many of them
    are not journaled, so that a kill would have them go out again.
    """

    __slots__ = ("_batch", "unsafe", "waiting")

    def __init__(self) -> None:
        self.waiting = self.unsafe = 0
        self._batch = Batch()

    @property
    def has_released(self) -> bool:
        """Whether rows go back to the database."""
        return bool(self._batch.released)

    @property
    def gathered(self) -> int:
        """How many results the next cycle records."""
        return len(self._batch.results)

    def ids(self) -> set[int]:
        """The rows that the next cycle records."""
        return self._batch.ids()

    def add(self, result: DeliveryResult, *, is_journaled: bool = False) -> None:
        """A row has its result."""
        self._batch.results.append(result)
        self.waiting += 1
        if not is_journaled:
            self._count_unsafe(1)

    def release(self, jobs: Sequence[Job]) -> None:
        """These go back to the database as if they had not been tried."""
        self._batch.released += [job.row.id for job in jobs]
        self.waiting += len(jobs)
        self._count_unsafe(len(jobs))

    def count(self, job: Job, outcome: Outcome) -> None:
        """Count how a copy ended. Notices are not counted: metrics must not show whether one person got a mail."""
        if job.edition_id is not None:
            self._batch.outcomes[outcome] += 1
            self._batch.touched.add(job.edition_id)

    def count_bounce(self, job: Job, result: DeliveryResult) -> None:
        """Count that a copy bounced, if it did; notices are not counted here, either."""
        if job.edition is not None and result.bounce is not None:
            self._batch.bounces[job.edition.list.name, result.bounce] += 1

    def set_back(self, seconds: int, latest: int) -> None:
        """The clock was set back by `seconds`: deferred copies are due that much earlier, and by `latest`."""
        self._batch.results = [
            replace(result, due_at=min(result.due_at - seconds, latest))
            if result.state is DeliveryState.DEFERRED
            else result
            for result in self._batch.results
        ]

    def pop(self) -> Batch:
        """All that there is, for the cycle that begins."""
        batch, self._batch = self._batch, Batch()
        return batch

    def recorded(self, batch: Batch) -> None:
        """The batch is committed."""
        self.waiting -= len(batch.results) + len(batch.released)
        self.unsafe -= batch.unsafe

    def bring_back(self, batch: Batch) -> None:
        """Nothing of the batch was committed."""
        self._batch.results[:0] = batch.results
        self._batch.released[:0] = batch.released
        self._batch.touched |= batch.touched
        self._batch.unsafe += batch.unsafe
        self._batch.outcomes.update(batch.outcomes)
        self._batch.bounces.update(batch.bounces)

    def _count_unsafe(self, number: int) -> None:
        self._batch.unsafe += number
        self.unsafe += number


def failed_copy(job: Job, result: DeliveryResult) -> FailedCopy:
    """What the log says of a copy or a notice that failed for good: notices are in no report."""
    row, target = job.row, job.list if job.edition is None else job.edition.list
    return FailedCopy(
        delivery=row.id,
        list_name="" if target is None else target.name,
        edition=result.edition_id,
        notice=row.kind if isinstance(row, ClaimedNotice) else None,
        subscriber=row.subscriber_id,
        domain=row.domain,
        relay=result.relay,
        kind=result.kind,
        bounce=result.bounce,
        code=result.code,
        enhanced=result.enhanced,
        reason=result.reply or "",
    )
