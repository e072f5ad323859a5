"""What is to be recorded with the next turn: results of hand-overs, copies that are given back, editions concerned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from pressrun.core.delivery import DeliveryState
from pressrun.delivery.queue.jobs import Job
from pressrun.smtp.handover import Outcome
from pressrun.store.deliveries import DeliveryResult


@dataclass(slots=True, kw_only=True)
class Batch:
    """What one turn records. `touched` are the editions that may be through, empty when the turn does not look.

    `unsafe` is how many of all these a kill would undo; `outcomes` counts hand-overs of copies, for those who watch.
    """

    settlements: list[DeliveryResult] = field(default_factory=list)
    released: list[int] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)
    unsafe: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)


class Results:
    """Collects until a turn takes it all; what a turn could not record comes back.

    `waiting` is how many copies are not on record yet, those of the turn under way among them, and `unsafe` how many of
    them are not noted elsewhere, so that a kill would have them go out again.
    """

    __slots__ = ("_batch", "unsafe", "waiting")

    def __init__(self) -> None:
        self.waiting = self.unsafe = 0
        self._batch = Batch()

    @property
    def has_released(self) -> bool:
        """Whether copies are to be given back."""
        return bool(self._batch.released)

    @property
    def gathered(self) -> int:
        """How many results the next turn records."""
        return len(self._batch.settlements)

    def ids(self) -> set[int]:
        """The rows that the next turn records."""
        return {*self._batch.released, *(one.id for one in self._batch.settlements)}

    def settle(self, settlement: DeliveryResult, *, is_noted: bool = False) -> None:
        """A copy has its answer."""
        self._batch.settlements.append(settlement)
        self.waiting += 1
        if not is_noted:
            self._count_unsafe(1)

    def release(self, jobs: Sequence[Job]) -> None:
        """These go back to the queue as if they had not been tried."""
        self._batch.released += [job.row.id for job in jobs]
        self.waiting += len(jobs)
        self._count_unsafe(len(jobs))

    def count(self, job: Job, outcome: Outcome) -> None:
        """The hand-over of a row ended so; the edition whose copy it is may be through.

        A mail to one person is not counted: who watches must not see whether somebody who asked for one got it.
        """
        if job.edition_id is not None:
            self._batch.outcomes[outcome] += 1
            self._batch.touched.add(job.edition_id)

    def set_back(self, seconds: int, latest: int) -> None:
        """The clock was set back by so many seconds: what is put off waits as long, and no longer than until then."""
        self._batch.settlements = [
            replace(one, due_at=min(one.due_at - seconds, latest)) if one.state is DeliveryState.DEFERRED else one
            for one in self._batch.settlements
        ]

    def take(self, *, with_touched: bool) -> Batch:
        """All that there is, for the turn that begins."""
        batch, self._batch = self._batch, Batch()
        if not with_touched:
            batch.touched, self._batch.touched = self._batch.touched, batch.touched
        return batch

    def recorded(self, batch: Batch) -> None:
        """The turn is committed."""
        self.waiting -= len(batch.settlements) + len(batch.released)
        self.unsafe -= batch.unsafe

    def bring_back(self, batch: Batch) -> None:
        """Nothing of the turn was committed."""
        self._batch.settlements[:0] = batch.settlements
        self._batch.released[:0] = batch.released
        self._batch.touched |= batch.touched
        self._batch.unsafe += batch.unsafe
        self._batch.outcomes.update(batch.outcomes)

    def _count_unsafe(self, number: int) -> None:
        self._batch.unsafe += number
        self.unsafe += number
