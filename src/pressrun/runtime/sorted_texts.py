"""Sorting more texts than memory should hold: in runs, in temporary files that are merged."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice, pairwise

_RUN = 100_000  # texts that are sorted at once: about 15 MB of addresses, and a file for each 100,000 of them


@contextmanager
def sorted_texts(texts: Iterable[str], *, run: int = _RUN) -> Iterator[Iterator[str]]:
    """The texts in the order of their characters, to be read once; no text may hold a line end."""
    with ExitStack() as files:
        remaining, runs = iter(texts), list[Iterator[str]]()
        while first := sorted(islice(remaining, run)):
            file = files.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n"))
            file.writelines(f"{text}\n" for text in first)
            file.seek(0)
            runs.append(line.rstrip("\n") for line in file)
        yield heapq.merge(*runs)


def repeated_texts(texts: Iterable[str]) -> frozenset[str]:
    """The texts that come more than once; memory grows with their number only."""
    with sorted_texts(texts) as ordered:
        return frozenset(text for text, after in pairwise(ordered) if text == after)
