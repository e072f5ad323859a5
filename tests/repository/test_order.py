"""The order of tests that run side by side."""

from __future__ import annotations

import pytest
from tests.order import long_ones_first


@pytest.mark.parametrize("number", [0, 1, 2, 5, 12, 40])
@pytest.mark.parametrize("workers", [1, 2, 3, 6])
def test_each_worker_begins_with_its_part_of_the_long_ones(number: int, workers: int) -> None:
    """As xdist hands them out; none is left out or comes twice."""
    long_ones, others = [f"long {place}" for place in range(number)], [f"other {place}" for place in range(60)]
    order = long_ones_first(long_ones, others, workers)
    assert sorted(long_ones + others) == sorted(order)
    left, firsts = order[:], list[str]()
    for worker in range(workers):
        size = len(left) // (workers - worker)
        own, left = left[:size], left[size:]
        firsts += own[: len(long_ones[worker::workers])]
    assert sorted(long_ones) == sorted(firsts)
