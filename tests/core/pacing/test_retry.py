"""When a deferred copy comes back, and when it is given up."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.pacing.retry import is_given_up, latest_attempt_at, next_attempt_at

SCHEDULE = (300.0, 900.0, 3600.0)


@pytest.mark.parametrize(("attempts", "wait"), [(0, 300), (1, 300), (2, 900), (3, 3600), (4, 3600), (99, 3600)])
def test_waits_grow_and_the_last_one_repeats(attempts: int, wait: int) -> None:
    assert 1000 + wait == next_attempt_at(schedule=SCHEDULE, attempts=attempts, now=1000.0, jitter=0.0)


@given(
    st.lists(st.floats(0.001, 1e6), min_size=1, max_size=5),
    st.integers(0, 9),
    st.floats(0, 4e9),
    st.floats(0, 1),
)
def test_jitter_is_at_most_a_tenth_where_a_whole_second_is_that_near(
    schedule: list[float], attempts: int, now: float, jitter: float
) -> None:
    """Otherwise the next one; and a wait of ten seconds or more is never shorter than the schedule says."""
    wait = schedule[min(max(attempts, 1), len(schedule)) - 1]
    at = next_attempt_at(schedule=schedule, attempts=attempts, now=now, jitter=jitter)
    earliest = now + wait if wait >= 10 else now + wait * 0.9
    latest = now + wait * 1.1
    assert earliest - 0.002 <= at <= max(latest, math.ceil(earliest)) + 0.002
    assert at <= latest_attempt_at(schedule=schedule, now=now)


def test_waits_of_a_second_do_not_become_two() -> None:
    """Each attempt is a moment after a whole second, as is the next."""
    at = 1000
    for attempts in range(1, 6):
        at = next_attempt_at(schedule=[1.0], attempts=attempts, now=at + 0.03, jitter=0.7)
    assert 1005 == at


@pytest.mark.parametrize(("next_at", "given_up"), [(1000 + 432000, False), (1001 + 432000, True)])
def test_a_copy_is_given_up_when_its_next_attempt_would_be_too_late(next_at: int, given_up: bool) -> None:
    assert given_up == is_given_up(first_attempt_at=1000, next_at=next_at, give_up_after=432000.0)
