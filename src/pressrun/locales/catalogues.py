"""Loading catalogues: from a language tag to its `Words`, with Babel for plural forms, dates and numbers.

Each catalogue is read once, when its language is first asked for; they are part of the program, as templates are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from gettext import GNUTranslations
from importlib import resources
from io import BytesIO

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from pressrun.locales.languages import ENGLISH_TAG, first_language
from pressrun.message.words import ENGLISH, Words, on_one_line

# Where a number of four digits is written in one piece: minimumGroupingDigits of CLDR, which Babel does not read.
_WHOLE_TO_FOUR_DIGITS = {"es", "pl", "pt-PT"}
# How the first of a month is written, which CLDR does not say.
_FIRST_OF_MONTH = {"fr": "1er ", "it": "1º ", "pt-BR": "1º "}
_EMAIL = re.compile(r"\b(e)-(mail)", re.IGNORECASE)  # as translators type it


def words_in(*tags: str) -> Words:
    """The words in the first of these languages with a catalogue, else English; `""` is skipped."""
    return _words(first_language(tags) if tags else ENGLISH_TAG)


@cache
def _words(language: str) -> Words:
    if language == ENGLISH_TAG:
        return ENGLISH
    locale = Locale.parse(language, sep="-")
    translations = _translations(language)

    def written(form: str) -> Callable[[int], str]:
        def day(at: int) -> str:
            return _as_written(
                format_date(datetime.fromtimestamp(at, UTC).date(), format=form, locale=locale), language
            )

        return day

    def number(value: int) -> str:
        grouped = language not in _WHOLE_TO_FOUR_DIGITS or abs(value) > 9999
        return format_decimal(value, locale=locale, group_separator=grouped)

    month = written("LLLL")
    tenths = locale.percent_formats[None].pattern.replace("##0", "##0.#")
    return Words(
        language=language,
        translate=translations.gettext,
        translate_counted=translations.ngettext,
        day=written("long"),
        short_day=written("medium"),
        month=lambda at: month(at)[:1].upper() + month(at)[1:],
        number=number,
        share=lambda part: format_percent(part, format=tenths, locale=locale),
        moment=lambda when: _as_written(
            format_datetime(when.replace(tzinfo=None), format="medium", locale=locale), language
        ),
        listed=lambda names: format_list(names, locale=locale),
    )


def _as_written(date: str, language: str) -> str:
    """A date of CLDR as people write it in this language, with its day beside its month."""
    if date.startswith("1 "):
        date = _FIRST_OF_MONTH.get(language, "1 ") + date.removeprefix("1 ")
    return on_one_line(date)


def _translations(language: str) -> GNUTranslations:
    with resources.files("pressrun.locales").joinpath(f"{language}.po").open("rb") as file:
        catalogue = read_po(file, abort_invalid=True)
    for message in catalogue:
        forms = message.string or ""
        message.string = _unbroken(forms) if isinstance(forms, str) else tuple(map(_unbroken, forms))
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def _unbroken(text: str) -> str:
    """With a non-breaking hyphen in "e-mail" (UAX 14, class GL)."""
    return _EMAIL.sub("\\1\N{NON-BREAKING HYPHEN}\\2", text)
