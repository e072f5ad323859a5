"""Text as it goes to readers has no control characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.text.controls import without_controls


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("it\x92s 5\x80 \x93now\x94", "it’s 5€ “now”"),
        ("gone: \x81\x8d\x8f\x90\x9d\x01\x7f\ufffc\ufffe\uffff\ufdd0", "gone: "),
        ("one\x0btwo\x0cthree", "one two three"),
        (
            "tab\t and lines\r\n stay, and so do é \xa0 \u200b \u202e 🎉",
            "tab\t and lines\r\n stay, and so do é \xa0 \u200b \u202e 🎉",
        ),
    ],
)
def test_control_characters_become_what_was_meant_or_go(text: str, expected: str) -> None:
    assert expected == without_controls(text)


@given(st.text())
def test_no_control_character_is_left(text: str) -> None:
    once = without_controls(text)
    assert once == without_controls(once)
    assert not [sign for sign in once if (ord(sign) < 32 and sign not in "\t\n\r") or 0x7F <= ord(sign) < 0xA0]
