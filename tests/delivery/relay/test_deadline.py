"""A deadline that is hardly ever touched still ends at its moment, whatever the limit becomes meanwhile."""

from __future__ import annotations

import asyncio
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from pressrun.delivery.relay.deadline import GRAIN_SECONDS, Deadline

SHORTEST_SECONDS = 5


class Timer:
    def __init__(self, at: float) -> None:
        self.at = at
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class Loop:
    """One that keeps at most one timer, in seconds of its own."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timer: Timer | None = None
        self.rings = 0

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: object) -> Timer:
        assert self.timer is None or self.timer.is_cancelled
        self.callback = callback
        self.timer = Timer(when)
        return self.timer

    def go_on(self, until: float) -> None:
        while self.timer is not None and not self.timer.is_cancelled and self.timer.at <= until:
            self.now, self.timer = self.timer.at, None
            self.rings += 1
            self.callback()  # type: ignore[operator]
        self.now = until


class Line:
    """What has a deadline: it tells when that passed."""

    def __init__(self, shortest_seconds: float = SHORTEST_SECONDS) -> None:
        self.loop = Loop()
        self.limit = 0.0
        self.expired_at: list[float] = []
        self.deadline = Deadline(
            cast(asyncio.AbstractEventLoop, self.loop),
            lambda: self.limit,
            lambda: self.expired_at.append(self.loop.now),
            shortest_seconds=shortest_seconds,
        )

    def move(self, at: float, limit: float) -> None:
        self.loop.go_on(at)
        self.limit = limit
        self.deadline.moved()


@given(st.lists(st.tuples(st.integers(0, 80), st.integers(SHORTEST_SECONDS, 60)), min_size=1, max_size=20))
def test_it_ends_so_long_after_the_last_move_as_the_limit_of_that_move_says(moves: list[tuple[int, int]]) -> None:
    """Neither earlier nor later, also where a long limit gave way to a short one."""
    line, at = Line(), 0
    for after, limit in moves:
        if line.limit and after >= line.limit:
            line.loop.go_on(at + after)
            break
        at += after
        line.move(at, limit)
    else:
        line.loop.go_on(at + 60)
    assert line.expired_at == [at + line.limit]


def test_what_is_cancelled_never_ends() -> None:
    line = Line()
    line.move(1, 10)
    line.deadline.cancel()
    line.loop.go_on(100)
    assert line.expired_at == []


def test_time_begins_with_the_first_move_after_its_end() -> None:
    """A connection that is slow and moves has its deadline set anew by the one who is told of its end."""
    line = Line()
    line.move(0, 10)
    line.loop.go_on(10)
    line.move(12, 6)
    line.loop.go_on(40)
    assert line.expired_at == [10, 18]


def test_a_tiny_limit_does_not_make_the_timer_ring_all_the_time() -> None:
    """Connections that are to close as soon as they are idle wait for minutes in other phases."""
    line = Line(shortest_seconds=0.0001)
    line.move(0, 60)
    line.loop.go_on(30)
    assert line.loop.rings <= 30 / GRAIN_SECONDS + 1
    line.move(30, 0.0001)
    line.loop.go_on(40)
    (at,) = line.expired_at
    assert at <= 30.0001 + GRAIN_SECONDS


def test_a_tiny_limit_alone_ends_at_its_moment() -> None:
    line = Line(shortest_seconds=0.0001)
    line.move(1, 0.0001)
    line.loop.go_on(2)
    assert line.expired_at == [1.0001]
