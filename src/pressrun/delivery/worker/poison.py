"""Rows that a worker process had when it ended: one of them may be a poison message, whose composition or delivery is
what ends the process.

Most are innocent, and nobody should go without a copy for that. A suspected row goes to a worker that has nothing else,
so that no other is repeated for it, and any result clears it. Only a row that was alone with the worker when it ended,
twice, counts as poison.
"""

from __future__ import annotations

from collections.abc import Iterable

SUSPECTED_AFTER = 2  # ends: a single one is more often somebody's kill, or a machine short of memory
POISON_AFTER = SUSPECTED_AFTER + 2
AT_MOST = 4096  # rows that are remembered: some never come back, such as those of a cancelled edition


class PoisonMessages:
    """Counts for each row, by its id, how many processes ended while they had it."""

    def __init__(self) -> None:
        self._ends: dict[int, int] = {}

    def add(self, ids: Iterable[int]) -> None:
        """A process ended while it had these."""
        for number in ids:
            self._ends[number] = self._ends.pop(number, 0) + 1
        while len(self._ends) > AT_MOST:
            self.clear(next(iter(self._ends)))

    def clear(self, number: int) -> None:
        """A process had this row, and lived."""
        self._ends.pop(number, None)

    def is_suspected(self, number: int) -> bool:
        """Whether this row must go alone."""
        return self._ends.get(number, 0) >= SUSPECTED_AFTER

    def is_poison(self, number: int) -> bool:
        """Whether this row must not go at all."""
        return self._ends.get(number, 0) >= POISON_AFTER
