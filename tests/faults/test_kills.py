"""A killed daemon loses nothing that it was told or told others, and repeats only what was on its way."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.faults.kills import kill_again_and_again
from tests.faults.leavings import kill_while_readers_leave

pytestmark = pytest.mark.thorough


@pytest.mark.parametrize("with_workers", [False, True])
def test_kills_in_the_middle_of_an_edition(sink_program: Path, tmp_path: Path, *, with_workers: bool) -> None:
    """All readers get the edition; where workers are killed, too, some get a second copy under the same Message-ID."""
    toll = kill_again_and_again(
        sink_program, tmp_path, readers=2_000, kills=3, rate="100000/s", seed=1, with_workers=with_workers
    )
    assert toll.is_good, str(toll)


def test_kills_while_readers_leave(tmp_path: Path) -> None:
    """Who was answered 200 has left, with one row of evidence and one link to undo it; the chain holds."""
    record = kill_while_readers_leave(tmp_path, readers=1_500, kills=3, seed=1)
    assert record.is_good, str(record)
    assert len(record.answered) > 500
