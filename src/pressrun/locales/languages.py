"""Which languages there are, and which of them serves somebody who asks for another (RFC 4647 §3.4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

ENGLISH_TAG = "en"

# By tag, each in its own words, in the order in which a reader looks for it.
LANGUAGES = {
    "de": "Deutsch",
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "it": "Italiano",
    "nl": "Nederlands",
    "pl": "Polski",
    "pt-BR": "Português (Brasil)",
    "pt-PT": "Português (Portugal)",
    "ar": "العربية",
    "ja": "日本語",
    "zh-Hans": "简体中文",
}

_LONGEST_TAG = 35  # RFC 5646 §4.4.1
_BY_KEY = {tag.lower(): tag for tag in LANGUAGES}
# Where the script is not said, the region says it; who reads the traditional script is not given the simplified one.
_SAME_AS = {"zh": "zh-hans", "zh-cn": "zh-hans", "zh-sg": "zh-hans", "zh-my": "zh-hans"}
_WRITTEN_OTHERWISE = ("zh-hant", "zh-tw", "zh-hk", "zh-mo")
# Languages written in more than one way, and how they are written in the countries that have no catalogue of their own.
_ELSEWHERE = {"pt": "pt-PT"}


def find_language(tag: str, *others: str) -> str | None:
    """The language of ours for a tag, cut shorter until one fits: `de` for `de-AT`; None where none does.

    A tag without a country, such as `pt`, means the Portuguese of the first of `others` that says which: those of the
    list, say, or of the browser. Where none does, as for a country without a catalogue, it is that of Portugal.
    """
    wanted = tag.strip().replace("_", "-").lower()
    if len(wanted) > _LONGEST_TAG or wanted.startswith(_WRITTEN_OTHERWISE):
        return None
    if wanted in _ELSEWHERE:
        said = (find_language(other) for other in others if other.strip().lower() != wanted)
        return next((one for one in said if one is not None and one.startswith(f"{wanted}-")), _ELSEWHERE[wanted])
    while wanted:
        found = _BY_KEY.get(_SAME_AS.get(wanted, wanted)) or _ELSEWHERE.get(wanted)
        if found is not None:
            return found
        wanted = wanted.rpartition("-")[0]
    return None


def first_language(tags: Iterable[str]) -> str:
    """The language for the first tag that we have one for; English where there is none."""
    asked = tuple(tags)
    found = (find_language(tag, *asked[at + 1 :]) for at, tag in enumerate(asked))
    return next((language for language in found if language is not None), ENGLISH_TAG)


def best_of(tags: Sequence[str], wanted: Iterable[str]) -> int | None:
    """Which of these tags serves somebody best who wants those languages, the first one most; None where none does.

    The very tag goes before another of the same catalogue, and that before another country's way of the same language.
    """
    for asked in wanted:
        for serves in (_is_same, _has_same_catalogue, _is_near):
            for index, tag in enumerate(tags):
                if serves(tag, asked):
                    return index
    return None


def _is_same(tag: str, wanted: str) -> bool:
    return tag.lower() == wanted.lower()


def _has_same_catalogue(tag: str, wanted: str) -> bool:
    return (found := find_language(wanted)) is not None and find_language(tag) == found


def _is_near(tag: str, wanted: str) -> bool:
    """Not where only one of them is written as we write it: the scripts of Chinese."""
    is_alike = (find_language(tag) is None) == (find_language(wanted) is None)
    return is_alike and tag.partition("-")[0].lower() == wanted.partition("-")[0].lower()
