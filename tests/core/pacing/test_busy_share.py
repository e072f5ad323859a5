"""A share of every window is kept, whatever the jobs take, and what is left of it is used."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.current import Holder
from pressrun.core.pacing.busy_share import WINDOW_SECONDS, BusyShare

LONGEST = 8.0


def busy_between(spans: list[tuple[float, float]], start: float, end: float) -> float:
    return sum(max(0.0, min(ended, end) - max(began, start)) for began, ended in spans)


@given(
    share=st.floats(0.2, 1.0),
    jobs=st.lists(st.tuples(st.floats(0.0, 30.0), st.floats(0.001, LONGEST)), min_size=1, max_size=60),
)
def test_no_window_is_busier_than_the_share(share: float, jobs: list[tuple[float, float]]) -> None:
    """However long the jobs take and however close they come."""
    kept, now, spans = BusyShare(Holder(share), LONGEST), 0.0, []
    for pause, seconds in jobs:
        now += pause
        now += kept.wait_seconds(now)
        spans.append((now, now + seconds))
        now += seconds
        kept.record(*spans[-1])
    allowed = max(share * WINDOW_SECONDS, LONGEST) + 1e-6
    for began, ended in spans:
        assert busy_between(spans, began, began + WINDOW_SECONDS) <= allowed
        assert busy_between(spans, ended - WINDOW_SECONDS, ended) <= allowed


def test_short_jobs_never_wait() -> None:
    """A share is no rate: 10 ms of work every 100 ms stays far below a half."""
    kept, waited = BusyShare(Holder(0.5), LONGEST), 0.0
    for number in range(6000):
        waited += kept.wait_seconds(number * 0.1)
        kept.record(number * 0.1, number * 0.1 + 0.01)
    assert 0.0 == waited


def test_the_longest_jobs_use_what_is_allowed() -> None:
    """Jobs of 8 s, one after the other, at a half: three a minute, and the fourth when the first leaves the window."""
    kept, now, begins = BusyShare(Holder(0.5), LONGEST), 0.0, []
    for _ in range(6):
        now += kept.wait_seconds(now)
        begins.append(now)
        kept.record(now, now + LONGEST)
        now += LONGEST
    assert [0.0, 8.0, 16.0, 62.0, 70.0, 78.0] == begins


def test_what_was_waited_for_has_come() -> None:
    """Whoever waits as long as told may begin."""
    kept = BusyShare(Holder(0.3), LONGEST)
    kept.record(0.0, 7.0)
    kept.record(7.0, 14.0)
    seconds = kept.wait_seconds(14.0)
    assert seconds > 0
    assert kept.wait_seconds(14.0 + seconds) < 1e-6


def test_a_share_below_the_longest_job_lets_one_begin_in_an_idle_window() -> None:
    """Nothing waits for ever."""
    kept = BusyShare(Holder(0.01), LONGEST)
    assert 0.0 == kept.wait_seconds(0.0)
    kept.record(0.0, 2.0)
    assert WINDOW_SECONDS == kept.wait_seconds(2.0)
    assert 0.0 == kept.wait_seconds(2.0 + WINDOW_SECONDS)
