"""Rates as pure functions of (state, now): spread delivery, budgets, and the sliding windows of `[limits]`.

Delivery under one or more rates: the rate with the shortest unit is *spread* (GCRA: one event each interval, with a
tolerance so that a late timer does not lose its turn), the longer ones are *budgets*: at most N in any window, spent at
that pace. Nothing here sleeps or knows the time. States are small tuples of numbers and can be stored as they are;
times are wall-clock seconds, so that a stored state means the same after a restart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import msgspec

from pressrun.core.quantities import Rate

# A timer on a busy loop fires late, and a connection has to be opened; without room for that a rate of 1,000/s loses
# one turn in eight. The room adds to every window once: it is half of what one copy more in a second, or 1 % more,
# allows. The other half is for the way to the relay, on which copies catch up with each other.
TOLERANCE_AT_MOST_SECONDS = 0.25  # no connection takes longer to open
BUDGET_SLICES = 100  # a budget remembers its window in this many slices: 1 % of the window is its grain


class SpreadState(msgspec.Struct, frozen=True):
    """`turn_at`: when the next event is due if it comes neither early nor late (GCRA's theoretical arrival time)."""

    turn_at: float = 0.0


class BudgetState(msgspec.Struct, frozen=True):
    """What was spent: (end of the slice, count) for each slice still inside the window, oldest first."""

    slices: tuple[tuple[float, int], ...] = ()


class Spread:
    """One rate, spread evenly: in any second at most its share and one event, or 1 %, more.

    With `is_strict`, no event is late: a caller that reserves time slots has other uses for the remaining room.
    """

    __slots__ = ("interval", "rate", "room_seconds", "tolerance_seconds")

    def __init__(self, rate: Rate, *, is_strict: bool = False) -> None:
        self.rate = rate
        self.interval = rate.interval
        more = max(1, int(1 / self.interval / 100 + 1e-9))  # copies that a second may hold above its share
        self.room_seconds = more * self.interval
        self.tolerance_seconds = 0.0 if is_strict else min(self.room_seconds / 2, TOLERANCE_AT_MOST_SECONDS)

    def next_at(self, state: SpreadState, now: float) -> float:
        """When the next event may happen."""
        return max(now, min(state.turn_at, now + self.rate.seconds))

    def cut(self, state: SpreadState, now: float) -> SpreadState:
        """The state with a turn more than one window ahead cut to one window: the clock was set back."""
        latest = now + self.rate.seconds
        return state if state.turn_at <= latest else SpreadState(latest)

    def spend(self, state: SpreadState, times: Sequence[float]) -> SpreadState:
        """The state after one event at each of these times, in their order."""
        turn, tolerance, interval = state.turn_at, self.tolerance_seconds, self.interval
        if times:
            turn = min(turn, times[0] + self.rate.seconds)
        for at in times:
            turn = max(turn, at - tolerance) + interval
        return SpreadState(turn)

    def turns(self, state: SpreadState, now: float, count: int) -> list[float]:
        """When the next `count` events are due; those that are late are due now."""
        first, interval = self._first_turn(state, now), self.interval
        return [max(now, first + number * interval) for number in range(count)]

    def count_until(self, state: SpreadState, now: float, horizon: float) -> int:
        """How many events have their turn by `horizon`, those that are late included."""
        return max(0, 1 + math.floor((horizon - self._first_turn(state, now)) / self.interval))

    def _first_turn(self, state: SpreadState, now: float) -> float:
        return min(max(state.turn_at, now - self.tolerance_seconds), now + self.rate.seconds)


class Budget:
    """At most N events in any window. Spending is remembered in slices, each counted until its last moment leaves."""

    __slots__ = ("_grain", "rate")

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self._grain = rate.seconds / BUDGET_SLICES

    def left(self, state: BudgetState, now: float) -> int:
        """How many more events may happen now."""
        return self.rate.count - sum(count for end, count in self._inside(state, now))

    def next_at(self, state: BudgetState, now: float) -> float:
        """When the next event may happen."""
        inside = self._inside(state, now)
        surplus = sum(count for _, count in inside) - self.rate.count
        if surplus < 0:
            return now
        for end, count in inside:
            surplus -= count
            if surplus < 0:
                return end + self.rate.seconds
        raise AssertionError("a rate lets at least one event through")

    def cut(self, state: BudgetState, now: float) -> BudgetState:
        """The state with what was spent in the future, since the clock was set back, counted as spent now."""
        if not state.slices or state.slices[-1][0] <= now + self._grain:
            return state
        return BudgetState(self._inside(state, now))

    def spend(self, state: BudgetState, at: float, count: int = 1) -> BudgetState:
        """The state after `count` events at `at`."""
        inside = self._inside(state, at)
        if inside and at <= inside[-1][0]:
            return BudgetState((*inside[:-1], (inside[-1][0], inside[-1][1] + count)))
        return BudgetState((*inside, (at + self._grain, count)))

    def _inside(self, state: BudgetState, now: float) -> tuple[tuple[float, int], ...]:
        latest = now + self._grain
        cut = tuple((min(end, latest), count) for end, count in state.slices)  # the clock was set back
        return tuple(part for part in cut if part[0] + self.rate.seconds > now)


class PaceState(msgspec.Struct, frozen=True):
    """The states of all rates of one scope, storable as plain numbers by `dump` and read back by `load`."""

    spread: SpreadState = SpreadState()
    budgets: tuple[BudgetState, ...] = ()


class Pace:
    """All rates of one scope together (the process, a relay, a recipient domain): an event must suit every one."""

    __slots__ = ("budgets", "spread")

    def __init__(self, rates: Sequence[Rate], *, is_strict: bool = False) -> None:
        ordered = sorted(rates, key=lambda rate: (rate.seconds, rate.interval))
        self.spread = Spread(ordered[0], is_strict=is_strict) if ordered else None
        self.budgets = tuple(Budget(rate) for rate in ordered[1:])

    def start(self) -> PaceState:
        """The state of a scope in which nothing has happened yet."""
        return PaceState(SpreadState(), tuple(BudgetState() for _ in self.budgets))

    def next_at(self, state: PaceState, now: float) -> float:
        """When the next event may happen, `now` if at once."""
        if self.spread is None:
            return now
        at = self.spread.next_at(state.spread, now)
        for budget, spent in zip(self.budgets, state.budgets, strict=True):
            at = max(at, budget.next_at(spent, now))
        return at

    @property
    def interval(self) -> float:
        """Seconds between two events that are spread evenly; 0 without a rate."""
        return 0.0 if self.spread is None else self.spread.interval

    @property
    def reach_seconds(self) -> float:
        """How far ahead an event may be spent: a turn further away than one window is cut, as a clock was set back."""
        return math.inf if self.spread is None else max(0.0, self.spread.rate.seconds - 2 * self.spread.interval)

    def turns(self, state: PaceState, now: float, count: int) -> list[float]:
        """When the next `count` events are due, as far as they are spread; `now` at the earliest."""
        return [now] * count if self.spread is None else self.spread.turns(state.spread, now, count)

    def spend(self, state: PaceState, times: Sequence[float]) -> PaceState:
        """The state after one event at each of these times, in their order."""
        if self.spread is None or not times:
            return state
        last, count = times[-1], len(times)
        budgets = tuple(b.spend(s, last, count) for b, s in zip(self.budgets, state.budgets, strict=True))
        return PaceState(self.spread.spend(state.spread, times), budgets)

    def cut(self, state: PaceState, now: float) -> PaceState:
        """The state without times that lie further ahead than they can: the clock was set back.

        The keeper of a state cuts it now and then, so that the wait for one window comes to an end.
        """
        if self.spread is None:
            return state
        budgets = tuple(b.cut(s, now) for b, s in zip(self.budgets, state.budgets, strict=True))
        return PaceState(self.spread.cut(state.spread, now), budgets)

    def count_until(self, state: PaceState, now: float, horizon: float, most: int) -> int:
        """How many events have their turn between now and `horizon`, at most `most`."""
        if self.spread is None:
            return most
        room = most
        for budget, spent in zip(self.budgets, state.budgets, strict=True):
            room = min(room, max(0, budget.left(spent, now)))
        return min(room, self.spread.count_until(state.spread, now, horizon))

    def reserve(self, state: PaceState, now: float, count: int) -> PaceState:
        """The state as if `count` events, claimed and not sent yet, had happened at their turns."""
        if self.spread is None or count == 0:
            return state
        turn = self.spread.next_at(state.spread, now) + count * self.spread.interval
        budgets = tuple(b.spend(s, now, count) for b, s in zip(self.budgets, state.budgets, strict=True))
        return PaceState(SpreadState(turn), budgets)

    def dump(self, state: PaceState) -> list[object]:
        """Plain lists and numbers for storage: each budget with its window, by which `load` finds it again."""
        budgets = zip(self.budgets, state.budgets, strict=True)
        return [
            state.spread.turn_at,
            [[budget.rate.seconds, list(map(list, spent.slices))] for budget, spent in budgets],
        ]

    def load(self, stored: object) -> PaceState:
        """The state of an earlier `dump`; under other rates a budget over the same window keeps what was spent."""
        try:
            turn_at, budgets = cast("tuple[float, list[tuple[float, list[tuple[float, int]]]]]", stored)
            spent = {
                float(seconds): BudgetState(tuple((float(end), int(count)) for end, count in slices))
                for seconds, slices in budgets
            }
            spread = SpreadState(float(turn_at))
        except (TypeError, ValueError):
            return self.start()
        return PaceState(spread, tuple(spent.get(budget.rate.seconds, BudgetState()) for budget in self.budgets))
