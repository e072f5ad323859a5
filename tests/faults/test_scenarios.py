"""Faults in the middle of an edition: nobody is lost, and nothing goes out twice beyond what nobody could help.

`python -m tests.faults all` runs the same, larger.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests.faults.__main__ import SCENARIOS
from tests.faults.storage import NoSmallDisk
from tests.faults.times import NoFakeClock

# The full disk and the files that may not grow have tests of their own, which look closer.
_ELSEWHERE = {"disk", "no-growth"}

pytestmark = pytest.mark.thorough


@pytest.mark.parametrize("name", sorted(SCENARIOS.keys() - _ELSEWHERE))
def test_an_edition_comes_through(name: str, sink_program: Path, tmp_path: Path) -> None:
    """Every reader has it once, and the books say so."""
    try:
        outcome = SCENARIOS[name](sink_program, tmp_path / name, 700, random.Random(1))
    except (NoSmallDisk, NoFakeClock) as problem:
        pytest.skip(str(problem))
    assert outcome.is_good, str(outcome)
