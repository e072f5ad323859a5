"""Sorting more texts than memory should hold: in runs, in temporary files that are merged."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise

_RUN = 100_000  # texts that are sorted at once: about 15 MB of addresses, and a file for each 100,000 of them,
_RUN_CHARACTERS = 16 << 20  # or fewer long ones


class TextSorter:
    """Texts that come one by one, and are read once in the order of their characters; none may hold a line end.

    Memory holds at most `run` of them or `characters`, whichever is less; each further run takes a file.
    """

    def __init__(self, *, run: int = _RUN, characters: int = _RUN_CHARACTERS) -> None:
        self._run, self._most_characters = run, characters
        self._waiting: list[str] = []
        self.characters = 0  # of those in memory
        self._runs: list[Iterator[str]] = []
        self._files = ExitStack()
        self.close = self._files.close

    def add(self, text: str) -> None:
        """Add a text, before the first is read."""
        self._waiting.append(text)
        self.characters += len(text)
        if len(self._waiting) == self._run or self.characters >= self._most_characters:
            self._keep_run()

    def _keep_run(self) -> None:
        file = tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n")  # noqa: SIM115 - it lives until `close`
        self._files.callback(file.close)
        self._waiting.sort()
        file.writelines(f"{text}\n" for text in self._waiting)
        self._waiting.clear()
        self.characters = 0
        file.seek(0)
        self._runs.append(line.rstrip("\n") for line in file)

    def __iter__(self) -> Iterator[str]:
        return heapq.merge(*self._runs, sorted(self._waiting))


@contextmanager
def sorted_texts(texts: Iterable[str], *, run: int = _RUN) -> Iterator[Iterator[str]]:
    """The texts in the order of their characters, to be read once; no text may hold a line end."""
    sorter = TextSorter(run=run)
    try:
        for text in texts:
            sorter.add(text)
        yield iter(sorter)
    finally:
        sorter.close()


def repeated_texts(texts: Iterable[str]) -> frozenset[str]:
    """The texts that come more than once; memory grows with their number only."""
    with sorted_texts(texts) as ordered:
        return frozenset(text for text, after in pairwise(ordered) if text == after)
