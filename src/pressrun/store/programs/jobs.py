"""Imports and syncs of programs: what each is to do, how far it is, and what became of its rows.

A job goes on after a restart from its position, which the transaction of each batch moves on. The files of a job are
in data_dir/jobs (store.programs.job_files).

        claim            plan
 queued ──────► running ──────► ready      (dry run)
                   │              │ apply
                   │              ▼
                   └─────────► applying ──► done        any of them ──► failed, cancelled
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from pressrun.store.transaction import Transaction, in_json


class JobKind(StrEnum):
    """What a job does."""

    IMPORT = "import"
    SYNC = "sync"


class JobState(StrEnum):
    """How far a job is. One that is ready was a dry run, and can be applied."""

    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    APPLYING = "applying"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


KEPT_SECONDS = 86_400  # from the request that makes or applies a job, and from its end
LIVE = frozenset({JobState.QUEUED, JobState.RUNNING, JobState.APPLYING})
UNFINISHED = LIVE | {JobState.READY}


class NewJob(Struct, frozen=True, kw_only=True):
    """A job to store. `file` is the name of its file, and `digest` its SHA-256.

    `total` counts its rows and, in a sync, those of the `members` who would leave.
    """

    kind: JobKind
    list_id: int
    source: str
    actor: str
    media_type: str
    file: str
    requires_confirmation: bool
    is_dry_run: bool
    max_unsubscribes: str
    total: int
    members: int
    digest: bytes


class BulkJob(NewJob, frozen=True, kw_only=True):
    """A job as stored, with the name of its list; `result` counts what became of the rows so far."""

    id: int
    list_name: str
    state: JobState
    position: int
    result: Mapping[str, Any]
    plan: bytes | None
    problem: str | None
    created_at: int
    expires_at: int

    @property
    def decided_at(self) -> int:
        """When `actor` handed in or applied a job that has not ended."""
        return self.expires_at - KEPT_SECONDS


def insert_job(tx: Transaction, new: NewJob, *, now: int, expires_at: int) -> int:
    """Queue a job; returns its id."""
    return tx.insert("jobs.insert", **asdict(new), now=now, expires_at=expires_at)


def find_job(tx: Transaction, job_id: int) -> BulkJob | None:
    return tx.parsed(BulkJob, "jobs.get", id=job_id)


def live_job_of(tx: Transaction, list_id: int) -> int | None:
    """The job of a list that waits or runs."""
    job_id: int | None = tx.value("jobs.live_of_list", list_id=list_id)
    return job_id


def live_jobs(tx: Transaction) -> list[int]:
    """The ids of the jobs that wait or run, oldest first."""
    return [row["id"] for row in tx.rows("jobs.live")]


def count_unfinished(tx: Transaction, list_id: int) -> tuple[int, int]:
    """How many jobs have files, in all and of one list."""
    (row,) = tx.rows("jobs.count_unfinished", list_id=list_id)
    return row["total"], row["own"]


def files_of_jobs(tx: Transaction) -> dict[str, int]:
    """The names of the files of unfinished jobs, each with the id of its job."""
    return {row["file"]: row["id"] for row in tx.rows("jobs.files")}


def record_job(tx: Transaction, before: BulkJob, changed: BulkJob) -> None:
    """Write what has changed of a job that was read as `before`; raises Conflict where its state has changed since."""
    tx.update(
        "jobs.record",
        id=before.id,
        was=before.state,
        state=changed.state,
        actor=changed.actor,
        position=changed.position,
        total=changed.total,
        result=in_json(changed.result),
        plan=changed.plan,
        problem=changed.problem,
        expires_at=changed.expires_at,
    )


def cancel_jobs(tx: Transaction, files: Collection[str], problem: str) -> None:
    """End the jobs with these files, if they have not ended; what they have done stays."""
    if files:
        tx.run("jobs.cancel", files=in_json([(name,) for name in files]), problem=problem)


def delete_job(tx: Transaction, job_id: int) -> None:
    tx.run("jobs.delete", id=job_id)


def sweep_jobs(tx: Transaction, now: int) -> int:
    """Delete jobs that have expired, a batch at a time; returns how many."""
    return tx.run("jobs.sweep", now=now)
