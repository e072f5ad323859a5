"""The tables of the search: every character is folded, and few are remembered."""

from __future__ import annotations

import sys

from pressrun.core.text import searching
from pressrun.core.text.searching import MOST_REMEMBERED, Folding


def test_every_character_is_folded_and_few_are_remembered() -> None:
    """Whoever searches for all there are, a few hundred at a time, must not fill the memory."""
    table = Folding(str.upper)
    letters = "".join(map(chr, range(MOST_REMEMBERED + 500)))
    assert [letter.upper() for letter in letters] == [letter.translate(table) for letter in letters]
    assert MOST_REMEMBERED >= len(table)


def test_the_search_uses_it() -> None:
    every = "".join(map(chr, (*range(0xD800), *range(0xE000, sys.maxunicode + 1))))
    searching.words_of(every)
    every.translate(searching._FOLD)
    assert MOST_REMEMBERED >= max(len(searching._FOLDING), len(searching._FOLD))
