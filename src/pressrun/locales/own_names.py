"""The names of languages in themselves, for links to the same newsletter in another language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache

from babel import Locale, UnknownLocaleError


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
        found = locale.get_display_name() if is_whole else locale.get_language_name(locale.language)
    except (UnknownLocaleError, ValueError):
        found = None
    return found[:1].upper() + found[1:] if found else tag
