"""Random lives that move to the other engine while jobs are half done: these go on there, and their keys are known."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests.delivery.harness import open_delivery
from tests.engines import release
from tests.operations.moving import empty_database
from tests.operations.moving_lives import MovingLives
from tests.services.jobs.job_lives import JobLives

from pressrun.services.editions import audience, lifecycle
from pressrun.services.jobs import job_work
from pressrun.store.location import Location

pytestmark = [pytest.mark.needs("postgresql"), pytest.mark.only_on("sqlite", "it moves to the other one and back")]


class MovingJobs(MovingLives, JobLives):
    """A life with jobs that moves. What its process knew of jobs is gone with each move."""

    def plan(self) -> list[tuple[str, int]]:
        """A job is in the middle of its pages when the data move, there and back."""
        names = ["start", "take_slice", "claim"]
        for _ in range(2):
            names += ["hand_in", "go_on", "go_on", "go_on", "hand_in", "apply", "go_on", "go_on", "go_on", "go_on"]
            names += ["move_data", "repeat", "go_on", "repeat", "finish", "repeat"]
        more = [name for name, _ in JobLives.plan(self)[: self.steps]]
        return [(name, self.dice.randrange(1 << 30)) for name in [*names, *more]]

    async def settle(self, place: Location) -> None:
        await self.end_runners()
        await super().settle(place)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("seeds", "steps"), [(range(1), 0), pytest.param(range(1, 3), 40, marks=pytest.mark.thorough)])
async def test_jobs_go_on_at_the_other_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seeds: range, steps: int
) -> None:
    for module in (audience, lifecycle):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(job_work, "BATCH", 2)
    for seed in seeds:
        folder, dice = tmp_path / str(seed), random.Random(seed)
        folder.mkdir()
        with empty_database() as server:
            async with open_delivery(folder) as harness:
                lives = MovingJobs(harness, dice, server, merges=bool(seed & 2), is_issue=bool(seed & 1), steps=steps)
                await lives.begin()
                await lives.live_by(lives.plan())
                await lives.end_runners()
                await lives.close_databases()
                assert [] == lives.faults(), "\n".join([f"seed {seed}", *lives.story])
                assert lives.tally["settled"]
                assert lives.tally["rows"]
        release(folder)
