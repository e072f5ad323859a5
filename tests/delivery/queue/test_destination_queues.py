"""Rows that wait to be handed out, by destination queue."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from pressrun.delivery.queue.destination_queues import NEVER, FairQueues
from pressrun.delivery.queue.jobs import Job
from pressrun.store.queue.deliveries import ClaimedCopy

NAMES = st.sampled_from(["", "gmail", "yahoo", "corp.example"])


def copy(number: int, queue: str) -> Job:
    row = ClaimedCopy(number, 1, "reader.example", queue, 0, None, 1, "a@reader.example", "", "{}", 0, 0)
    return Job(row, 1000, 1, None, queue=queue)


def popped(queues: FairQueues) -> tuple[str, int]:
    job = queues.pop(lambda _, now: now, 1.0, 1.0)
    assert isinstance(job, Job)
    return job.queue or "", job.row.id


@given(st.lists(st.tuples(NAMES, st.integers()), max_size=50))
def test_each_queue_keeps_its_order_and_nothing_is_lost(pushed: list[tuple[str, int]]) -> None:
    """All come out, once."""
    queues = FairQueues()
    expected, actual = defaultdict(list), defaultdict(list)
    for name, number in pushed:
        queues.push(name, copy(number, name))
        expected[name].append(number)
    while queues.length:
        name, number = popped(queues)
        actual[name].append(number)
    assert expected == actual
    assert {} == queues._queues
    assert NEVER == queues.pop(lambda _, now: now, 1.0, 1.0)


def test_queues_take_turns() -> None:
    """A long queue does not keep a short one waiting."""
    queues = FairQueues()
    for number in range(3):
        queues.push("", copy(number, ""))
    queues.push("gmail", copy(9, "gmail"))
    assert [("", 0), ("gmail", 9), ("", 1), ("", 2)] == [popped(queues) for _ in range(4)]


def test_rows_that_come_back_go_before_all_others_of_their_queue() -> None:
    queues = FairQueues()
    queues.push("", copy(3, ""))
    for number in (2, 1):
        queues.push_front("", copy(number, ""))
    queues.push_front("gmail", copy(9, "gmail"))
    assert [("gmail", 9), ("", 1), ("", 2), ("", 3)] == [popped(queues) for _ in range(4)]


def test_a_shut_queue_holds_up_no_other_and_says_when_it_opens() -> None:
    """The soonest of those that open by themselves."""
    queues = FairQueues()
    opens = {"gmail": 5.0, "yahoo": 3.0, "": 0.0, "corp.example": NEVER}
    jobs = {name: copy(1, name) for name in opens}
    for name, job in jobs.items():
        queues.push(name, job)
    assert jobs[""] == queues.pop(lambda name, _: opens[name], 1.0, 1.0)
    assert 3.0 == queues.pop(lambda name, _: opens[name], 1.0, 1.0)
    assert jobs["yahoo"] == queues.pop(lambda name, _: opens[name], 3.0, 3.0)
    assert {"gmail": 1, "corp.example": 1} == queues.lengths()
    assert {"gmail", "corp.example"} == {job.queue for job in queues.clear()}
    assert 0 == queues.length
