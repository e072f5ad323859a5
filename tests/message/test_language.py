"""What a language tag looks like, and what it says about the direction of its text."""

from __future__ import annotations

import pytest

from pressrun.message.words import direction_of, is_language_tag


@pytest.mark.parametrize(
    ("language", "direction"),
    [
        ("en", "ltr"),
        ("ar", "rtl"),
        ("AR-EG", "rtl"),
        ("he", "rtl"),
        ("fa-AF", "rtl"),
        ("ckb", "rtl"),
        ("ku", "ltr"),
        ("ku-Arab", "rtl"),
        ("az-Arab-IR", "rtl"),
        ("ur-Latn", "ltr"),
        ("uz-Cyrl", "ltr"),
        ("", "ltr"),
    ],
)
def test_the_script_decides(language: str, direction: str) -> None:
    """A script in the tag wins over the usual one of the language."""
    assert direction == direction_of(language)


@pytest.mark.parametrize(
    "text",
    "en EN pt-BR es-419 zh-Hant-TW zh-yue-HK de-CH-1996 sl-rozaj-biske de-DE-u-co-phonebk en-x-ours klingon".split(),
)
def test_a_well_formed_tag(text: str) -> None:
    """Language, script, region, variants, extensions, what is for private use: in this order."""
    assert is_language_tag(text)


@pytest.mark.parametrize("text", "x e en_GB en- -en en--GB en-GB-Latn en-GB-US en-a en-x deutsches de-1 ſv".split())
def test_what_is_no_tag(text: str) -> None:
    """A locale of POSIX, a name, or parts in another order."""
    assert not is_language_tag(text)


@pytest.mark.parametrize("text", ["", "english please", "en\n", "en-abcdefgh" + "-abcdefgh" * 3])
def test_what_is_no_tag_either(text: str) -> None:
    """Words, more than a tag, or more than anybody's."""
    assert not is_language_tag(text)
