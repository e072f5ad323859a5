"""Copies that wait for a connection, by lane."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from pressrun.delivery.queue.fair_queues import NEVER, FairQueues

LANES = st.sampled_from(["", "gmail", "yahoo", "corp.example"])


@given(st.lists(st.tuples(LANES, st.integers()), max_size=50))
def test_each_lane_keeps_its_order_and_nothing_is_lost(pushed: list[tuple[str, int]]) -> None:
    """All come out, once."""
    queues: FairQueues[int] = FairQueues(str)
    for lane, job in pushed:
        queues.push(lane, job)
    found = defaultdict(list)
    while queues.length:
        popped = queues.pop(lambda _, now: now, 1.0, 1.0)
        assert isinstance(popped, tuple)
        found[popped[0]].append(popped[1])
    expected = defaultdict(list)
    for lane, job in pushed:
        expected[lane].append(job)
    assert expected == found
    assert {} == queues._queues
    assert NEVER == queues.pop(lambda _, now: now, 1.0, 1.0)


def test_lanes_take_turns() -> None:
    """A long lane does not keep a short one waiting."""
    queues: FairQueues[int] = FairQueues(str)
    for number in range(3):
        queues.push("", number)
    queues.push("gmail", 9)
    popped = [queues.pop(lambda _, now: now, 1.0, 1.0) for _ in range(4)]
    assert [("", 0), ("gmail", 9), ("", 1), ("", 2)] == popped


def test_a_shut_lane_holds_up_no_other_and_says_when_it_opens() -> None:
    """The soonest of those that open by themselves."""
    queues: FairQueues[int] = FairQueues(str)
    opens = {"gmail": 5.0, "yahoo": 3.0, "": 0.0, "corp.example": NEVER}
    for lane in opens:
        queues.push(lane, 1)
    assert ("", 1) == queues.pop(lambda lane, _: opens[lane], 1.0, 1.0)
    assert 3.0 == queues.pop(lambda lane, _: opens[lane], 1.0, 1.0)
    assert ("yahoo", 1) == queues.pop(lambda lane, _: opens[lane], 3.0, 3.0)
    assert {"gmail": 1, "corp.example": 1} == queues.lengths()
    assert [1, 1] == queues.clear()
    assert 0 == queues.length
