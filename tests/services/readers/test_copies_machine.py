"""Random lives of the readers of a newsletter in two languages, in the middle of two editions."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests.delivery.harness import open_delivery
from tests.services.readers.lives import Lives

from pressrun.services.editions import audience, lifecycle
from pressrun.store.queue import copy_counts


@pytest.mark.parametrize("is_issue", [False, True])
@pytest.mark.parametrize("merges", [False, True])
async def test_everybody_gets_what_they_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, merges: bool, is_issue: bool
) -> None:
    for module in (audience, lifecycle):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", 1)
    for seed in range(4):
        folder = tmp_path / str(seed)
        folder.mkdir()
        async with open_delivery(folder) as harness:
            lives = Lives(harness, random.Random(seed), merges=merges, is_issue=is_issue)
            await lives.begin()
            await lives.live()
            assert [] == lives.faults(), "\n".join([f"seed {seed}", *lives.story])
            for edition in lives.editions.values():
                assert None is await harness.services.database.read(copy_counts.find_difference, edition)
