"""The available languages, and the choice among them by language tags (RFC 4647 §3.4)."""

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
# Languages with several catalogues, and the one for countries without a catalogue of their own.
_ELSEWHERE = {"pt": "pt-PT"}


def find_language(tag: str, *others: str) -> str | None:
    """The available language for a tag, shortened until one matches: `de` for `de-AT`; None without a match.

    A tag without a country, such as `pt`, means the variety of the first of `others` that names one: the languages of
    the list or the browser, for example. Otherwise, and for countries without a catalogue, it means that of Portugal.
    """
    wanted = tag.strip().replace("_", "-").lower()
    if len(wanted) > _LONGEST_TAG or wanted.startswith(_WRITTEN_OTHERWISE):
        return None
    if wanted in _ELSEWHERE:
        varieties = (find_language(other) for other in others if other.strip().lower() != wanted)
        return next((tag for tag in varieties if tag and tag.startswith(f"{wanted}-")), _ELSEWHERE[wanted])
    while wanted:
        language = _BY_KEY.get(_SAME_AS.get(wanted, wanted)) or _ELSEWHERE.get(wanted)
        if language is not None:
            return language
        wanted = wanted.rpartition("-")[0]
    return None


def first_language(tags: Iterable[str]) -> str:
    """The available language for the first tag that has one, else English."""
    asked = tuple(tags)
    languages = (find_language(tag, *asked[at + 1 :]) for at, tag in enumerate(asked))
    return next((language for language in languages if language is not None), ENGLISH_TAG)


def best_of(tags: Sequence[str], wanted: Iterable[str]) -> int | None:
    """The best of these tags for a person who prefers these languages, in order; None without a match.

    An equal tag is better than one with the same catalogue, and that is better than another variety of the language.
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
    return (language := find_language(wanted)) is not None and find_language(tag) == language


def _is_near(tag: str, wanted: str) -> bool:
    """The same language, unless only one of the tags has a catalogue, as for the scripts of Chinese."""
    is_alike = (find_language(tag) is None) == (find_language(wanted) is None)
    return is_alike and tag.partition("-")[0].lower() == wanted.partition("-")[0].lower()
