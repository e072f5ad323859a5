"""What a language tag says about the direction of its text."""

from __future__ import annotations

import pytest

from pressrun.message.language import direction_of, is_language_tag


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


@pytest.mark.parametrize(("text", "is_tag"), [("en", True), ("pt-BR", True), ("x", False), ("en_GB", False)])
def test_the_form_of_a_tag(text: str, is_tag: bool) -> None:
    """Words joined by hyphens, the first of two letters or more."""
    assert is_tag == is_language_tag(text)
