"""Mails that a relay has taken are noted before anything else is done about them, so that a kill does not repeat them.

Those that ask for consent are not: what is kept of them is evidence, which has no place in a second file.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from pressrun.delivery.queue.jobs import Answer, Job, Queue, Unmade, claim_of
from pressrun.observe.log import event
from pressrun.smtp.handover import DELIVERED
from pressrun.store.journal import Journal, Taken

log = logging.getLogger("pressrun.worker")


class Noting:
    """Stands between a press and its queue, as delivery.queue.jobs.Queue promises."""

    def __init__(self, queue: Queue, journal: Journal) -> None:
        self._queue = queue
        self._journal = journal
        self._jobs: dict[int, Job] = {}  # those that have no answer yet
        self._is_failing = False

    def take(self, relay: str) -> Job | None:
        job = self._queue.take(relay)
        if job is not None:
            self._jobs[job.row.id] = job
        return job

    def settle(self, relay: str, answers: Sequence[Answer]) -> None:
        taken: dict[int, Taken] = {}
        for answer in answers:
            job, result = self._jobs.pop(answer.id, None), answer.result
            if job is not None and result.outcome is DELIVERED and result.reply is not None and answer.mail is None:
                taken[answer.id] = Taken(claim_of(job), relay, result.reply.code, result.reply.enhanced)
        if taken and self._note([*taken.values()]):
            answers = [Answer(one.id, one.result, one.mail, one.id in taken, one.seconds) for one in answers]
        self._queue.settle(relay, answers)

    def not_made(self, relay: str, unmade: Unmade) -> None:
        self._jobs.pop(unmade.id, None)
        self._queue.not_made(relay, unmade)

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
