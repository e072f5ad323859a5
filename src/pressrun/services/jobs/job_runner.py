"""Has jobs carried out in the background, two at a time; after a restart they go on with what is committed."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import ClassVar

from msgspec import Struct, field
from msgspec.structs import replace

from pressrun.core.errors import PressrunError, Unavailable
from pressrun.observe.log import event
from pressrun.services.background import BackgroundLoop, until_next
from pressrun.services.context import ServiceContext
from pressrun.services.jobs.job_survey import ReadRoster
from pressrun.services.jobs.job_work import JobWork, record_end
from pressrun.store.programs import events, jobs
from pressrun.store.programs.job_files import JobFiles
from pressrun.store.programs.jobs import BulkJob, JobState
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.jobs")

RUNNERS = 2
POLL_SECONDS = 5.0  # until a job that a failure of the database has interrupted is looked at again
FILES_KEPT_SECONDS = 3_600.0  # of a file that belongs to no job: it may be arriving
SWEEP_SECONDS = 3_600.0


class JobQueue(Struct):
    """What the runners share: whether there is work, and the jobs that are being carried out."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    taken: set[int] = field(default_factory=set)

    def wake(self) -> None:
        """There is work."""
        self.asked.set()


class JobRunner(BackgroundLoop):
    """Carries out one job at a time."""

    unavailable: ClassVar[str] = "job.database_unavailable"

    def __init__(
        self, number: int, context: ServiceContext, files: JobFiles, read_roster: ReadRoster, queue: JobQueue
    ) -> None:
        super().__init__(context.clock)
        self.name = f"jobs {number}"
        self._context = context
        self._files = files
        self._read_roster = read_roster
        self._queue = queue
        self._swept_at = 0.0

    async def step(self) -> bool:
        """Wait for a job, and carry out all there are that nobody else carries out."""
        await self.carry_out_all()
        await self.sweep_files()
        with suppress(TimeoutError):
            async with asyncio.timeout(until_next(POLL_SECONDS)):
                await self._queue.asked.wait()
        self._queue.asked.clear()
        return True

    async def carry_out_all(self) -> None:
        """Carry out what waits, one job after the other."""
        while (job_id := await self._claim()) is not None:
            self.subject = f"job {job_id}"
            try:
                await self._carry_out(job_id)
            finally:
                self._queue.taken.discard(job_id)

    async def _claim(self) -> int | None:
        live = await self._context.database.read(jobs.live_jobs)
        free = next((job_id for job_id in live if job_id not in self._queue.taken), None)
        if free is not None:
            self._queue.taken.add(free)
        return free

    async def _carry_out(self, job_id: int) -> None:
        job = await self._context.database.write(_begin, job_id)
        if job is None:
            return
        work = JobWork(job, self._context, self._files, self._read_roster)
        try:
            with events.acted_by(job.actor):
                await (work.plan() if job.state is JobState.RUNNING else work.apply())
        except Unavailable:
            raise
        except Exception as problem:
            await self._context.database.write(_fail, job_id, _words(problem), self._context.now)
            if not isinstance(problem, PressrunError | FileNotFoundError):
                raise
        finally:
            await self._drop_files(job)
        self._context.wake()

    async def _drop_files(self, job: BulkJob) -> None:
        """Delete the files of a job that has ended."""
        with suppress(Unavailable):
            after = await self._context.database.read(jobs.find_job, job.id)
            if after is None or after.state not in jobs.UNFINISHED:
                event(log, "job.ended", job=job.id, state=None if after is None else after.state.value)
                await asyncio.to_thread(self._files.drop, [job.file])

    async def sweep_files(self) -> None:
        """Now and then delete files that belong to no job: of one that has expired, or that never came to be one."""
        now = self._context.clock()
        if 0 <= now - self._swept_at < SWEEP_SECONDS:
            return
        known = await self._context.database.read(jobs.files_of_jobs)
        names = await asyncio.to_thread(self._files.names, before=now - FILES_KEPT_SECONDS)
        await asyncio.to_thread(self._files.drop, [name for name in names if name not in known])
        self._swept_at = now


def _words(problem: Exception) -> str:
    if isinstance(problem, FileNotFoundError):
        return "its file is gone: hand it in again"
    return str(problem) if isinstance(problem, PressrunError) else "it failed in the daemon, whose log says why"


def _begin(tx: Transaction, job_id: int) -> BulkJob | None:
    """Begin a job, or go on with it; None for one that has ended in the meantime."""
    job = jobs.find_job(tx, job_id)
    if job is None or job.state not in jobs.LIVE:
        return None
    if job.state is not JobState.QUEUED:
        return job
    begun = replace(job, state=JobState.RUNNING if job.is_dry_run else JobState.APPLYING)
    jobs.record_job(tx, job, begun)
    return begun


def _fail(tx: Transaction, job_id: int, problem: str, now: int) -> None:
    job = jobs.find_job(tx, job_id)
    if job is not None and job.state in jobs.LIVE:
        record_end(tx, job, replace(job, state=JobState.FAILED, problem=problem), now)
