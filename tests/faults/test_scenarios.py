"""Faults in the middle of an edition: nobody is lost, and nothing goes out twice beyond what nobody could help.

`python -m tests.faults all` runs the same, larger.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests.faults.__main__ import ON_FILES, SCENARIOS
from tests.faults.storage import NoSmallDisk
from tests.faults.times import NoFakeClock

# The full disk and the files that may not grow have tests of their own, which look closer. For what `unrest` does 700
# readers are too few: it is run by hand.
_ELSEWHERE = ON_FILES | {"server-killed", "unrest"}

# Longer than a scenario waits by itself (outcome.PATIENCE_SECONDS), which says what did not come.
pytestmark = [pytest.mark.thorough, pytest.mark.timeout(400)]


@pytest.mark.parametrize("name", sorted(SCENARIOS.keys() - _ELSEWHERE))
def test_an_edition_comes_through(name: str, sink_program: Path, tmp_path: Path) -> None:
    """Every reader has it once, and the books say so."""
    comes_through(name, sink_program, tmp_path)


@pytest.mark.only_on("sqlite", "another process holds the lock of the file")
def test_an_edition_comes_through_while_the_file_is_locked(sink_program: Path, tmp_path: Path) -> None:
    comes_through("locked", sink_program, tmp_path)


@pytest.mark.only_on("sqlite", "what a server keeps is its own affair")
def test_an_edition_comes_through_when_the_power_is_cut(sink_program: Path, tmp_path: Path) -> None:
    comes_through("power", sink_program, tmp_path)


@pytest.mark.only_on("postgresql", "the server is what dies")
def test_an_edition_comes_through_when_the_server_dies(sink_program: Path, tmp_path: Path) -> None:
    comes_through("server-killed", sink_program, tmp_path)


def comes_through(name: str, program: Path, folder: Path) -> None:
    try:
        outcome = SCENARIOS[name](program, folder / name, 700, random.Random(1))
    except (NoSmallDisk, NoFakeClock) as problem:
        pytest.skip(str(problem))
    assert outcome.is_good, str(outcome)
