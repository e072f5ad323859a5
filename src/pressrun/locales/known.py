"""Whether a tag names any language. Screen readers choose a voice by the attribute `lang`."""

from __future__ import annotations

from babel import Locale, UnknownLocaleError

LONGEST_CODE = 3  # ISO 639; `root` in Babel is not a language, and no code of 4 to 8 letters was ever registered


def is_known(tag: str) -> bool:
    """Whether Babel knows the language of a well-formed tag, whatever its script, region and variants."""
    language = tag.partition("-")[0].lower()
    if len(language) > LONGEST_CODE:
        return False
    if language in Locale("en").languages:
        return True
    try:  # old codes such as `mo`, and languages without an English name in Babel
        Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return False
    return True
