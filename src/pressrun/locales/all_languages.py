"""What Babel knows of all languages, also those without a catalogue: whether one exists, and its own name.

Screen readers choose a voice by the tag in `lang`, and links to the same newsletter in another language name it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache

from babel import Locale, UnknownLocaleError

_LONGEST_CODE = 3  # ISO 639; `root` in Babel is not a language, and no code of 4 to 8 letters was ever registered


def is_known(tag: str) -> bool:
    """Whether Babel knows the language of a well-formed tag, whatever its script, region and variants."""
    language = tag.partition("-")[0].lower()
    if len(language) > _LONGEST_CODE:
        return False
    if language in Locale("en").languages:
        return True
    try:  # old codes such as `mo`, and languages without an English name in Babel
        Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return False
    return True


def own_names(tags: Sequence[str]) -> list[str]:
    """The name of each language in itself, with its country or script only if it would equal that of another.

    A language that Babel does not know is named by its tag.
    """
    plain = [_name(tag, is_whole=False) for tag in tags]
    counted = Counter(plain)
    return [name if counted[name] == 1 else _name(tag, is_whole=True) for tag, name in zip(tags, plain, strict=True)]


@cache
def _name(tag: str, *, is_whole: bool) -> str:
    try:
        locale = Locale.parse(tag, sep="-")
        name = locale.get_display_name() if is_whole else locale.get_language_name(locale.language)
    except (UnknownLocaleError, ValueError):
        name = None
    return name[:1].upper() + name[1:] if name else tag
