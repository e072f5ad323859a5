"""Whether a tag names a language at all, ours or another: what stands in `lang` is read out aloud by it."""

from __future__ import annotations

from babel import Locale, UnknownLocaleError

LONGEST_CODE = 3  # ISO 639; Babel's `root` is no language, and of 4 to 8 letters none was ever registered


def is_known(tag: str) -> bool:
    """Whether Babel knows the language of a well-formed tag; its script, region and variants are not looked at."""
    language = tag.partition("-")[0].lower()
    if len(language) > LONGEST_CODE:
        return False
    if language in Locale("en").languages:
        return True
    try:  # old codes, such as `mo`, and languages without an English name there
        Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return False
    return True
