"""Language tags (RFC 5646), and the words of one language: every text for readers passes through here.

A sentence is written in the code in English, with its values in braces: `words("You left {title}.", title=title)`. The
code that loads catalogues makes the `Words` of other languages; English needs no catalogue. A sentence that is written
away from its use is marked with `marked`, so that extraction finds it (docs/translating.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

LONGEST_TAG = 35  # RFC 5646 §4.4.1
# RFC 5646 §2.1, without tags for private use alone and grandfathered ones.
_TAG = re.compile(
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})"
    r"(?:-[a-z]{4})?"  # script
    r"(?:-(?:[a-z]{2}|[0-9]{3}))?"  # region
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*"  # variants
    r"(?:-[a-wyz0-9](?:-[a-z0-9]{2,8})+)*"  # extensions
    r"(?:-x(?:-[a-z0-9]{1,8})+)?",
    re.ASCII | re.IGNORECASE,
)

# Languages by their usual script; a tag may name another, as in az-Arab.
_RIGHT_TO_LEFT = frozenset(
    "aeb ajp apc ar arc ary arz azb bal bqi ckb dv fa glk he iw khw ks lrc mzn nqo pnb prs ps sd skr syr ug ur"
    " yi".split()
)
_SCRIPTS = frozenset("adlm arab aran hebr mand mend nkoo rohg samr syrc thaa yezi".split())


def is_language_tag(text: str) -> bool:
    """Whether `text` is a well-formed tag, such as `en` or `pt-BR`; the language need not exist."""
    return len(text) <= LONGEST_TAG and _TAG.fullmatch(text) is not None


def direction_of(language: str) -> str:
    """`rtl` or `ltr`, by the script that the tag names or else by the usual script of its language."""
    primary, *rest = language.lower().split("-")
    script = next((part for part in rest if len(part) == 4 and part.isalpha()), None)
    is_rtl = script in _SCRIPTS if script is not None else primary in _RIGHT_TO_LEFT
    return "rtl" if is_rtl else "ltr"


_MONTHS = "January February March April May June July August September October November December".split()
_PLACE = re.compile(r"\{([a-z_]+)\}")
_PLACE_IN_TEMPLATE = re.compile(r"%\([a-z_]+\)s")
_DAY_OF_MONTH = re.compile(r"^\d{1,2}\w{0,2}\.? (?:de )?")  # 1, 1er, 1º or 1.; "de" as in Spanish
_ISOLATED = "\u2068{}\u2069"  # first strong isolate: a title or address keeps its own direction, UAX 9


class Words(Struct, frozen=True, kw_only=True):
    """The words of one language.

    `day` formats UTC seconds as a date, `short_day` as a shorter one, and `month` as the name of the month for a
    heading. `number` formats a count, `share` a part of the whole as a percentage, `listed` several names as one, and
    `moment` a time and its date in its own zone.
    """

    language: str
    translate: Callable[[str], str]
    translate_counted: Callable[[str, str, int], str]
    day: Callable[[int], str]
    short_day: Callable[[int], str]
    month: Callable[[int], str]
    number: Callable[[int], str]
    share: Callable[[float], str]
    listed: Callable[[Sequence[str]], str]
    moment: Callable[[datetime], str]

    def __call__(self, sentence: str, /, **values: str) -> str:
        """A sentence in this language with its `{name}` places filled; values are not searched for places."""
        return self._filled(self.translate(sentence), values)

    def counted(self, singular: str, plural: str, number: int, /, **values: str) -> str:
        """The sentence for a number, in the plural form of this language; `{number}` is its place."""
        return self._filled(self.translate_counted(singular, plural, number), {"number": self.number(number), **values})

    def size(self, octets: int) -> str:
        """`12 KB`, at least one; `12 MB` from ten million octets on."""
        if octets < _MANY_OCTETS:
            return self(_KILOBYTES, number=self.number(max(1, round(octets / 1000))))
        return self(_MEGABYTES, number=self.number(round(octets / 1_000_000)))

    def for_template(self, sentence: str) -> str:
        """A translated sentence with the places of a template, `%(name)s`, which the template fills."""
        frame = self._frame()
        return _PLACE_IN_TEMPLATE.sub(lambda match: frame.format(match[0]), sentence)

    @property
    def direction(self) -> str:
        """The writing direction: `ltr` or `rtl`."""
        return direction_of(self.language)

    def _filled(self, sentence: str, values: Mapping[str, str]) -> str:
        """A place without a value stays as it is, so that a translator's mistake does no harm."""
        if not values:
            return sentence
        frame = self._frame()
        return _PLACE.sub(lambda match: frame.format(values[match[1]]) if match[1] in values else match[0], sentence)

    def _frame(self) -> str:
        return _ISOLATED if self.direction == "rtl" else "{}"


def marked(sentence: str) -> str:
    """The sentence itself. Marks for translators a sentence that is translated where it is used."""
    return sentence


_MANY_OCTETS = 10_000_000
_KILOBYTES = marked("{number} KB")
_MEGABYTES = marked("{number} MB")


def on_one_line(date: str) -> str:
    """The date with no-break spaces between its day and its month, where it begins with a day."""
    return _DAY_OF_MONTH.sub(lambda match: match[0].replace(" ", "\N{NO-BREAK SPACE}"), date)


def _english_day(at: int) -> str:
    """`1 May 2026`, which reads the same on both sides of the Atlantic."""
    day = datetime.fromtimestamp(at, UTC)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _short_english_day(at: int) -> str:
    day = datetime.fromtimestamp(at, UTC)
    return f"{day.day} {_MONTHS[day.month - 1][:3]} {day.year}"


def _english_list(names: Sequence[str]) -> str:
    """`one, two and three`."""
    return " and ".join([*([", ".join(names[:-1])] if names[1:] else []), *names[-1:]])


ENGLISH = Words(
    language="en",
    translate=lambda sentence: sentence,
    translate_counted=lambda singular, plural, number: singular if number == 1 else plural,
    day=_english_day,
    short_day=_short_english_day,
    month=lambda at: _MONTHS[datetime.fromtimestamp(at, UTC).month - 1],
    number="{:,}".format,
    share=lambda part: f"{100 * part:.1f}".removesuffix(".0") + "%",
    moment=lambda when: f"{when.day} {_MONTHS[when.month - 1][:3]} {when.year}, {when:%H:%M:%S}",
    listed=_english_list,
)
