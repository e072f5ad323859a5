"""Random lives with jobs that are killed between any two statements: each row once, and each count true."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests.delivery.harness import open_delivery
from tests.engines import release
from tests.services.jobs.job_lives import JobLives

from pressrun.services.editions import audience, lifecycle
from pressrun.services.jobs import job_work


@pytest.mark.slow_on_postgresql
@pytest.mark.parametrize(
    "seeds", [range(2), *(pytest.param(range(first, first + 3), marks=pytest.mark.thorough) for first in (2, 5, 8))]
)
async def test_each_row_of_a_job_is_done_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seeds: range) -> None:
    for module in (audience, lifecycle):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(job_work, "BATCH", 2)
    for seed in seeds:
        folder = tmp_path / str(seed)
        folder.mkdir()
        async with open_delivery(folder) as harness:
            lives = JobLives(harness, random.Random(seed), merges=bool(seed & 2), is_issue=bool(seed & 1))
            await lives.begin()
            await lives.live_by(lives.plan())
            assert [] == lives.faults(), "\n".join([f"seed {seed}", *lives.story])
        release(folder)
