"""What is usual for a server, and when far more comes in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.abuse.rate_anomaly import DAY_HOURS, DAYS, HOUR_SECONDS, RateAnomaly, first_hour, usual_peak

HOUR = 500_000
COUNTS = st.dictionaries(st.integers(HOUR - DAY_HOURS * DAYS, HOUR - 1), st.integers(0, 1000))


def days(*peaks: int) -> dict[int, int]:
    """The latest days with a busiest hour of so many, yesterday first, and quieter ones around it."""
    counts = {}
    for day, peak in enumerate(peaks):
        for back in range(1, DAY_HOURS + 1):
            counts[HOUR - DAY_HOURS * day - back] = peak if back == 7 else peak // 3
    return counts


@pytest.mark.parametrize(
    ("peaks", "usual"),
    [
        ((), 0),
        ((20,) * 14, 20),
        ((20,) * 30, 20),
        ((900,) * 6 + (20,) * 8, 20),
        ((0, 0, 20, 20, 20, 20, 20) * 2, 20),
        ((20,) * 6, 0),
        ((20,) * 7, 10),
        ((10,) * 7 + (31,) * 7, 20),
    ],
    ids=["new", "even", "long ago", "attacks", "week-ends", "six days", "seven days", "growing"],
)
def test_the_usual_is_the_busiest_hour_of_an_ordinary_day(peaks: tuple[int, ...], usual: int) -> None:
    assert usual == usual_peak(days(*peaks), HOUR)


@given(counts=COUNTS)
def test_the_usual_is_never_above_the_busiest_hour_nor_moved_by_the_hour_itself(counts: dict[int, int]) -> None:
    usual = usual_peak(counts, HOUR)
    assert 0 <= usual <= max(counts.values(), default=0)
    assert usual == usual_peak({**counts, HOUR: 10**6, HOUR + 1: 10**6, HOUR - DAY_HOURS * DAYS - 1: 10**6}, HOUR)


def test_no_hour_that_counts_is_forgotten() -> None:
    now = HOUR * HOUR_SECONDS + 1234.5
    oldest = first_hour(now)
    assert 1 == round(usual_peak(dict.fromkeys(range(oldest, HOUR), 1), HOUR))
    assert HOUR - DAY_HOURS * DAYS == oldest


def at(minutes: float) -> float:
    return HOUR * HOUR_SECONDS + minutes * 60


def test_a_surge_begins_above_its_mark_and_ends_at_half_of_it() -> None:
    surge = RateAnomaly()
    told = []
    for number in (100, 101, 102):
        surge.count(HOUR, number, 0)
        told.append((surge.update(at(30), 100), surge.is_on))
    assert [(False, False), (True, True), (False, True)] == told
    ends = [minutes for minutes in range(31, 120) if surge.update(at(minutes), 100)]
    assert [91] == ends  # 102 in the hour before, of which 51 are left at half past
    assert not surge.is_on


def test_the_hour_before_counts_as_far_as_it_is_less_than_an_hour_ago() -> None:
    surge = RateAnomaly()
    surge.count(HOUR, 10, 200)
    assert (True, True) == (surge.update(at(6), 189), surge.is_on)  # 10 and nine tenths of 200
    other = RateAnomaly()
    other.count(HOUR, 10, 200)
    assert not other.update(at(6), 190)


def test_a_surge_ends_with_the_wish_to_know_and_after_hours_without_any() -> None:
    for now, mark in ((at(1), None), (at(180), 100.0)):
        surge = RateAnomaly()
        surge.count(HOUR, 1000, 0)
        assert surge.update(at(1), 100.0)
        assert (True, False) == (surge.update(now, mark), surge.is_on)


def test_nothing_that_came_in_is_less_than_any_mark() -> None:
    """However low the mark is: what came in hours ago counts as nothing."""
    surge = RateAnomaly()
    surge.count(HOUR, 1000, 0)
    assert surge.update(at(1), 0.5)
    assert (True, False) == (surge.update(at(180), 0.5), surge.is_on)


def test_a_clock_that_was_set_back_ends_nothing() -> None:
    surge = RateAnomaly()
    surge.count(HOUR, 1000, 0)
    assert surge.update(at(1), 100)
    assert not surge.update(at(-600), 100)
    assert surge.is_on
