"""Pacing: never faster than told in any window, whatever is stored or done to the clock; and hardly slower."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.pacing.rates import (
    Budget,
    BudgetState,
    Pace,
    PaceState,
    Spread,
    SpreadState,
)
from pressrun.core.quantities import Rate

START = 1_800_000_000.0
GRAIN = 1e-6  # what a float of today's seconds cannot tell apart

RATES = st.builds(Rate, st.integers(1, 2000), st.sampled_from([0.2, 1.0, 60.0, 3600.0]))
DELIVERY = st.lists(RATES, min_size=1, max_size=3)
STEPS = st.lists(st.sampled_from([0.0, 0.0, 0.0004, 0.01, 0.2, 1.0, 7.0, 59.9, 60.0, 3600.0]), max_size=60)


def most_in_a_window(times: Sequence[float], seconds: float) -> int:
    """The most events in any window (t, t + seconds]; the fullest ones end with an event."""
    return max((i + 1 - bisect_right(times, at - seconds + GRAIN) for i, at in enumerate(times)), default=0)


def spend_all(pace: Pace, state: PaceState, now: float, most: int) -> tuple[PaceState, int]:
    """Take every turn that there is at one moment."""
    count = 0
    while count < most and pace.next_at(state, now) <= now:
        state, count = pace.spend(state, [now]), count + 1
    return state, count


@given(DELIVERY, STEPS, st.randoms(use_true_random=False))
def test_no_window_holds_more_than_the_rate_and_one_or_a_hundredth(
    rates: list[Rate], steps: list[float], random: object
) -> None:
    """At most one copy or 1 % above in any second; a budget over a longer window is never exceeded at all."""
    pace = Pace(rates)
    state, now, times = pace.start(), START, []
    for step in steps:
        now += step
        state, count = spend_all(pace, state, now, 300)
        times += [now] * count
        state = pace.load(json.loads(json.dumps(pace.dump(state))))  # a restart changes nothing
    assert pace.spread is not None
    spread = pace.spread.rate
    window = max(1.0, spread.seconds)
    allowed = spread.count * window / spread.seconds
    assert most_in_a_window(times, window) <= max(allowed + 1, allowed * 1.01)
    for budget in pace.budgets:
        assert most_in_a_window(times, budget.rate.seconds) <= budget.rate.count


@given(st.integers(1, 50), st.lists(st.tuples(st.floats(0, 20), st.integers(0, 9)), max_size=80))
def test_a_budget_is_kept_in_every_window(count: int, steps: list[tuple[float, int]]) -> None:
    budget, state, now = Budget(Rate(count, 60.0)), BudgetState(), START
    times: list[float] = []
    for step, wanted in steps:
        now += step
        taken = min(wanted, max(0, budget.left(state, now)))
        if taken:
            state, times = budget.spend(state, now, taken), times + [now] * taken
    assert most_in_a_window(times, 60.0) <= count


@given(st.integers(1, 9), st.lists(st.floats(0, 30), max_size=60))
def test_a_budget_says_when_it_goes_on(count: int, steps: list[float]) -> None:
    budget, state, now = Budget(Rate(count, 60.0)), BudgetState(), START
    for step in steps:
        now += step
        at = budget.next_at(state, now)
        assert (at <= now) == (budget.left(state, now) > 0)
        assert now <= at <= now + 60.0 * 1.01 + GRAIN
        assert budget.left(state, at + GRAIN) > 0
        if at <= now:
            state = budget.spend(state, now)


@given(DELIVERY, st.floats(1, 1e9), st.integers(1, 400))
def test_a_clock_that_was_set_back_stops_nobody_for_longer_than_a_window(
    rates: list[Rate], back: float, spent: int
) -> None:
    pace = Pace(rates)
    state = pace.start()
    for _ in range(spent):
        state = pace.spend(state, [max(START, pace.next_at(state, START))])
    longest = max(rate.seconds for rate in rates)
    now = START - back
    state = pace.cut(state, now)
    at = pace.next_at(state, now)
    assert now <= at <= now + longest * 1.01 + GRAIN
    later = at + GRAIN
    assert later == pace.next_at(pace.cut(state, later), later)


@given(DELIVERY, st.floats(1, 1e9), STEPS)
def test_a_clock_that_was_set_back_makes_nobody_faster_from_then_on(
    rates: list[Rate], back: float, steps: list[float]
) -> None:
    pace = Pace(rates)
    state, _ = spend_all(pace, pace.start(), START, 300)
    now, times = START - back, []
    for step in steps:
        now += step
        state, count = spend_all(pace, state, now, 300)
        times += [now] * count
    for budget in pace.budgets:
        assert most_in_a_window(times, budget.rate.seconds) <= budget.rate.count


@pytest.mark.parametrize(("count", "late"), [(10, 0.002), (100, 0.002), (1000, 0.0015), (1000, 0.004), (5000, 0.003)])
def test_a_timer_that_fires_late_costs_less_than_two_in_a_hundred(count: int, late: float) -> None:
    pace = Pace([Rate(count, 1.0)])
    state, now, taken = pace.start(), START, 0
    while now < START + 10:
        state, new = spend_all(pace, state, now, 10_000)
        taken += new
        now = max(now, pace.next_at(state, now)) + late
    assert count * 10 * 0.98 <= taken <= count * 10 * 1.01 + 1


def test_a_rate_is_spread_evenly() -> None:
    pace = Pace([Rate(4, 1.0)])
    state, now, times = pace.start(), START, []
    for _ in range(9):
        now = pace.next_at(state, now)
        times.append(now - START)
        state = pace.spend(state, [now])
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert [pytest.approx(0.25)] * 7 == gaps[1:]  # the first ones may come together: the room for a late timer


def test_the_shortest_unit_is_spread_and_the_longer_ones_are_budgets() -> None:
    pace = Pace([Rate(20000, 3600.0), Rate(100, 1.0), Rate(5, 86400.0)])
    assert pace.spread is not None
    assert (Rate(100, 1.0), [Rate(20000, 3600.0), Rate(5, 86400.0)]) == (
        pace.spread.rate,
        [budget.rate for budget in pace.budgets],
    )


def test_a_spent_budget_waits_although_the_pace_would_allow_more() -> None:
    pace = Pace([Rate(100, 1.0), Rate(3, 60.0)])
    state, now = pace.start(), START
    for _ in range(3):
        now = pace.next_at(state, now)
        state = pace.spend(state, [now])
    assert START + 60.0 <= pace.next_at(state, now) <= START + 61.0


@given(DELIVERY, STEPS, st.floats(0, 2), st.integers(1, 200))
def test_the_turns_that_are_counted_are_there_when_one_steps(
    rates: list[Rate], steps: list[float], ahead: float, most: int
) -> None:
    """`count_until` never promises a turn that stepping through them does not find."""
    pace = Pace(rates)
    state, now = pace.start(), START
    for step in steps:
        now += step
        state, _ = spend_all(pace, state, now, 3)
    promised = pace.count_until(state, now, now + ahead, most)
    stepped = 0
    stepping = state
    while stepped < most:
        at = pace.next_at(stepping, now)
        if at > now + ahead + GRAIN * (1 + stepped):  # each step rounds
            break
        stepping, stepped = pace.spend(stepping, [at]), stepped + 1
    assert promised <= stepped
    assert (promised > 0) >= (pace.next_at(state, now) <= now)


@given(DELIVERY, STEPS, st.integers(1, 200))
def test_turns_that_are_due_together_are_spent_together(rates: list[Rate], steps: list[float], most: int) -> None:
    pace = Pace(rates)
    state, now = pace.start(), START
    for step in steps:
        now += step
        state, _ = spend_all(pace, state, now, 3)
    count = pace.count_until(state, now, now, most)
    stepping = state
    for _ in range(count):
        stepping = pace.spend(stepping, [now])
    together = pace.spend(state, [now] * count)
    assert pytest.approx(stepping.spread.turn_at) == together.spread.turn_at
    assert stepping.budgets == together.budgets


@given(DELIVERY, st.integers(1, 100))
def test_reserved_turns_are_never_later_than_spent_ones_would_allow(rates: list[Rate], count: int) -> None:
    """What a claim stores counts at least as much as spending the turns one after the other."""
    pace = Pace(rates)
    state = pace.start()
    count = pace.count_until(state, START, START + 3600.0, count)
    stepping = state
    at = START
    for _ in range(count):
        at = pace.next_at(stepping, at)
        stepping = pace.spend(stepping, [at])
    reserved = pace.reserve(state, START, count)
    assert pace.spread is not None
    assert reserved.spread.turn_at >= stepping.spread.turn_at - GRAIN
    for budget, held, spent in zip(pace.budgets, reserved.budgets, stepping.budgets, strict=True):
        assert budget.left(held, START) <= budget.left(spent, at)


def test_nothing_reserved_changes_nothing() -> None:
    pace = Pace([Rate(1, 1.0)])
    state = pace.spend(pace.start(), [START])
    assert state == pace.reserve(state, START, 0)


def test_without_a_rate_there_is_no_waiting() -> None:
    pace = Pace([])
    state = pace.spend(pace.start(), [START])
    assert (START, 77) == (pace.next_at(state, START), pace.count_until(state, START, START, 77))
    assert pace.start() == pace.reserve(state, START, 5)


@given(DELIVERY, STEPS)
def test_what_was_dumped_is_loaded_as_it_was(rates: list[Rate], steps: list[float]) -> None:
    pace = Pace(sorted({rate.seconds: rate for rate in rates}.values()))
    state, now = pace.start(), START
    for step in steps:
        now += step
        state, _ = spend_all(pace, state, now, 5)
    assert state == pace.load(json.loads(json.dumps(pace.dump(state))))


def test_a_budget_is_kept_when_another_rate_is_added() -> None:
    """Twenty of an hour were spent; a further rate in the file does not give them back."""
    before = Pace([Rate(100, 1.0), Rate(20, 3600.0)])
    state = before.start()
    for number in range(20):
        state = before.spend(state, [START + number])
    after = Pace([Rate(100, 1.0), Rate(20, 3600.0), Rate(1000, 86400.0)])
    loaded = after.load(before.dump(state))
    assert START + 3600.0 <= after.next_at(loaded, START + 20)


@pytest.mark.parametrize(
    "stored", [None, 7, "x", [], [1], [1, 2], ["x", []], [1.0, [[1]]], [1.0, [["x", []]]], {"a": 1}]
)
def test_a_stored_state_that_cannot_be_read_is_a_start(stored: object) -> None:
    pace = Pace([Rate(1, 1.0), Rate(9, 60.0)])
    assert pace.start() == pace.load(stored)


def test_a_turn_stored_far_ahead_is_cut_to_one_window() -> None:
    spread = Spread(Rate(10, 60.0))
    assert START + 60.0 == spread.next_at(SpreadState(START + 1e6), START)


@pytest.mark.parametrize(("count", "more"), [(1, 1), (10, 1), (100, 1), (199, 1), (200, 2), (1000, 10)])
def test_a_second_has_room_for_one_more_or_a_hundredth(count: int, more: int) -> None:
    assert pytest.approx(more / count) == Spread(Rate(count, 1.0)).room_seconds


def test_what_is_spent_up_to_the_end_of_a_slice_belongs_to_it() -> None:
    budget = Budget(Rate(1000, 100.0))
    first = budget.spend(BudgetState(), START)
    [(end, _)] = first.slices
    assert ((end, 2),) == budget.spend(first, end).slices
    assert 2 == len(budget.spend(first, end + 0.001).slices)


def test_a_budget_has_room_at_the_moment_that_it_names() -> None:
    budget = Budget(Rate(1, 10.0))
    spent = budget.spend(BudgetState(), 100.0)
    at = budget.next_at(spent, 100.0)
    assert (0, 1) == (budget.left(spent, at - 0.001), budget.left(spent, at))
    assert at == budget.next_at(spent, at)
