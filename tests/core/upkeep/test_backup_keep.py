"""Which backups `--keep` keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.errors import BadQuantity
from pressrun.core.upkeep.backup_keep import KeepPart, choose_kept, parse_keep

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def nights(number: int) -> list[int]:
    """So many nightly backups, the newest first."""
    return [int((NOON - timedelta(days=day)).timestamp()) for day in range(number)]


def days(kept: set[int]) -> list[str]:
    return [datetime.fromtimestamp(at, UTC).strftime("%m-%d") for at in sorted(kept, reverse=True)]


def test_each_part_keeps_the_newest_of_its_periods() -> None:
    """28 November 2026 is a Saturday; a week ends with Sunday."""
    kept = choose_kept(nights(100), parse_keep("3d,3w,3m"))
    assert days(kept) == ["11-28", "11-27", "11-26", "11-22", "11-15", "10-31", "09-30"]


def test_periods_without_a_backup_do_not_count() -> None:
    """A machine that was off for a year loses none of its backups by being on again."""
    times = [nights(1)[0], *[at - 400 * 86400 for at in nights(3)]]
    assert choose_kept(times, parse_keep("4d")) == {*times}


def test_without_parts_everything_is_kept() -> None:
    assert choose_kept(nights(9), ()) == {*nights(9)}


@pytest.mark.parametrize("text", ["", "7", "d7", "0d", "7d,", "7x", "-1d", "7d 4w", "٧d", "999999d"])
def test_other_texts_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadQuantity, match="such as '7d,4w,12m'"):
        parse_keep(text)


@given(
    times=st.lists(st.integers(0, 4_000_000_000), max_size=30),
    parts=st.lists(st.builds(KeepPart, st.integers(1, 9), st.sampled_from("hdwmy")), min_size=1, max_size=4),
)
def test_the_newest_is_always_kept_and_thinning_again_changes_nothing(times: list[int], parts: list[KeepPart]) -> None:
    kept = choose_kept(times, parts)
    assert kept <= {*times}
    assert not times or max(times) in kept
    assert choose_kept(kept, parts) == kept
