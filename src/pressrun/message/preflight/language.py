"""The language of an edition, compared with the letters it is written in.

Mail programs and screen readers rely on the tag for the voice, the fonts, hyphens, and the direction of writing.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator

from pressrun.message.finding import Finding, warning
from pressrun.message.preflight.checked_edition import CheckedEdition, Rule
from pressrun.message.sources.edition_source import EditionFormat

_LETTERS_AT_LEAST = 40
_SHARE_AT_LEAST = 0.8  # quotes and names in other letters are common
_EXAMINED = 5000  # characters

# By the first word of a letter's Unicode name. Languages with several scripts are left out.
_SCRIPTS = {
    "Latin": "af ca cs cy da de en es et eu fi fr ga gl hr hu id is it lb lt lv mt nb nl nn no pl pt ro sk sl sq sv sw "
    "tl tr vi",
    "Cyrillic": "be bg mk ru uk",
    "Greek": "el",
    "Hebrew": "he iw yi",
    "Arabic": "ar fa ps ur",
    "Devanagari": "hi mr ne",
    "Bengali": "bn",
    "Tamil": "ta",
    "Thai": "th",
    "Georgian": "ka",
    "Armenian": "hy",
    "Hangul": "ko",
    "Cjk": "zh ja",
}
_SCRIPT_OF = {tag: script for script, tags in _SCRIPTS.items() for tag in tags.split()}
_KANA = frozenset({"Hiragana", "Katakana"})


def other_letters(edition: CheckedEdition) -> Iterator[Finding]:
    subtags = edition.language.split("-")
    expected = _SCRIPT_OF.get(subtags[0].lower())
    if expected is None or any(len(subtag) == 4 for subtag in subtags[1:]):  # zh-Latn names its script
        return
    script = _main_script(edition.prose())
    if script is not None and script != expected:
        if edition.format is EditionFormat.MIME:  # a mail has no key for it
            command = f"`pressrun list set {edition.profile.name} language=…`"
            yield warning("language-letters-email", language=edition.language, command=command)
        else:
            yield warning("language-letters", language=edition.language)


def _main_script(text: str) -> str | None:
    """The script of nearly all letters, or None for a mixture or a short text."""
    counts: Counter[str] = Counter()
    for character in text[:_EXAMINED]:
        if character.isalpha():
            script = unicodedata.name(character, "").partition(" ")[0].capitalize()
            counts["Cjk" if script in _KANA else script] += 1
    letters = counts.total()
    if letters < _LETTERS_AT_LEAST:
        return None
    script, number = counts.most_common(1)[0]
    return script if number >= _SHARE_AT_LEAST * letters and script in _SCRIPTS else None


RULES: tuple[Rule, ...] = (other_letters,)
