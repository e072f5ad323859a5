"""How the tables are written, and how each becomes one pattern.

A row is a phrase, or the beginning of one with its possible endings. A phrase is a regular expression in which `<name>`
stands for any of the words of that name, and `… ` for up to six words of one sentence. It must stay linear: no
repetition inside a repetition but for bounded gaps. A letter with a mark is found without it as well: `empfänger` in
`empfaenger`, `boîte` in `boite`, for many servers answer in ASCII.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cached_property

Rows = tuple[str | tuple[str, tuple[str, ...]], ...]
Words = dict[str, tuple[str, ...]]

_PLAIN = {
    "ä": ("ae", "a"),
    "ö": ("oe", "o"),
    "ü": ("ue", "u"),
    "ß": ("ss",),
    "å": ("aa", "a"),
    "ø": ("oe", "o"),
    "æ": ("ae",),
    "ł": ("l",),
    "ı": ("i",),
}  # what a letter becomes where taking off its mark is not all
_GAP = r"(?:\S{0,39}[^\s.!?] ){0,6}"
_SET = re.compile(r"(\[[^\]]*\])")  # writes all spellings of its letters itself
_NAME = re.compile(r"<(\w[\w ]*)>")


class Table:
    """Rows as one pattern, compiled when first asked: most commands never ask, and all tables together take a while."""

    def __init__(self, *parts: Rows, words: Words | None = None) -> None:
        self._rows = tuple(row for part in parts for row in part)
        self._words = words or {}

    def is_in(self, text: str) -> bool:
        """Whether any of the rows is in folded text."""
        return self.pattern.search(text) is not None

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What finds any of the rows in folded text."""
        phrases = (row if isinstance(row, str) else row[0] + _one_of(row[1]) for row in self._rows)
        spelled = _NAME.sub(lambda found: _one_of(self._words[found[1]]), "|".join(phrases))
        return re.compile(in_ascii_too(spelled).replace("… ", _GAP))


def in_ascii_too(pattern: str) -> str:
    """The same pattern, which finds its letters with marks without them as well."""
    outside_and_sets = _SET.split(pattern)
    outside_and_sets[::2] = (
        "".join(_one_of(found) if len(found := _spellings(letter)) > 1 else letter for letter in piece)
        for piece in outside_and_sets[::2]
    )
    return "".join(outside_and_sets)


def _spellings(letter: str) -> tuple[str, ...]:
    """A letter, and what stands for it where there is only ASCII."""
    if letter in _PLAIN:
        return (letter, *_PLAIN[letter])
    base = unicodedata.normalize("NFD", letter)[0]
    return (letter, base) if base.isascii() and base != letter else (letter,)


def _one_of(phrases: tuple[str, ...]) -> str:
    return f"(?:{'|'.join(phrases)})"
