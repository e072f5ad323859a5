"""Rows that the press process had in its hands when it ended: one of them may be what ends it.

Most are innocent, and nobody must go without a copy for that: who is suspected goes to the press alone, so that others
are not repeated for it, and any answer clears it. Only who was alone with the press at an end, twice, is guilty.
"""

from __future__ import annotations

from collections.abc import Iterable

SUSPECTED_AFTER = 2  # ends: one alone is more often a person with a kill, or a machine short of memory
GUILTY_AFTER = SUSPECTED_AFTER + 2
AT_MOST = 4096  # that are remembered: some never come back, as those of a cancelled edition


class Suspects:
    """Counts the ends that each row was in hand at, by its id."""

    def __init__(self) -> None:
        self._ends: dict[int, int] = {}
        self._held: set[int] = set()

    def __bool__(self) -> bool:
        """Whether any must go alone."""
        return bool(self._held)

    def add(self, numbers: Iterable[int]) -> None:
        """The process ended with these in hand."""
        for number in numbers:
            self._ends[number] = ends = self._ends.pop(number, 0) + 1
            if ends >= SUSPECTED_AFTER:
                self._held.add(number)
        while len(self._ends) > AT_MOST:
            self.clear(next(iter(self._ends)))

    def clear(self, number: int) -> None:
        """The process had it, and lived; or it was too long ago."""
        self._ends.pop(number, None)
        self._held.discard(number)

    def holds(self, number: int) -> bool:
        """Whether it must go alone."""
        return number in self._held

    def is_guilty(self, number: int) -> bool:
        """Whether it must not go at all."""
        return self._ends.get(number, 0) >= GUILTY_AFTER
