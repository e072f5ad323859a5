"""How the tables are written, and how each becomes one pattern.

A row is a phrase, or the beginning of one with its possible endings. A phrase is a regular expression in which `<name>`
stands for any of the words of that name, and `… ` for up to six words. It must stay linear: no repetition inside a
repetition but for bounded gaps.
"""

from __future__ import annotations

import re

Rows = tuple[str | tuple[str, tuple[str, ...]], ...]
Words = dict[str, tuple[str, ...]]

_NAME = re.compile(r"<(\w[\w ]*)>")


def pattern_of(rows: Rows, words: Words | None = None) -> re.Pattern[str]:
    """The pattern that finds any of the rows in folded text."""
    known = words or {}
    phrases = (row if isinstance(row, str) else row[0] + _one_of(row[1]) for row in rows)
    spelled = _NAME.sub(lambda found: _one_of(known[found[1]]), "|".join(phrases))
    return re.compile(spelled.replace("… ", r"(?:\S{1,40} ){0,6}"))


def _one_of(phrases: tuple[str, ...]) -> str:
    return f"(?:{'|'.join(phrases)})"
