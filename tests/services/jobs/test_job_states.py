"""Which jobs time and erasures may touch, by their states."""

from __future__ import annotations

import pytest
from tests.database import execute
from tests.services.harness import ServiceHarness

from pressrun.store.programs import jobs
from pressrun.store.programs.jobs import LIVE, UNFINISHED, JobKind, JobState, NewJob

EXPIRES = 1_000


async def job_in(services: ServiceHarness, state: JobState) -> int:
    await services.make_list()
    new = NewJob(
        kind=JobKind.IMPORT,
        list_id=1,
        source="api:crm",
        actor="api:crm",
        media_type="text/csv",
        file="a" * 32,
        requires_confirmation=False,
        is_dry_run=True,
        max_unsubscribes="",
        total=1,
        members=0,
        digest=bytes(32),
    )
    number = await services.database.write(jobs.insert_job, new, now=0, expires_at=EXPIRES)
    await execute(services.database, "update job set state = ?", state.value)
    return number


@pytest.mark.parametrize("state", JobState)
async def test_a_job_that_expires_goes_unless_it_waits_or_runs(services: ServiceHarness, state: JobState) -> None:
    number = await job_in(services, state)
    assert 0 == await services.database.write(jobs.sweep_jobs, EXPIRES - 1)
    assert int(state not in LIVE) == await services.database.write(jobs.sweep_jobs, EXPIRES)
    assert (state in LIVE) == (await services.database.read(jobs.find_job, number) is not None)


@pytest.mark.parametrize("state", JobState)
async def test_a_job_that_has_ended_keeps_its_end(services: ServiceHarness, state: JobState) -> None:
    number = await job_in(services, state)
    await services.database.write(jobs.cancel_jobs, ["a" * 32, "b" * 32], "its file is gone")
    job = await services.database.read(jobs.find_job, number)
    assert job is not None
    ended = (JobState.CANCELLED, "its file is gone") if state in UNFINISHED else (state, None)
    assert ended == (job.state, job.problem)
