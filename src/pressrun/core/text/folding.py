"""A table for `str.translate` that computes a character when it first occurs, and remembers as many as a language has.

Anybody may search for any character, so a table that remembered them all would grow to a hundred megabytes.
"""

from __future__ import annotations

from collections.abc import Callable

MOST_REMEMBERED = 20_000


class Folding(dict[int, str]):
    """What `fold` makes of each character."""

    def __init__(self, fold: Callable[[str], str]) -> None:
        super().__init__()
        self._fold = fold

    def __missing__(self, code: int) -> str:
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        self[code] = folded = self._fold(chr(code))
        return folded
