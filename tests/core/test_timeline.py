"""Counts over time, as bars that a person can take in."""

from __future__ import annotations

import pytest

from pressrun.core.timeline import BARS_AT_MOST, moment_of_share, spread

DAY = 86400


def test_nothing_has_no_bars() -> None:
    timeline = spread({}, 100)
    assert ((), 0, 0, None) == (timeline.numbers, timeline.later, timeline.total, timeline.last_at)


def test_short_times_keep_their_seconds() -> None:
    timeline = spread({100: 3, 104: 2}, 100)
    assert ((3, 0, 0, 0, 2), 1, 105) == (timeline.numbers, timeline.seconds, timeline.end_at)


@pytest.mark.parametrize("span", [59, 60, 61, 3600, DAY, 5 * DAY, 400 * DAY, 4000 * DAY])
def test_bars_are_few_and_none_is_lost(span: int) -> None:
    counts = dict.fromkeys(range(0, span, max(1, span // 500)), 1)
    timeline = spread(counts, 0)
    assert len(timeline.numbers) <= BARS_AT_MOST
    assert sum(counts.values()) == timeline.total == sum(timeline.numbers)


def test_stragglers_do_not_hide_the_beginning() -> None:
    """They are counted beside an axis that ends before them."""
    timeline = spread({**dict.fromkeys(range(100), 10), 4 * DAY: 7}, 0)
    assert (100, 2, 7, 4 * DAY) == (timeline.end_at, timeline.seconds, timeline.later, timeline.last_at)


def test_what_came_before_the_start_stands_in_the_first_bar() -> None:
    """The clock was set back meanwhile."""
    assert (2, 0, 1) == spread({90: 2, 102: 1}, 100).numbers


@pytest.mark.parametrize(("share", "at"), [(0.5, 2), (0.51, 3), (0.99, 9), (1.0, 9)])
def test_the_moment_of_a_share(share: float, at: int) -> None:
    assert at == moment_of_share({1: 25, 2: 25, 3: 40, 9: 10}, share)
    assert None is moment_of_share({}, share)


@pytest.mark.parametrize(("days", "weeks"), [(421, 2), (840, 2), (841, 3), (4000, 10)])
def test_beyond_a_year_bars_are_whole_weeks(days: int, weeks: int) -> None:
    """The fewest weeks that leave few enough bars."""
    assert weeks * 7 * DAY == spread({0: 1, days * DAY - 1: 99}, 0).seconds


def test_the_first_second_beyond_the_axis_is_later() -> None:
    timeline = spread({0: 1000, 4: 1, 5: 1}, 0)
    assert ((1000, 0, 0, 0, 1), 1) == (timeline.numbers, timeline.later)


def test_counts_from_before_the_start_alone_are_one_bar() -> None:
    assert (2,) == spread({90: 2}, 100).numbers
