"""How many messages are in flight: as many as bring more over, played against lines and relays of all kinds."""

from __future__ import annotations

import heapq
import random
from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.smtp.window import FEW, MOST, Window

MS = 0.001


@dataclass(slots=True)
class Line:
    """Connections to one relay at the end of a line, in a simulation.

    `service` is what the relay needs for a message, all connections taking turns. It `holds back` replies by a further
    round trip while others are in flight, as Nagle's algorithm does, or says them `in bulk` when it has read all that
    came. The round trip varies by up to `jitter`.
    """

    line: float
    service: float
    connections: int = 1
    holds_back: bool = False
    jitter: float = 0.0
    feed: int | None = None  # never more in flight on all connections than so
    window: Window = field(default_factory=Window)
    now: float = 0.0
    sizes: list[int] = field(default_factory=list)

    def run(self, seconds: float) -> float:
        """Go on for so long; gives messages a second in the second half of it."""
        chance = random.Random(1)
        flights: list[deque[tuple[float, bool, bool]]] = [deque() for _ in range(self.connections)]
        replies: list[tuple[float, int, float]] = []  # when the final one comes, to whom, and how long a cheap one took
        free_at, latest, start, late = 0.0, [0.0] * self.connections, self.now, 0
        self.window.answered(self.line)
        while self.now < start + seconds:
            for number, mine in enumerate(flights):
                room = self.window.size - len(mine)
                going = room if self.feed is None else min(room, self.feed - len(replies))
                for _ in range(going):
                    there = self.now + self.line / 2
                    free_at = max(there, free_at) + self.service
                    held = self.line if self.holds_back and mine else 0.0
                    back = self.line / 2 + held + chance.random() * self.jitter
                    latest[number] = max(latest[number], free_at + back)  # a stream keeps its order
                    mine.append((self.now, going == room, not mine))
                    heapq.heappush(replies, (latest[number], number, self.line + chance.random() * self.jitter))
            self.now, number, cheap = heapq.heappop(replies)
            sent_at, full, alone = flights[number].popleft()
            if alone:
                self.window.answered(cheap)
            self.window.served(self.now, self.now - sent_at, full=full)
            self.sizes.append(self.window.size)
            late += self.now >= start + seconds / 2
        return late / seconds * 2


def best(line: Line, seconds: float) -> float:
    """What the widest window would bring over."""

    class Wide(Window):
        def served(self, now: float, seconds: float, *, full: bool) -> None:
            pass

    other = Line(line.line, line.service, line.connections, line.holds_back, line.jitter, window=Wide(MOST))
    return other.run(seconds)


@pytest.mark.parametrize(("service", "size"), [(0.03, FEW), (0.3, FEW), (1.5, 1), (20.0, 1)])
@pytest.mark.parametrize("connections", [1, 10])
def test_one_next_door_and_a_few_where_replies_come_thick(service: float, connections: int, size: int) -> None:
    """What counts is how many a second: a relay that writes each message to its disk has one at a time."""
    line = Line(0.2 * MS, service * MS, connections)
    line.run(2.0)
    late = line.sizes[len(line.sizes) // 4 :]
    assert {size} == set(late)


def test_next_door_no_wider_than_allowed() -> None:
    """Also where the limit is less than a few."""
    line = Line(0.2 * MS, 0.03 * MS, window=Window(most=1))
    line.run(1.0)
    assert 1 == max(line.sizes)


@pytest.mark.parametrize("holds_back", [False, True], ids=["at-once", "held-back"])
@pytest.mark.parametrize("jitter", [0.0, 10.0], ids=["steady", "varying"])
@pytest.mark.parametrize("connections", [1, 10])
@pytest.mark.parametrize(("length", "service"), [(40.0, 0.02), (40.0, 2.0), (200.0, 1.0), (5.0, 0.3)])
def test_a_long_line_brings_over_most_of_what_is_possible(
    length: float, service: float, connections: int, jitter: float, holds_back: bool
) -> None:
    """At least four fifths of what the widest window would, and it gets there within a hundred round trips."""
    line = Line(length * MS, service * MS, connections, holds_back, jitter * MS * length / 40)
    assert line.run(length * MS * 200) >= 0.8 * best(line, length * MS * 200)


@pytest.mark.parametrize(
    ("length", "service", "connections", "most"),
    [(40.0, 1000.0, 1, 1), (40.0, 40.0, 1, 8), (40.0, 5.0, 10, 8), (5.0, 1.0, 10, 4)],
)
def test_no_wider_than_is_of_use(length: float, service: float, connections: int, most: int) -> None:
    """Where the relay is what takes the time, the window comes down in the end."""
    line = Line(length * MS, service * MS, connections)
    line.run(max(length, service) * MS * 2000)
    late = sorted(line.sizes[len(line.sizes) // 2 :])
    assert late[len(late) // 2] <= most


def test_it_stays_while_there_is_little_to_send() -> None:
    """A wider window that is never filled says nothing, and is given up."""
    line = Line(40 * MS, 0.1 * MS, connections=10, feed=5)
    line.run(20.0)
    assert line.sizes.count(1) >= 0.8 * len(line.sizes)


def test_a_relay_that_moves_nearer_and_further_away() -> None:
    """The window follows within some thousand messages."""
    line = Line(40 * MS, 0.1 * MS)
    line.run(10.0)
    far = line.window.size
    line.line = 0.2 * MS
    line.run(2.0)
    near = line.window.size
    line.line = 40 * MS
    line.run(400.0)
    assert (MOST, FEW) == (far, near)
    assert line.window.size >= MOST // 2  # a narrower one may be on trial


def test_no_wider_than_allowed() -> None:
    """The limit holds."""
    line = Line(40 * MS, 0.1 * MS, window=Window(40, most=12))
    line.run(10.0)
    assert 12 == max(line.sizes)


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(0, 10), st.floats(0, 100), st.booleans()), max_size=300),
    st.integers(1, MOST),
)
def test_whatever_is_measured(measured: list[tuple[float, float, float, bool]], most: int) -> None:
    """Between one and what is allowed, never more than twice of what it was, but for the first step."""
    window, now = Window(most=most), 0.0
    for cheap, later, seconds, full in measured:
        before, now = window.size, now + later
        window.answered(cheap)
        window.served(now, seconds, full=full)
        assert 1 <= window.size <= min(max(2 * before, 8), most)


@pytest.mark.parametrize(("seconds", "length"), [(40 * MS, 40 * MS), (0.2 * MS, 0.2 * MS)])
def test_replies_of_one_moment_count_together(seconds: float, length: float) -> None:
    """A turn is judged when time has passed, never in the middle of a burst."""
    window, now, within, sizes = Window(), 0.0, set(), set()
    window.answered(length)
    for _ in range(500):
        now += seconds
        window.served(now, seconds, full=True)
        size = window.size
        sizes.add(size)
        for _ in range(11):
            window.served(now, seconds, full=True)
            within.add(window.size == size)
    assert {True} == within
    assert len(sizes) > 1
