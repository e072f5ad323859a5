"""Random lives of the whole service, by its real doors, keep what the contract says, whoever does what in any order."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests import engines
from tests.daemon.whole_life import WholeLife
from tests.daemon.whole_service import WholeService

QUICK, MORE = range(2), range(2, 18)
STEPS = 120 if engines.IS_THOROUGH else 50


@pytest.mark.parametrize("seed", [*QUICK, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in MORE)])
async def test_the_whole_service_keeps_its_promises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    service = WholeService(tmp_path, monkeypatch)
    life = WholeLife(service, random.Random(seed))
    try:
        await life.live(STEPS)
    finally:
        await service.stop()
    assert [] == life.wrongs, "\n".join([f"seed {seed}", *life.story])
