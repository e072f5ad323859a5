"""Actions of programs on many subscribers at once: files that are imported or synced in the background."""

from __future__ import annotations

from typing import Any, Literal

from pressrun.acts.act import OF_LIST, ActList, Doing, Http
from pressrun.acts.arguments import Arguments
from pressrun.acts.cases import Cases
from pressrun.acts.http import Upload
from pressrun.acts.readers.members import program_of
from pressrun.core.access.rights import Right
from pressrun.services.jobs.bulk_jobs import JobOrder, JobReport, require_job
from pressrun.services.members.member_changes import Confirm, source_of
from pressrun.services.members.member_sync import parse_limit
from pressrun.store.programs.idempotency import KeptOutcome

_MEDIA_TYPES = ("text/csv", "application/x-ndjson")


class JobId(Arguments, frozen=True, kw_only=True):
    """Which job."""

    id: int


class JobApply(JobId, frozen=True, kw_only=True):
    """`digest` is that of the job whose result was looked at."""

    digest: str | None = None


class ListImport(Arguments, frozen=True, kw_only=True):
    """A file of subscribers; with `confirm=send` new ones have to confirm first."""

    list: str
    file: Upload
    dry_run: bool = False
    confirm: Confirm = Confirm.VOUCH


class ListSync(Arguments, frozen=True, kw_only=True):
    """A file of all members that another program has; its sender vouches for their consent."""

    list: str
    file: Upload
    dry_run: bool = False
    max_leave: str = "5%"
    confirm: Literal["vouch"] = "vouch"


async def OF_JOB(cases: Cases, arguments: Any) -> tuple[str, ...]:  # noqa: N802 - as OF_EDITION
    """The list of the job in `arguments.id`."""
    job = await cases.database.read(require_job, arguments.id)
    return (job.list_name,)


async def _hand_in_again(doing: Doing, args: ListImport | ListSync, kept: KeptOutcome) -> JobReport:
    return await doing.cases.jobs.hand_in_again(int(kept.object_name), args.file.pieces)


_RESTING = ("ready", "done", "failed", "cancelled")  # the states that a job does not leave by itself

JOB_ACTS = ActList()


@JOB_ACTS.add(
    "list.import",
    "Import a file of subscribers in the background",
    Right.MANAGE_READERS,
    OF_LIST,
    again=_hand_in_again,
    grows=True,
    http=Http(
        method="POST",
        path="lists/{list}/imports",
        query=("dry_run", "confirm"),
        body="file",
        media_types=_MEDIA_TYPES,
        status=202,
        made="jobs/{id}",
    ),
)
async def _import(doing: Doing, args: ListImport) -> JobReport:
    order = JobOrder(
        list_name=args.list,
        media_type=args.file.media_type,
        source=source_of(program_of(doing)),
        requires_confirmation=args.confirm is Confirm.SEND,
        is_dry_run=args.dry_run,
    )
    return await doing.cases.jobs.hand_in(order, args.file.pieces)


@JOB_ACTS.add(
    "list.sync",
    "Sync the members that programs have brought to a list with a file",
    Right.MANAGE_READERS,
    OF_LIST,
    again=_hand_in_again,
    grows=True,
    http=Http(
        method="POST",
        path="lists/{list}/sync",
        query=("dry_run", "max_leave", "confirm"),
        body="file",
        media_types=_MEDIA_TYPES,
        status=202,
        made="jobs/{id}",
    ),
)
async def _sync(doing: Doing, args: ListSync) -> JobReport:
    order = JobOrder(
        list_name=args.list,
        media_type=args.file.media_type,
        source=source_of(program_of(doing)),
        is_dry_run=args.dry_run,
        limit=parse_limit(args.max_leave),
    )
    return await doing.cases.jobs.hand_in(order, args.file.pieces)


@JOB_ACTS.add(
    "job.show",
    "Show the progress of a job",
    Right.MANAGE_READERS,
    OF_JOB,
    http=Http(method="GET", path="jobs/{id}", is_final=lambda job: job.state in _RESTING),
)
async def _show(doing: Doing, args: JobId) -> JobReport:
    return await doing.cases.jobs.show(args.id)


@JOB_ACTS.add(
    "job.apply",
    "Apply a dry run",
    Right.MANAGE_READERS,
    OF_JOB,
    again=lambda doing, args, _: doing.cases.jobs.show(args.id),
    grows=True,
    http=Http(method="POST", path="jobs/{id}/apply", status=202, made="jobs/{id}"),
)
async def _apply(doing: Doing, args: JobApply) -> JobReport:
    return await doing.cases.jobs.apply(args.id, args.digest)


@JOB_ACTS.add(
    "job.cancel",
    "Stop a job, or delete one that has ended; the changes it made stay",
    Right.MANAGE_READERS,
    OF_JOB,
    http=Http(method="DELETE", path="jobs/{id}", status=204),
)
async def _cancel(doing: Doing, args: JobId) -> None:
    await doing.cases.jobs.cancel(args.id)
