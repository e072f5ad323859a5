"""The order of tests that run side by side: the long ones first, a part of them in each worker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def long_ones_first(long_ones: Sequence[T], others: Sequence[T], workers: int) -> list[T]:
    """All of them, so that each worker begins with its part of the long ones, and nobody waits for one at the end.

    xdist gives each worker an equal part of what is left, one after the other.
    """
    total, order, rest = len(long_ones) + len(others), list[T](), list(others)
    for worker in range(workers):
        own = long_ones[worker::workers]
        size = (total - len(order)) // (workers - worker)
        number = max(size - len(own), 0)
        order += [*own, *rest[:number]]
        del rest[:number]
    return order + rest
