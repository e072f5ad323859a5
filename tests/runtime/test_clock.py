"""The clock: even between two looks at the wall clock, and after a step of it the same everywhere."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.runtime.clock import STEP_SECONDS, UtcClock, utc_now


class Machine:
    """A machine whose two clocks a test moves; `delays` are how long the next readings of the wall clock take."""

    def __init__(self) -> None:
        self.booted = 1000.25
        self.ahead = 1_800_000_000.0
        self.delays: list[float] = []

    def since_boot(self) -> float:
        return self.booted

    def wall(self) -> float:
        read = self.booted + self.ahead
        self.booted += self.delays.pop(0) if self.delays else 0.0
        return read

    def clock(self) -> UtcClock:
        return UtcClock(self.since_boot, self.wall)


def test_it_is_the_wall_clock() -> None:
    assert abs(utc_now() - time.time()) < 1.0


def test_a_step_is_followed_and_told_at_the_next_whole_second() -> None:
    machine, steps = Machine(), list[float]()
    clock = machine.clock()
    clock.on_step(steps.append)
    before = clock()
    machine.ahead -= 3600.0
    machine.booted += 0.7
    assert (before + 0.7, []) == (clock(), steps)
    machine.booted += 0.1
    assert (before - 3600.0 + 0.8, [-3600.0]) == (clock(), steps)
    machine.booted += 10.0
    assert (before - 3600.0 + 10.8, [-3600.0]) == (clock(), steps)


def test_two_processes_follow_a_step_together() -> None:
    """The daemon and a worker hand each other times: where one started does not matter."""
    machine = Machine()
    clock = machine.clock()
    machine.booted += 0.5
    other = machine.clock()
    machine.ahead += 86400.0
    for _ in range(8):
        machine.booted += 0.125
        assert clock() == other()


def test_a_small_step_is_followed_without_a_word() -> None:
    machine, steps = Machine(), list[float]()
    clock = machine.clock()
    clock.on_step(steps.append)
    before = clock()
    machine.ahead += 0.5
    machine.booted += 2.0
    assert (before + 2.5, []) == (clock(), steps)


def test_a_step_without_anybody_to_tell_is_followed() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.ahead += 60.0
    machine.booted += 1.0
    assert machine.booted + machine.ahead == clock()


@pytest.mark.parametrize("delays", [[3.0], [3.0, 2.0, 0.001, 5.0], [0.001, 9.0]])
def test_a_process_that_is_stopped_between_both_readings_keeps_its_time(delays: list[float]) -> None:
    machine, steps = Machine(), list[float]()
    clock = machine.clock()
    clock.on_step(steps.append)
    machine.booted += 1.0
    machine.delays = delays
    passed = machine.booted
    assert passed + machine.ahead == pytest.approx(clock(), abs=STEP_SECONDS)
    assert [] == steps


@given(st.lists(st.floats(0.0, 5.0), max_size=20), st.floats(-STEP_SECONDS * 0.9, STEP_SECONDS * 0.9))
def test_without_a_step_time_never_goes_back(passing: list[float], noise: float) -> None:
    machine = Machine()
    clock = machine.clock()
    last = clock()
    for number, seconds in enumerate(passing):
        machine.ahead = 1_800_000_000.0 + (noise if number % 2 else 0.0)
        machine.booted += seconds
        now = clock()
        assert now >= last
        last = now
