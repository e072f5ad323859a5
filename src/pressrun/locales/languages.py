"""Which languages there are, and which of them serves somebody who asks for another (RFC 4647 §3.4)."""

from __future__ import annotations

from collections.abc import Iterable

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
    "pt": "Português",
    "ar": "العربية",
    "ja": "日本語",
    "zh-Hans": "简体中文",
}

_LONGEST_TAG = 35  # RFC 5646 §4.4.1
_BY_KEY = {tag.lower(): tag for tag in LANGUAGES}
# Where the script is not said, the region says it; who reads the traditional script is not given the simplified one.
_SAME_AS = {"zh": "zh-hans", "zh-cn": "zh-hans", "zh-sg": "zh-hans", "zh-my": "zh-hans"}
_WRITTEN_OTHERWISE = ("zh-hant", "zh-tw", "zh-hk", "zh-mo")


def find_language(tag: str) -> str | None:
    """The language of ours for a tag, cut shorter until one fits: `pt` for `pt-BR`; None where none does."""
    wanted = tag.strip().replace("_", "-").lower()
    if len(wanted) > _LONGEST_TAG or wanted.startswith(_WRITTEN_OTHERWISE):
        return None
    while wanted:
        found = _BY_KEY.get(_SAME_AS.get(wanted, wanted))
        if found is not None:
            return found
        wanted = wanted.rpartition("-")[0]
    return None


def first_language(tags: Iterable[str]) -> str:
    """The language for the first tag that we have one for; English where there is none."""
    return next((found for tag in tags if (found := find_language(tag)) is not None), ENGLISH_TAG)
