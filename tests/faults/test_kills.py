"""A killed daemon loses nothing and repeats only what was on its way."""

from __future__ import annotations

from pathlib import Path

from tests.faults.kills import kill_again_and_again


def test_kills_in_the_middle_of_an_edition(sink_program: Path, tmp_path: Path) -> None:
    """Every reader gets the edition; a second copy only where the first was not yet on record, under the same ID."""
    toll = kill_again_and_again(sink_program, tmp_path, readers=2_000, kills=3, rate="100000/s", seed=1)
    assert toll.is_good, str(toll)
