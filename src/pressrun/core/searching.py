"""Words as they are searched for: what an edition says becomes one line of words, and a query becomes terms.

Both go the same way, so that what is found depends on what was written and not on how: compatibility forms are one
(NFKC), vowel points of Hebrew and Arabic are left out, and each sign of a script that sets no spaces between words is
a word of its own, so that any run of them can be found. Any text is a query; there is no syntax to get wrong.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_QUERY = 200
MOST_TERMS = 12
SPLIT = "\u200b"  # stands on both sides of a sign that is a word of its own, and is seen by nobody

# Marks of headings, quotations and items, the rule below the head of a table, link numbers and addresses, other rules.
_NOT_PROSE = re.compile(r"^#+\s*|^[-= ]+$|^[> ]*>(?: *- +)?|^ *- +|\[\d+\]|https?://\S+|[_=-]{3,}", re.MULTILINE)
_BLOCK_END = re.compile(r"\n\s*\n|\n(?=[> ]*(?:- |\d{1,3}\. ))")  # of a paragraph, a heading, an item
_SENTENCE_ENDS = frozenset(".!?…:;,。！？：；،؟؛")
_LINK_NUMBERS = re.compile(r" \[\d+\](?!\w)")  # with the blank before, which would part a word from its full stop
_MARKS = re.compile(r"\*+|(?<!\w)_|_(?!\w)")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\u200b\ud800-\udfff]")
# Hebrew points and accents, Arabic vowel signs, the Arabic stroke that only lengthens a word.
_POINTS = re.compile(
    "[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed]"
)
# Thai, Lao, Myanmar, Khmer, kana, Han, Hangul: no spaces, or none that part words.
_UNSPACED = re.compile(
    "[\u0e01-\u0e4e\u0e81-\u0ece\u1000-\u109f\u1780-\u17d3\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]"
)
_QUERY_PART = re.compile(r'"([^"]*)"|([^\s"]+)')


@dataclass(frozen=True, slots=True)
class Term:
    """Words that must stand side by side; `is_prefix` when the last one may go on."""

    words: str
    is_prefix: bool


def prose(text: str) -> str:
    """The plain text of an edition on one line, without its rules, marks of items, link numbers and addresses.

    A dot parts its blocks (`Tides · Spring tides on the 2nd.`), but where a sentence ends anyway.
    """
    joined: list[str] = []
    for block in _BLOCK_END.split(_LINK_NUMBERS.sub("", text)):
        words = " ".join(_MARKS.sub("", _NOT_PROSE.sub(" ", block)).split())
        if words:
            joined += ["", words] if not joined else [" " if joined[-1][-1] in _SENTENCE_ENDS else " · ", words]
    return "".join(joined)


def searchable(text: str) -> str:
    """`text` as the index of the search holds it."""
    plain = _POINTS.sub("", unicodedata.normalize("NFKC", _CONTROL.sub(" ", text)))
    return _UNSPACED.sub(f"{SPLIT}\\g<0>{SPLIT}", prose(plain))


def parse_query(text: str) -> tuple[Term, ...]:
    """What is looked for: every term must be found. Words in double quotes stand side by side as they are."""
    terms = []
    for quoted, word in _QUERY_PART.findall(text[:LONGEST_QUERY].replace("\u201c", '"').replace("\u201d", '"')):
        words = searchable(quoted or word)
        if any(unicodedata.category(sign)[0] in "LN" for sign in words):
            terms.append(Term(words, is_prefix=not quoted))
    return tuple(_without_implied(terms)[:MOST_TERMS])


def _without_implied(terms: Sequence[Term]) -> list[Term]:
    """Without `w` beside `word`: whatever has this has that, and so a word of a text answers to one of them at most."""
    once = {(term.words.casefold(), term.is_prefix): term for term in terms}
    return [
        term
        for (words, is_prefix), term in once.items()
        if not (is_prefix and any(other.startswith(words) and (other, known) != (words, True) for other, known in once))
    ]
