"""Imports and syncs that programs hand in as files: accepted once on the disk, and carried out in the background.

A dry run ends as `ready` and can be applied. Each row then does what the dry run showed, or nothing, so people who have
left since stay out. Each list has at most one job that waits or runs. Only a few jobs, and fewer of each list, keep
their files at a time.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Any, ParamSpec, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.errors import BadInput, Gone, NotFound, Refused, Unavailable, reason_of
from pressrun.core.lifecycles.subscription import SYNC
from pressrun.core.timestamps import rfc3339
from pressrun.services.jobs.job_survey import RosterSurvey, Survey
from pressrun.services.members.member_sync import LeaveLimit
from pressrun.services.ports import Clock
from pressrun.store.database import Database
from pressrun.store.lists import lists
from pressrun.store.people import audit
from pressrun.store.programs import events, jobs
from pressrun.store.programs.job_files import JobFiles
from pressrun.store.programs.jobs import KEPT_SECONDS, LIVE, UNFINISHED, BulkJob, JobKind, JobState, NewJob
from pressrun.store.transaction import Transaction

P = ParamSpec("P")
T = TypeVar("T")

MOST_FILES = 20  # jobs whose file is kept, most of them dry runs that nobody has applied yet
MOST_FILES_OF_LIST = 5  # so that nobody who manages one list can keep the others from importing

NONE_ARRIVING: Mapping[str, int] = MappingProxyType({})


class JobReport(msgspec.Struct, frozen=True, kw_only=True):
    """A job as programs see it. `done` and `total` count rows; `result` is null until it is ready or done.

    `digest` names what a dry run has shown. `problem` says why a job failed.
    """

    id: int
    job: int
    kind: str
    list: str
    state: str
    done: int
    total: int
    result: dict[str, Any] | None
    digest: str | None
    problem: str | None
    created_at: str
    expires_at: str


class JobOrder(Struct, frozen=True, kw_only=True):
    """What a program asks for. `source` says where the readers come from, who may have to confirm first."""

    list_name: str
    media_type: str
    source: str
    requires_confirmation: bool = False
    is_dry_run: bool = False
    limit: LeaveLimit | None = None


class BulkJobs:
    """The use cases of programs that hand in files. `wake` is called when there is something to carry out."""

    def __init__(
        self, database: Database, files: JobFiles, survey: RosterSurvey, *, clock: Clock, wake: Callable[[], None]
    ) -> None:
        self._database = database
        self._files = files
        self._survey = survey
        self._clock = clock
        self._wake = wake
        self._arriving: Counter[str] = Counter()  # files that no job has yet, by list

    async def hand_in(self, order: JobOrder, pieces: AsyncIterator[bytes]) -> JobReport:
        """Accept a file; with a limit it is a sync.

        Raises NotFound, BadInput for a file that cannot be read, and Refused for a closed list, while another job of
        the list runs, and when more members would leave than the limit allows.
        """
        arriving = +self._arriving
        self._arriving[order.list_name] += 1
        try:
            return await self._store(order, pieces, arriving)
        finally:
            self._arriving[order.list_name] -= 1
            self._arriving = +self._arriving

    async def _store(self, order: JobOrder, pieces: AsyncIterator[bytes], arriving: Mapping[str, int]) -> JobReport:
        target = await self._database.read(_require_free, order.list_name, arriving)
        incoming = await _on_disk(self._files.begin)
        try:
            async for piece in pieces:
                await _on_disk(incoming.write, piece)
            digest = await _on_disk(incoming.finish)
            survey = await _to_its_end(self._survey_file(order, incoming.name, target))
        except BaseException:
            incoming.abandon()
            await self._drop(incoming.name)
            raise
        try:
            report = await self._database.write(self._insert, order, incoming.name, digest, survey)
        except (Unavailable, asyncio.CancelledError):  # it may have become a job; otherwise the sweep of files finds it
            raise
        except BaseException:
            await self._drop(incoming.name)
            raise
        finally:
            self._wake()
        return report

    async def _drop(self, name: str) -> None:
        await asyncio.shield(asyncio.to_thread(self._files.drop, [name]))

    async def _survey_file(self, order: JobOrder, name: str, list_id: int) -> Survey:
        if order.limit is None:
            return await self._survey.of_import(name, order.media_type)
        survey = await self._survey.of_sync(name, order.media_type, list_id)
        if order.limit.is_exceeded(survey.leaving, survey.members):
            raise Refused(
                f"{survey.leaving} of {survey.members} members are not in the file, and max_leave is "
                f"{order.limit.text}. Nothing was changed. If the file is complete, set a higher max_leave"
            )
        return survey

    def _insert(self, tx: Transaction, order: JobOrder, name: str, digest: bytes, survey: Survey) -> JobReport:
        now = int(self._clock())
        new = NewJob(
            kind=JobKind.IMPORT if order.limit is None else JobKind.SYNC,
            list_id=_require_free(tx, order.list_name),
            source=order.source if order.limit is None else SYNC,
            actor=events.current_actor(),
            media_type=order.media_type,
            file=name,
            requires_confirmation=order.requires_confirmation,
            is_dry_run=order.is_dry_run,
            max_unsubscribes="" if order.limit is None else order.limit.text,
            total=survey.rows + survey.leaving,
            digest=digest,
            members=survey.members,
        )
        job_id = jobs.insert_job(tx, new, now=now, expires_at=now + KEPT_SECONDS)
        audit.mention(tx, f"job {job_id}")
        return report_of(require_job(tx, job_id))

    async def hand_in_again(self, job_id: int, pieces: AsyncIterator[bytes]) -> JobReport:
        """The job of a request that is repeated; raises BadInput for another file, and Gone if it is deleted."""
        digest = await _digest_of(pieces)
        job = await self._database.read(jobs.find_job, job_id)
        if job is None:
            raise Gone(f"job {job_id} is over and deleted")
        if job.digest != digest:
            raise BadInput("this Idempotency-Key was used for another file. Use a new key for each")
        return report_of(job)

    async def show(self, job_id: int) -> JobReport:
        """A job; raises NotFound."""
        return report_of(await self._database.read(require_job, job_id))

    async def apply(self, job_id: int, digest: str | None = None) -> JobReport:
        """Apply what a dry run has shown, which `digest` may name; raises NotFound, Refused."""

        def work(tx: Transaction) -> JobReport:
            job = require_job(tx, job_id)
            if job.state is not JobState.READY or job.plan is None:
                raise Refused(f"job {job_id} is {job.state}. Only a dry run that is ready can be applied")
            if digest is not None and digest != job.plan.hex():
                raise Refused(f"the digest is not that of the result of job {job_id}. Read the job again")
            _require_idle(tx, job.list_name)
            kept_until = int(self._clock()) + KEPT_SECONDS  # for whoever repeats this under a key
            applied = replace(job, state=JobState.APPLYING, actor=events.current_actor(), position=0, result={})
            changed = replace(applied, expires_at=kept_until)
            jobs.record_job(tx, job, changed)
            return report_of(changed)

        report = await self._database.write(work)
        self._wake()
        return report

    async def cancel(self, job_id: int) -> None:
        """End a job, or delete one that has ended; what it has done stays. Raises NotFound."""

        def work(tx: Transaction) -> str:
            job = require_job(tx, job_id)
            if job.state in UNFINISHED:
                jobs.record_job(tx, job, replace(job, state=JobState.CANCELLED))
            else:
                jobs.delete_job(tx, job_id)
            return job.file

        name = await self._database.write(work)
        await asyncio.to_thread(self._files.drop, [name])


async def _on_disk(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do something with a file; raises Unavailable where the disk does not let it."""
    try:
        return await asyncio.to_thread(work, *args, **kwargs)
    except OSError as problem:
        raise Unavailable(f"the file cannot be stored: {reason_of(problem)}") from None


async def _to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Await some work; if cancelled, wait for its end first. Its thread cannot be stopped, and might otherwise write
    files after they were deleted.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    finally:
        await asyncio.wait([task])


async def _digest_of(pieces: AsyncIterator[bytes]) -> bytes:
    digest = hashlib.sha256()
    async for piece in pieces:
        digest.update(piece)
    return digest.digest()


def _require_free(tx: Transaction, list_name: str, arriving: Mapping[str, int] = NONE_ARRIVING) -> int:
    """The id of a list that a job may be for, while files come in for others, by list; raises NotFound, Refused."""
    list_id = _require_idle(tx, list_name)
    total, own = jobs.count_unfinished(tx, list_id)
    for number, most, whose in (
        (own + arriving.get(list_name, 0), MOST_FILES_OF_LIST, f" of {list_name}"),
        (total + sum(arriving.values()), MOST_FILES, ""),
    ):
        if number >= most:
            raise Refused(f"{most} jobs{whose} have not ended. Apply or cancel some, or wait until they expire")
    return list_id


def _require_idle(tx: Transaction, list_name: str) -> int:
    target = lists.get_open_list(tx, list_name)
    running = jobs.live_job_of(tx, target.id)
    if running is not None:
        raise Refused(f"job {running} of {list_name} has not ended. Wait for it, or cancel it")
    return target.id


def no_such_job(job_id: int) -> NotFound:
    """The error for an unknown job, and for one of a list out of reach."""
    return NotFound(f"no such job: {job_id}")


def require_job(tx: Transaction, job_id: int) -> BulkJob:
    """The job with this id; raises NotFound."""
    job = jobs.find_job(tx, job_id)
    if job is None:
        raise no_such_job(job_id)
    return job


def report_of(job: BulkJob) -> JobReport:
    """A job as programs see it."""
    is_known = job.state not in LIVE and bool(job.result)
    return JobReport(
        id=job.id,
        job=job.id,
        kind=job.kind,
        list=job.list_name,
        state=job.state,
        done=job.position,
        total=job.total,
        result=dict(job.result) if is_known else None,
        digest=None if job.plan is None else job.plan.hex(),
        problem=job.problem,
        created_at=rfc3339(job.created_at),
        expires_at=rfc3339(job.expires_at),
    )
