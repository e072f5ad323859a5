"""Tables of phrases from `assets/`, each as one regular expression. `assets/README.md` says how a phrase is written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from pressrun.assets import AssetError, convert_asset, read_asset

WORDING_FILES = (
    "refusals/full", "refusals/gone", "refusals/message", "refusals/policy", "refusals/unreachable",
    "notifications", "automatic_replies", "refused_requests", "member_columns",
)  # fmt: skip
Phrase = str | tuple[str, list[str]]  # a phrase, or the beginning of several with their endings

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
}  # letters that ASCII spells otherwise than by dropping the mark
_GAP = r"(?:\S{0,39}[^\s.!?] ){0,6}"
_SET = re.compile(r"(\[[^\]]*\])")  # lists all spellings of its letters itself
_NAME = re.compile(r"<(\w[\w ]*)>")
_BLANKS = re.compile(r"\s+")
_APOSTROPHES = str.maketrans("’‘", "''", "\u0307")  # the dot is what lower-casing leaves of a Turkish İ


def fold(text: str) -> str:
    """`text` as most tables expect it: in lower case, with straight apostrophes, each run of blanks as one blank."""
    return _BLANKS.sub(" ", text.lower().translate(_APOSTROPHES))


class Wordings:
    """One table of one file, compiled when first used, because compiling all of them takes a while.

    `frame` is the expression around the phrases, which replace its `%s`. With `finds_ascii` a letter with a mark
    is found without it as well: `empfänger` in `empfaenger`.
    """

    def __init__(self, file: str, table: str, *, finds_ascii: bool = False, frame: str = "%s") -> None:
        self._file, self._table = file, table
        self._finds_ascii, self._frame = finds_ascii, frame

    def is_in(self, text: str) -> bool:
        """Whether folded text contains any of the phrases."""
        return self.pattern.search(text) is not None

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """A pattern that finds any of the phrases in folded text. Raises AssetError."""
        groups = self._groups()
        try:
            return self._compiled([phrase for group in groups.values() for phrase in group])
        except (re.error, KeyError):
            for language, phrases in groups.items():
                for phrase in phrases:
                    self._check(language, phrase)
            raise

    def _groups(self) -> dict[str, list[Phrase]]:
        table = read_asset(self._file).get(self._table)
        if not isinstance(table, dict):
            raise AssetError(self._file, self._table, "the table is missing")
        return {
            language: convert_asset(self._file, f"{self._table}.{language}", phrases, list[Phrase])
            for language, phrases in table.items()
        }

    def _compiled(self, phrases: Iterable[Phrase]) -> re.Pattern[str]:
        words: Mapping[str, Sequence[str]] = read_asset(self._file).get("words", {})
        return re.compile(self._frame % as_expression(phrases, words, finds_ascii=self._finds_ascii))

    def _check(self, language: str, phrase: Phrase) -> None:
        key = f"{self._table}.{language}: {phrase!r}"
        try:
            self._compiled([phrase])
        except re.error as problem:
            raise AssetError(self._file, key, problem) from None
        except KeyError as name:
            raise AssetError(self._file, key, f"[words] has no {name}") from None


def check_wordings(file: str) -> None:
    """Compile every table of a file. Raises AssetError for the first mistake."""
    for table in read_asset(file):
        if table != "words":
            _ = Wordings(file, table).pattern


def as_expression(phrases: Iterable[Phrase], words: Mapping[str, Sequence[str]], *, finds_ascii: bool) -> str:
    """One regular expression for all phrases. Raises KeyError for a `<name>` that `words` lacks."""
    joined = "|".join(phrase if isinstance(phrase, str) else phrase[0] + _one_of(phrase[1]) for phrase in phrases)
    spelled = _NAME.sub(lambda match: _one_of(words[match[1]]), joined)
    return (in_ascii_too(spelled) if finds_ascii else spelled).replace("… ", _GAP)


def in_ascii_too(expression: str) -> str:
    """The same expression, which also finds its letters with marks without them."""
    outside_and_sets = _SET.split(expression)
    outside_and_sets[::2] = (
        "".join(_one_of(spellings) if len(spellings := _spellings(letter)) > 1 else letter for letter in piece)
        for piece in outside_and_sets[::2]
    )
    return "".join(outside_and_sets)


def _spellings(letter: str) -> tuple[str, ...]:
    """A letter, and its spelling in ASCII."""
    if letter in _PLAIN:
        return (letter, *_PLAIN[letter])
    base = unicodedata.normalize("NFD", letter)[0]
    return (letter, base) if base.isascii() and base != letter else (letter,)


def _one_of(phrases: Sequence[str]) -> str:
    return f"(?:{'|'.join(phrases)})"
