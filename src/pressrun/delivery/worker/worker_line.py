"""Our end of the socket to a worker process: jobs and orders go out in frames, and reports come back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from pressrun.delivery.queue.jobs import CompositionFailed, Job, Result
from pressrun.delivery.worker import child
from pressrun.delivery.worker.frames import (
    AssignedCopy,
    Copies,
    Forget,
    NoticeOrder,
    Order,
    Report,
    encode_frame,
    pack_edition,
    reports,
)
from pressrun.services.mails.copy_composer import CompiledEdition
from pressrun.store.queue.deliveries import ClaimedNotice

log = logging.getLogger("pressrun.worker")

EDITIONS_AT_MOST = 16  # that the process keeps; an edition that goes on after that is sent to it again


class WorkerLine(child.Line):
    """The line to one process, for as long as that lives; `hear` gets each report."""

    def __init__(self, hear: Callable[[Report], None]) -> None:
        super().__init__()
        self._hear = hear
        self._reports = reports()
        self._editions: dict[int, CompiledEdition] = {}  # that the process knows

    def heard(self, data: bytes) -> None:
        for report in self._reports.read(data):
            self._hear(report)

    def send(self, order: Order) -> None:
        self.write(encode_frame(order))

    def send_jobs(self, relay: str, jobs: Sequence[Job]) -> list[Result]:
        """Send these rows with the editions that they need; returns the results of those that cannot be sent."""
        failed: list[Result] = []
        copies: list[AssignedCopy] = []
        for job in jobs:
            try:
                self._send_job(relay, job, copies)
            except Exception as problem:
                log.exception("worker.job_not_sent", extra={"fields": {"relay": relay, "delivery": job.row.id}})
                failed.append(_failed(job.row.id, problem))
        failed += self._send_copies(relay, copies)
        if len(self._editions) > EDITIONS_AT_MOST:  # only now, since some of the copies may have needed the oldest
            self.send(Forget([*self._editions]))
            self._editions.clear()
        return failed

    def _send_job(self, relay: str, job: Job, copies: list[AssignedCopy]) -> None:
        """Send a notice, or add a copy to those that are sent together."""
        if isinstance(job.row, ClaimedNotice):
            self.send(NoticeOrder(relay, job.row, job.claimed_at, job.session, job.list, job.logo, job.slot_at))
            return
        edition = job.edition
        assert edition is not None  # a copy comes with the edition that it is a copy of
        if self._editions.get(edition.edition_id) is not edition:
            self.send(pack_edition(edition))
            self._editions[edition.edition_id] = edition
        copies.append(AssignedCopy(job.row, job.claimed_at, job.session, edition.edition_id, job.most, job.slot_at))

    def _send_copies(self, relay: str, copies: list[AssignedCopy]) -> list[Result]:
        """Send copies in one frame; if one of them fits into no frame, in one for each, so that it alone fails."""
        if not copies:
            return []
        try:
            self.send(Copies(relay, copies))
        except Exception:
            log.exception("worker.job_not_sent", extra={"fields": {"relay": relay, "copies": len(copies)}})
            return self._send_each(relay, copies)
        return []

    def _send_each(self, relay: str, copies: list[AssignedCopy]) -> list[Result]:
        failed: list[Result] = []
        for copy in copies:
            try:
                self.send(Copies(relay, [copy]))
            except Exception as problem:  # noqa: BLE001 - logged with the row that fails
                failed.append(_failed(copy.row.id, problem))
        return failed


def _failed(number: int, problem: Exception) -> Result:
    return Result(number, CompositionFailed(type(problem).__name__))
