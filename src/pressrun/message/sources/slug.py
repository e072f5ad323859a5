"""The slug of an edition: its name in URLs, made from its subject."""

from __future__ import annotations

import re
import unicodedata

LONGEST_SLUG = 60
_MOST_OCTETS = 90  # in UTF-8; each of another script's takes three characters of an address
_SPELLED = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "þ": "th", "'": "", "’": ""})


def make_slug(subject: str) -> str:
    """Words of lower-case letters and digits joined by `-`, at most 60 characters; `edition` if nothing is left.

    Latin letters lose their accents. Letters of other scripts stay, because browsers show them.
    """
    plain = unicodedata.normalize("NFKC", subject).casefold().translate(_SPELLED)
    words = "".join(map(_letter, unicodedata.normalize("NFC", plain))).split()
    slug = ""
    for word in words:
        longer = f"{slug}-{word}" if slug else word
        if not _fits(longer):
            break
        slug = longer
    return slug or (_cut(words[0]) if words else "edition")


def is_slug(text: str) -> bool:
    return make_slug(text.replace("-", " ")) == text


def _letter(character: str) -> str:
    """The character in a slug, or a blank between words; marks that are accents go, those that are vowels stay."""
    category = unicodedata.category(character)
    base = unicodedata.normalize("NFKD", character)[:1]
    if base.isascii() and base.isalnum():
        return base.lower()
    if category[0] in "LN" or category == "Mc":
        return character
    if category == "Mn":
        is_vowel = unicodedata.combining(character) in _VOWELS and not _SELECTS_VARIANT.fullmatch(character)
        return character if is_vowel else ""
    return " "


# Combining classes of signs without which Indic scripts, Thai, Lao and Tibetan cannot be read.
_VOWELS = frozenset((0, 7, 9, 103, 107, 118, 122, 129, 130, 132))
_SELECTS_VARIANT = re.compile(r"[\u034f\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # of an emoji or a Chinese character


def _fits(slug: str) -> bool:
    return len(slug) <= LONGEST_SLUG and len(slug.encode("utf-8", "replace")) <= _MOST_OCTETS


def _cut(word: str) -> str:
    while not _fits(word):
        word = word[:-1]
    return word
