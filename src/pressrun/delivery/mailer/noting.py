"""Mails that a relay has taken are noted before anything else is done about them, so that a kill does not repeat them.

Those that ask for consent are not: what is kept of them is evidence, which has no place in a second file.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from pressrun.delivery.queue.jobs import CompositionFailed, Job, Result, Supply, claim_of
from pressrun.observe.log import event
from pressrun.smtp.handover import DELIVERED
from pressrun.store.journal import Journal, Taken

log = logging.getLogger("pressrun.worker")


class Noting:
    """Stands between a press and its queue, as delivery.queue.jobs.Supply promises."""

    def __init__(self, queue: Supply, journal: Journal) -> None:
        self._queue = queue
        self._journal = journal
        self._jobs: dict[int, Job] = {}  # those that have no answer yet
        self._is_failing = False

    def next(self, relay: str, most: int) -> list[Job]:
        jobs = self._queue.next(relay, most)
        self._jobs.update([(job.row.id, job) for job in jobs])
        return jobs

    def record(self, relay: str, results: Sequence[Result]) -> None:
        taken: dict[int, Taken] = {}
        for one in results:
            job, outcome = self._jobs.pop(one.id, None), one.outcome
            if job is None or isinstance(outcome, CompositionFailed) or one.evidence is not None:
                continue
            if outcome.outcome is DELIVERED and outcome.reply is not None:
                taken[one.id] = Taken(claim_of(job), relay, outcome.reply.code, outcome.reply.enhanced)
        if taken and self._note([*taken.values()]):
            results = [Result(one.id, one.outcome, one.evidence, one.id in taken, one.seconds) for one in results]
        self._queue.record(relay, results)

    def waiting(self, relay: str) -> int:
        return self._queue.waiting(relay)

    def _note(self, taken: Sequence[Taken]) -> bool:
        try:
            self._journal.note(taken)
        except Exception as problem:  # noqa: BLE001 - told; the answers must not be lost with it
            if not self._is_failing:
                event(log, "press.not_noted", level=logging.WARNING, problem=str(problem))
            self._is_failing = True
            return False
        self._is_failing = False
        return True
