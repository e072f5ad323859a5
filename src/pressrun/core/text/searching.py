"""The search: an edition becomes words, a query becomes terms, and a result shows the passage where they are found.

Both are normalised alike, so that spelling variants match: compatibility forms are unified (NFKC), Hebrew and Arabic
vowel points are dropped, and each character of a script without spaces between words becomes a word of its own, so that
any run of characters can be found. Words are compared without case and accents. All of that happens here, so that every
database finds the same. Every text is a valid query; there is no syntax to get wrong.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import accumulate, groupby, islice

from msgspec import Struct

LONGEST_QUERY = 200
MOST_TERMS = 12
LONGEST_WORD = 100  # characters; of a longer word only the beginning counts
# Words after this many octets are not found: a tsvector of PostgreSQL has room for 1 MiB, where a word takes
# up to six octets more than its own.
MOST_OCTETS_OF_TITLE, MOST_OCTETS = 40_000, 1_000_000
_BESIDE_WORD = 6
SPLIT = "\u200b"  # an invisible space on both sides of a character that is a word of its own

# Marks of headings, quotations and list items; rules below table headers; link numbers and URLs; other rules.
_NOT_PROSE = re.compile(r"^#+\s*|^[-= ]+$|^[> ]*>(?: *- +)?|^ *- +|\[\d+\]|[(<]?https?://\S+|[_=-]{3,}", re.MULTILINE)
_BLOCK_END = re.compile(r"\n\s*\n|\n(?=[> ]*(?:- |\d{1,3}\. ))")  # the end of a paragraph, heading or list item
_SENTENCE_ENDS = frozenset(".!?…:;,。！？：；،؟؛")
_LINK_NUMBERS = re.compile(r" \[\d+\](?!\w)")  # and the space before, or it would separate a word from its full stop
_MARKS = re.compile(r"\*+|(?<!\w)_|_(?!\w)")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\u200b\ud800-\udfff]")
# Hebrew points and accents, Arabic vowel signs, and the Arabic tatweel, which only lengthens a word.
_POINTS = re.compile(
    "[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed]"
)
# Thai, Lao, Myanmar, Khmer, kana, Han, Hangul: scripts without spaces, or whose spaces do not separate words.
_UNSPACED = re.compile(
    "[\u0e01-\u0e4e\u0e81-\u0ece\u1000-\u109f\u1780-\u17d3\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]"
)
_QUERY_PART = re.compile(r'"([^"]*)"|([^\s"]+)')


# For passages. The time of SQLite's own `snippet` grows with the square of how often the terms occur in a text: seconds
# for a few short words, and nothing stops it.
MOST_READ = 50_000  # characters of a text that are looked at
LENGTH = 220
_LEAD = 40  # characters before the first thing found
_MOST_FOUND = 1000
_GOES_ON, _ENDS = r"\S*", r"(?!\S)"

Pieces = tuple[tuple[str, bool], ...]
_Span = tuple[int, int, int]  # from, to, which term

MOST_REMEMBERED = 20_000  # characters: a table of all that anybody may search for would have a hundred megabytes


class Folding(dict[int, str]):
    """A table for `str.translate`: what `fold` makes of each character that has occurred lately."""

    def __init__(self, fold: Callable[[str], str]) -> None:
        super().__init__()
        self._fold = fold

    def __missing__(self, code: int) -> str:
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        self[code] = folded = self._fold(chr(code))
        return folded


class Term(Struct, frozen=True):
    """Words that must occur in this order, side by side; with `is_prefix` the last one may be the start of a word."""

    words: str
    is_prefix: bool


def prose(text: str) -> str:
    """The plain text of an edition on one line, without rules, list marks, link numbers and URLs.

    A middle dot separates blocks (`Tides · Spring tides on the 2nd.`), except after the end of a sentence.
    """
    joined: list[str] = []
    for block in _BLOCK_END.split(_LINK_NUMBERS.sub("", text)):
        words = " ".join(_MARKS.sub("", _NOT_PROSE.sub(" ", block)).split())
        if words:
            joined += ["", words] if not joined else [" " if joined[-1][-1] in _SENTENCE_ENDS else " · ", words]
    return "".join(joined)


def searchable(text: str) -> str:
    """`text` as the search index stores it."""
    plain = _POINTS.sub("", unicodedata.normalize("NFKC", _CONTROL.sub(" ", text)))
    return _UNSPACED.sub(f"{SPLIT}\\g<0>{SPLIT}", prose(plain))


def _fold(character: str) -> str:
    """A character without accents, and a blank for what separates words."""
    category = unicodedata.category(character)
    is_part = category[0] in "LN" or category in ("Co", "Mn", "Mc")
    return "" if "\u0300" <= character <= "\u036f" else character if is_part else " "


_FOLDING = Folding(_fold)


def words_of(text: str) -> str:
    """The words of a `searchable` text without case and accents, separated by one blank each."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", text.casefold()).translate(_FOLDING))
    return " ".join(word[:LONGEST_WORD] for word in folded.split(" ") if word)


def indexed_words(text: str, most_octets: int = MOST_OCTETS) -> str:
    """The first words of a `searchable` text, which is all of them unless it is as long as a book."""
    words = words_of(text).split()
    taken = accumulate(len(word.encode()) + _BESIDE_WORD for word in words)
    return " ".join(word for word, octets in zip(words, taken, strict=True) if octets <= most_octets)


def parse_query(text: str) -> tuple[Term, ...]:
    """The terms of a query, all of which must match. Words in double quotes match side by side and as whole words."""
    terms = []
    for quoted, word in _QUERY_PART.findall(text[:LONGEST_QUERY].replace("\u201c", '"').replace("\u201d", '"')):
        words = searchable(quoted or word)
        if any(unicodedata.category(sign)[0] in "LN" for sign in words):
            terms.append(Term(words, is_prefix=not quoted))
    return tuple(_without_implied(terms)[:MOST_TERMS])


def _without_implied(terms: Sequence[Term]) -> list[Term]:
    """Drop terms that another one implies, such as `w` beside `word`: each word of a text then matches at most one."""
    once = {(term.words.casefold(), term.is_prefix): term for term in terms}
    return [
        term
        for (words, is_prefix), term in once.items()
        if not (is_prefix and any(other.startswith(words) and (other, known) != (words, True) for other, known in once))
    ]


def _as_indexed(character: str) -> str:
    """A character as the index sees it, one for one: small, without accents, and a blank for what parts words."""
    category = unicodedata.category(character)
    if category[0] not in "LN" and category not in ("Co", "Mn", "Mc"):
        return " "
    parts = unicodedata.normalize("NFD", character)
    return (parts if all(map(unicodedata.combining, parts[1:])) else character)[0].lower()[0]


_FOLD = Folding(_as_indexed)


def best_passage(text: str, terms: Sequence[Term]) -> Pieces:
    """The passage of `text`, as the index holds it, that has most of the terms: pieces, True for what was found.

    It reads the text once, whatever the query, and folds words nearly as the index does (unicode61, remove_diacritics
    2). Where they differ, a word is not marked.
    """
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
