"""The lease: a process stops before anybody else may begin, whatever its clocks, its network and its sleep do."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.upkeep.lease import LEASE_SECONDS, MARGIN_SECONDS, RENEW_SECONDS, Instant, Lease, is_over

START = Instant(boot=500.0, wall=1_800_000_000.0)
USABLE = LEASE_SECONDS - MARGIN_SECONDS
GRAIN = 1e-6  # what a float of today's seconds cannot tell apart


def later(boot: float, wall: float | None = None) -> Instant:
    return Instant(START.boot + boot, START.wall + (boot if wall is None else wall))


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (later(0.0), USABLE),
        (later(RENEW_SECONDS), USABLE - RENEW_SECONDS),
        (later(USABLE), 0.0),
        (later(60.0, 0.0), USABLE - 60.0),  # the machine slept, and nobody has set its clock yet
        (later(0.0, 60.0), USABLE - 60.0),  # the virtual machine was paused, or its clock was set forward
        (later(1.0, -3600.0), USABLE - 1.0),  # the clock was set back
    ],
)
def test_the_clock_that_says_more_is_believed(now: Instant, left: float) -> None:
    assert left == pytest.approx(Lease(START).seconds_left(now))


def test_three_renewals_may_fail_in_a_row() -> None:
    assert Lease(START).seconds_left(later(3 * RENEW_SECONDS)) > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """One renewal: how long after the last one the process asks, how long the request and the answer take, which of
    them arrive, and by how much the wall clock is set meanwhile.
    """

    pause: float
    request: float
    answer: float
    is_asked: bool
    is_answered: bool
    clock_set: float


SECONDS = st.floats(0.0, 30.0)
RENEWALS = st.lists(
    st.builds(
        Renewal,
        pause=SECONDS,
        request=SECONDS,
        answer=SECONDS,
        is_asked=st.booleans(),
        is_answered=st.booleans(),
        clock_set=st.sampled_from([0.0, 0.0, 0.0, 7.0, -7.0, 3600.0, -3600.0]),
    ),
    min_size=1,
    max_size=20,
)


@given(renewals=RENEWALS, moment=SECONDS, offset=st.floats(-1e4, 1e4))
def test_a_process_stops_before_others_may_begin(renewals: list[Renewal], moment: float, offset: float) -> None:
    """True time decides here: the database's clock is off by `offset`, and the wall clock is set at any moment."""
    true, wall_offset = 0.0, 0.0
    lease, heartbeat_at = Lease(START), offset  # the session begins at the true time 0
    for renewal in renewals:
        true += renewal.pause
        asked = later(true, true + wall_offset)
        true += renewal.request
        wall_offset += renewal.clock_set
        reached_at = true
        true += renewal.answer
        if is_over(heartbeat_at, reached_at + offset):
            break  # somebody else may have begun: this renewal finds the session ended
        if renewal.is_asked:
            heartbeat_at = reached_at + offset
            lease = Lease(asked) if renewal.is_answered else lease
        for at in (true, true + moment):
            others_may = is_over(heartbeat_at, at + MARGIN_SECONDS - GRAIN + offset)
            left = lease.seconds_left(later(at, at + wall_offset))
            assert left <= GRAIN or not others_may


@given(asked=st.floats(0, 1e6), seconds=st.floats(0, 1e6), wall=st.floats(-1e9, 1e9))
def test_a_clock_that_is_set_never_makes_a_lease_longer(asked: float, seconds: float, wall: float) -> None:
    lease = Lease(Instant(asked, 1e9))
    honest = lease.seconds_left(Instant(asked + seconds, 1e9 + seconds))
    assert lease.seconds_left(Instant(asked + seconds, 1e9 + seconds + wall)) <= honest + GRAIN


def test_a_lease_of_the_future_is_not_over() -> None:
    """The clock of the database was set back: whoever renewed a moment ago must not be ended for that."""
    assert [False, False, True] == [is_over(at, 100.0) for at in (3700.0, 90.5, 90.0)]
