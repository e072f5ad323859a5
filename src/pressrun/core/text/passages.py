"""The passage of an edition to show as a search result: the words around a match, with the matches kept apart.

The time of SQLite's own `snippet` grows with the square of how often the terms occur in a text: seconds for a few short
words, and nothing stops it. This reads the text once, whatever the query, and folds words nearly as the index does
(unicode61, remove_diacritics 2). Where they differ, a word is not marked.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import groupby, islice

from pressrun.core.text.folding import Folding
from pressrun.core.text.searching import SPLIT, Term

MOST_READ = 50_000  # characters of a text that are looked at
LENGTH = 220
_LEAD = 40  # characters before the first thing found
_MOST_FOUND = 1000
_GOES_ON, _ENDS = r"\S*", r"(?!\S)"

Pieces = tuple[tuple[str, bool], ...]
_Span = tuple[int, int, int]  # from, to, which term


def _fold(character: str) -> str:
    """A character as the index sees it, one for one: small, without accents, and a blank for what parts words."""
    category = unicodedata.category(character)
    if category[0] not in "LN" and category not in ("Co", "Mn", "Mc"):
        return " "
    parts = unicodedata.normalize("NFD", character)
    return (parts if all(map(unicodedata.combining, parts[1:])) else character)[0].lower()[0]


_FOLD = Folding(_fold)


def best_passage(text: str, terms: Sequence[Term]) -> Pieces:
    """The passage of `text`, as the index holds it, that has most of the terms: pieces, True for what was found."""
    text = text[:MOST_READ]
    spans = _find(text, terms)
    begin, end = _choose(text, spans)
    pieces = [("…", False)] if begin else []
    at = begin
    for start, stop, _ in spans:
        if begin <= start and stop <= end:
            pieces += [(text[at:start], False), (text[start:stop], True)]
            at = stop
    pieces.append((text[at:end], False))
    if end < len(text):
        pieces.append(("…", False))
    return _joined(pieces)


def _find(text: str, terms: Sequence[Term]) -> list[_Span]:
    folded = [(term.words.translate(_FOLD).split(), _GOES_ON if term.is_prefix else _ENDS) for term in terms]
    choices = [f"({' +'.join(map(re.escape, words))}{end})" for words, end in folded if words]
    if not choices:
        return []
    matches = re.finditer(rf"(?<!\S)(?:{'|'.join(choices)})", text.translate(_FOLD))
    return [(match.start(), match.end(), match.lastindex or 0) for match in islice(matches, _MOST_FOUND)]


def _choose(text: str, spans: Sequence[_Span]) -> tuple[int, int]:
    """Where the passage begins and ends: the first one with most different terms, cut between words."""
    within: Counter[int] = Counter()
    best, first, last = 0, 0, 0
    for at, (start, _, _) in enumerate(spans):
        while last < len(spans) and spans[last][1] <= start + LENGTH - _LEAD:
            within[spans[last][2]] += 1
            last += 1
        if len(within) > best:
            best, first = len(within), at
        within[spans[at][2]] -= 1
        within += Counter()  # without those that are none any more
    start, stop, _ = spans[first] if spans else (0, 0, 0)
    begin = 0 if start <= 2 * _LEAD else start - _LEAD
    if begin:
        begin = text.find(" ", begin, start) + 1 or begin
    end = min(len(text), begin + LENGTH)
    if end < len(text):
        end = max(text.rfind(" ", stop, end), 0) or end
    return begin, max(end, stop)


def _joined(pieces: Sequence[tuple[str, bool]]) -> Pieces:
    """Without the marks that part signs, and those of one kind beside each other as one."""
    plain = [(piece.replace(SPLIT, ""), is_found) for piece, is_found in pieces]
    groups = groupby([piece for piece in plain if piece[0]], key=lambda piece: piece[1])
    return tuple(("".join(piece for piece, _ in group), is_found) for is_found, group in groups)
