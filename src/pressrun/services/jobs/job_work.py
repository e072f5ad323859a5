"""One job while it is carried out: what its rows would do, or do.

A dry run writes one mark for each row, which says what the row would do, and ends as ready. Applying it carries out the
rows whose mark is still right. Once whoever handed in or applied the job may no longer change readers of the list, no
further batch is applied, so a revoked token changes nothing from the next commit on. Each batch is one transaction that
also stores the position it leads to. It is short enough for others to get in between, and after a restart the job
continues where the last commit was.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.access.rights import Right
from pressrun.core.errors import Refused
from pressrun.core.lifecycles.events import EventType
from pressrun.services import standing
from pressrun.services.context import ServiceContext
from pressrun.services.jobs.job_survey import ReadRoster, lists_member
from pressrun.services.members.import_decision import ImportOptions, RowOutcome
from pressrun.services.members.import_preview import ImportPreview
from pressrun.services.members.import_rows import ImportRow, UnreadRow
from pressrun.services.members.member_sync import remove_synced
from pressrun.services.members.subscriber_import import ImportCounts, PreparedRows, import_rows, prepare_rows
from pressrun.store.people.audit import NamedActor
from pressrun.store.programs import events, jobs
from pressrun.store.programs.job_files import LEAVERS, MARKS, REPEATED, JobFiles
from pressrun.store.programs.jobs import KEPT_SECONDS, BulkJob, JobKind, JobState
from pressrun.store.readers.enrolment import PriorState
from pressrun.store.transaction import Transaction

BATCH = 1_000  # rows of a transaction, for which others wait
_NO_MARK = "-"  # of a row that does nothing because nobody could read it, or because it lists no member


class RowBatch(NamedTuple):
    """Rows of a file that come one after the other: those that may do something, and the others of them."""

    rows: list[ImportRow]
    unread: list[UnreadRow]
    lines: list[int]


class JobWork(Struct, frozen=True):
    """Carries out one job. Its methods return when the job has ended, no matter who has ended it."""

    job: BulkJob
    context: ServiceContext
    files: JobFiles
    read_roster: ReadRoster

    async def plan(self) -> None:
        """Find out what each row would do, and end ready; from the beginning, since nothing was changed."""
        known: Mapping[str, PriorState] = {}
        repeated = frozenset(await asyncio.to_thread(self._lines, REPEATED))
        planned = replace(self.job, result={}, position=0)
        with self.files.open(self.job.file) as file, self.files.create(self.job.file + MARKS) as marks:
            rows = self.read_roster(file, self.job.media_type)
            while (batch := await asyncio.to_thread(self._next_batch, rows)).lines:
                preview = await self.context.database.read(self._preview, planned, batch, repeated, known)
                planned, known = preview.job, preview.known
                await asyncio.to_thread(marks.write, preview.marks.encode())
                if not await self.context.database.record(_move_on, planned):
                    return
            await asyncio.to_thread(self.files.sync, marks)
        leaving = len(await asyncio.to_thread(self._lines, LEAVERS))
        if self.job.kind is JobKind.SYNC:
            planned = replace(planned, result=add_leavers(planned, leaving))
        digest = await asyncio.to_thread(self._digest)
        ready = replace(planned, state=JobState.READY, position=self.job.total, plan=digest)
        await self.context.database.write(_move_on, ready)

    async def apply(self) -> None:
        """Carry out what is not done yet, and end done."""
        if self.job.plan is not None and self.job.plan != await asyncio.to_thread(self._digest):
            raise Refused("the result of the dry run is no longer stored. Submit the file again")
        leaving = await asyncio.to_thread(self._lines, LEAVERS)
        position = self.job.position
        while position < len(leaving):
            keys = leaving[position : position + BATCH]
            position += len(keys)
            if not await self.context.database.write(self._remove, keys, position):
                return
        if await self._apply_rows(position, position - len(leaving)):
            await self.context.database.write(_end, self.job.id, self.context.now)

    async def _apply_rows(self, position: int, done: int) -> bool:
        """Carry out the rows after the first `done`; False when somebody has ended the job."""
        with self.files.open(self.job.file) as file:
            marks = await asyncio.to_thread(self._marks)
            rows = self.read_roster(file, self.job.media_type)
            await asyncio.to_thread(deque, islice(rows, done), 0)
            while (batch := await asyncio.to_thread(self._next_batch, rows)).lines:
                shown = None if marks is None else marks[done : done + len(batch.lines)]
                done += len(batch.lines)
                position += len(batch.lines)
                prepared = await asyncio.to_thread(self._prepare, batch, shown)
                if not await self.context.database.write(self._import, prepared, position):
                    return False
                self.context.wake()
        return True

    # ------------------------------------------------------------------ files, off the loop

    def _next_batch(self, rows: Iterator[ImportRow | UnreadRow]) -> RowBatch:
        batch = RowBatch([], [], [])
        for row in islice(rows, BATCH):
            batch.lines.append(row.line)
            if isinstance(row, UnreadRow):
                batch.unread.append(row)
            elif self.job.kind is JobKind.IMPORT or lists_member(row):
                batch.rows.append(row)
        return batch

    def _prepare(self, batch: RowBatch, marks: bytes | None) -> PreparedRows:
        prepared = prepare_rows(self._options(), batch.rows)
        prepared.invalid.extend((row.line, row.reason) for row in batch.unread)
        return (
            prepared if marks is None else replace(prepared, shown=dict(zip(batch.lines, marks.decode(), strict=True)))
        )

    def _lines(self, end: str) -> list[str]:
        with self.files.lines(self.job.file + end) as lines:
            return list(lines)

    def _marks(self) -> bytes | None:
        if self.job.plan is None:
            return None
        with self.files.open(self.job.file + MARKS) as file:
            return file.read()

    def _digest(self) -> bytes:
        return self.files.digest_of(self.job.file + MARKS, self.job.file + LEAVERS)

    def _options(self) -> ImportOptions:
        return ImportOptions.of(
            self.context, self.job.list_name, asks=self.job.requires_confirmation, source=self.job.source
        )

    # ------------------------------------------------------------------ within one transaction

    def _preview(
        self, tx: Transaction, job: BulkJob, batch: RowBatch, repeated: frozenset[str], kept: Mapping[str, PriorState]
    ) -> _Preview:
        """Preview a batch; `kept` has what is known so far of the `repeated` addresses."""
        known = dict(kept)
        previews, counts = ImportPreview(tx, self._options(), repeated, known).preview_rows(batch.rows)
        counts.invalid.extend((row.line, row.reason) for row in batch.unread)
        marks: Mapping[int, str] = {previewed.line: previewed.mark for previewed in previews}
        text = "".join(marks.get(line, _NO_MARK) for line in batch.lines)
        position = job.position + len(batch.lines)
        return _Preview(replace(job, position=position, result=add_counts(job, counts)), text, known)

    def _remove(self, tx: Transaction, keys: Sequence[str], position: int) -> bool:
        job = _find_applying(tx, self.job.id)
        if job is None:
            return False
        _require_standing(tx, job)
        number = remove_synced(tx, job.list_name, keys, self.context)
        jobs.record_job(tx, job, replace(job, position=position, result=add_leavers(job, number)))
        return True

    def _import(self, tx: Transaction, prepared: PreparedRows, position: int) -> bool:
        job = _find_applying(tx, self.job.id)
        if job is None:
            return False
        _require_standing(tx, job)
        counts = import_rows(tx, self._options(), prepared)
        jobs.record_job(tx, job, replace(job, position=position, result=add_counts(job, counts)))
        return True


class _Preview(Struct, frozen=True):
    """What a batch would do: the job after it, the marks of its rows, and what is kept of repeated addresses now."""

    job: BulkJob
    marks: str
    known: Mapping[str, PriorState]


def _move_on(tx: Transaction, planned: BulkJob) -> bool:
    """Record how far a dry run is; False when somebody has ended the job."""
    job = jobs.find_job(tx, planned.id)
    if job is None or job.state is not JobState.RUNNING:
        return False
    result = planned.result if planned.state is JobState.READY else {}
    changed = replace(job, state=planned.state, position=planned.position, result=result, plan=planned.plan)
    jobs.record_job(tx, job, changed)
    return True


def _find_applying(tx: Transaction, job_id: int) -> BulkJob | None:
    job = jobs.find_job(tx, job_id)
    return job if job is not None and job.state is JobState.APPLYING else None


def _require_standing(tx: Transaction, job: BulkJob) -> None:
    """Raise Refused once whoever decided on this job has lost the right to it, as with scheduled editions."""
    actor = NamedActor(who=job.actor, uid=None, at=job.decided_at)
    if not standing.may_still(tx, actor, Right.MANAGE_READERS, job.list_name):
        raise Refused(
            f"{job.actor}, on whose behalf it runs, may no longer change readers of {job.list_name}. Changes that it "
            "has already made are kept. To complete them, somebody who may do so can submit the same file again"
        )


def _end(tx: Transaction, job_id: int, now: int) -> None:
    job = _find_applying(tx, job_id)
    if job is not None:
        record_end(tx, job, replace(job, state=JobState.DONE, position=job.total), now)


def record_end(tx: Transaction, job: BulkJob, ended: BulkJob, now: int) -> None:
    """Record that a job has ended, and notify programs, which have a day to read its result."""
    jobs.record_job(tx, job, replace(ended, expires_at=max(job.expires_at, now + KEPT_SECONDS)))
    events.record_event(tx, EventType.JOB_FINISHED, list_id=job.list_id, how=ended.state.value, name=f"job {job.id}")


MOST_LINES = 1_000  # of refused and of skipped rows that a result lists; their numbers count all


def add_counts(job: BulkJob, counts: ImportCounts) -> dict[str, Any]:
    """The result of a job with one batch more, as `subscriber import` prints it, with the numbers of all rows."""
    result = {**_empty(), **job.result}
    for outcome, number in counts.rows.items():
        result[outcome] += number
    result["refused"] += len(counts.invalid)
    result["changed_since"] += len(counts.changed_since)
    if counts.followed:
        result["followed"] = result.get("followed", 0) + counts.followed
    result["invalid"] = _some_lines(result["invalid"], counts.invalid)
    result["skipped"] = _some_lines(result["skipped"], counts.skipped)
    return _with_summary(job, result)


def add_leavers(job: BulkJob, number: int) -> dict[str, Any]:
    """The result of a sync in which `number` more members leave."""
    result = {**_empty(), **job.result}
    result["left"] += number
    return _with_summary(job, result)


def _empty() -> dict[str, Any]:
    return {**dict.fromkeys(RowOutcome, 0), "refused": 0, "changed_since": 0, "left": 0, "invalid": [], "skipped": []}


def _some_lines(before: Sequence[Any], rows: Sequence[tuple[int, str]]) -> list[Any]:
    room = MOST_LINES - len(before)
    return [*before, *({"line": line, "reason": reason} for line, reason in rows[:room])]


def _with_summary(job: BulkJob, result: dict[str, Any]) -> dict[str, Any]:
    """In a sync also the short form: the number of members, and how many are added, changed, leave and stay out."""
    result = {str(name): value for name, value in result.items()}
    if job.kind is not JobKind.SYNC:
        return {name: value for name, value in result.items() if name != "left"}
    return result | {
        "add": result[RowOutcome.ADDED.value],
        "change": result[RowOutcome.UPDATED.value],
        "leave": result["left"],
        "stay_out": result[RowOutcome.SKIPPED_SUPPRESSED.value] + result[RowOutcome.SKIPPED_UNSUBSCRIBED.value],
        "of": job.members,
    }
