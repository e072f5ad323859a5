"""Random lives that move there and back in the middle of editions: one place is in use, and everybody gets one copy."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests.delivery.harness import open_delivery
from tests.engines import release
from tests.operations.moving import empty_database
from tests.operations.moving_lives import MovingLives

from pressrun.services.editions import audience, lifecycle

pytestmark = [pytest.mark.needs("postgresql"), pytest.mark.only_on("sqlite", "it moves to the other one and back")]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("seeds", "steps"), [(range(1), 10), pytest.param(range(1, 4), 40, marks=pytest.mark.thorough)]
)
async def test_life_goes_on_at_one_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seeds: range, steps: int
) -> None:
    for module in (audience, lifecycle):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", 1)
    for seed in seeds:
        folder, dice = tmp_path / str(seed), random.Random(seed)
        folder.mkdir()
        with empty_database() as server:
            async with open_delivery(folder) as harness:
                lives = MovingLives(harness, dice, server, merges=bool(seed & 2), is_issue=bool(seed & 1), steps=steps)
                await lives.begin()
                await lives.live_by(lives.plan())
                await lives.close_databases()
                assert [] == lives.faults(), "\n".join([f"seed {seed}", *lives.story])
                assert lives.tally["killed"] + lives.tally["settled"]
        release(folder)
