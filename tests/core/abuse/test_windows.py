"""Windows in memory: never more than the rate in any of them, and no more subjects than fit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.abuse.windows import MOST_SUBJECTS, Windows
from pressrun.core.quantities import Rate

RATE = Rate(3, 10.0)


@given(st.lists(st.floats(0, 8), max_size=60))
def test_no_window_ever_holds_more_than_the_rate(steps: list[float]) -> None:
    windows, now, taken = Windows(), 1000.0, []
    for step in steps:
        now += step
        retry_at = windows.spend("a", RATE, now)
        if retry_at is None:
            taken.append(now)
        else:
            assert now < retry_at <= now + RATE.seconds
    assert all(later - first >= RATE.seconds for first, later in zip(taken, taken[RATE.count :], strict=False))


def test_what_is_too_much_is_not_counted_and_taken_when_it_says() -> None:
    windows = Windows()
    assert [None, None, None, 1010.0, 1010.0] == [windows.spend("a", RATE, 1000.0 + n) for n in range(5)]
    assert windows.spend("b", RATE, 1005.0) is None
    assert windows.spend("a", RATE, 1010.0) is None


def test_a_clock_that_was_set_back_locks_nobody_out() -> None:
    windows = Windows()
    for _ in range(RATE.count):
        windows.spend("a", RATE, 10**6)
    assert windows.spend("a", RATE, 1000.0) is None


def test_a_rate_that_was_made_smaller_holds_at_once() -> None:
    windows = Windows()
    for second in range(3):
        windows.spend("a", RATE, 1000.0 + second)
    assert 1012.0 == windows.spend("a", Rate(1, 10.0), 1003.0)


def test_subjects_are_bounded() -> None:
    """The one that was silent the longest is forgotten."""
    windows, once = Windows(), Rate(1, 10.0)
    for number in range(MOST_SUBJECTS + 1):
        windows.spend(str(number), once, 1000.0)
    assert windows.spend("1", once, 1000.0) is not None
    assert windows.spend("0", once, 1000.0) is None


def test_an_event_exactly_one_window_ahead_still_counts() -> None:
    """The clock was set back by one window, and no further."""
    windows, once = Windows(), Rate(1, 10.0)
    windows.spend("a", once, 1010.0)
    assert 1020.0 == windows.spend("a", once, 1000.0)
    assert windows.spend("a", once, 999.0) is None
