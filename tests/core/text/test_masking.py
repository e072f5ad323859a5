"""Addresses are taken out of whatever others wrote, however long and however hostile it is."""

from __future__ import annotations

import pytest

from pressrun.core.text.masking import without_addresses, without_mailbox

SIZE = 400_000


@pytest.mark.parametrize("unit", ["x", "@", "x@", "a@[", '"a', '"@', "x%40", "%", "x@[b", "=x@", "a.", ":@["], ids=repr)
def test_a_long_text_is_looked_at_once(unit: str) -> None:
    """Time in proportion to its length: with the square of it this test would take half an hour."""
    assert len(without_addresses(unit * (SIZE // len(unit)) + "@", "<…>")) <= 2 * SIZE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<o'brien@reader.example>: no", "<…>: no"),
        ("to='ada@reader.example'", "to='…'"),
        ('"ada l"@reader.example is gone', "… is gone"),
        ("ada(home)@reader.example", "ada(home)…"),
        ("ada%40reader.example", "…"),
        ("ada@[192.0.2.1] @ten", "… …"),
    ],
)
def test_the_whole_address_is_cut(text: str, expected: str) -> None:
    """And nothing beside it where that can be told."""
    assert expected == without_addresses(text)


def test_the_mask_stands_for_the_whole_address() -> None:
    """Whatever the mask holds, it is no template."""
    assert r"to \1 now" == without_addresses("to one@reader.example now", r"\1")


@pytest.mark.parametrize(
    ("text", "address", "expected"),
    [
        ("unknown user ada", "ada@reader.example", "unknown user …"),
        ("<Ada>: no such user ADA, sorry", "ada@reader.example", "<…>: no such user …, sorry"),
        ("adam is not ada.", "ada@reader.example", "adam is not …."),
        ("user ada+news or ada", "ada+news@reader.example", "user … or …"),
        ("İ: no ada", "ada@reader.example", "i\u0307: no …"),
        ("İ: adam", "ada@reader.example", "İ: adam"),
        ("mailbox full", "ada@reader.example", "mailbox full"),
        ("mailbox full", "", "mailbox full"),
    ],
)
def test_a_mailbox_is_cut_where_it_stands_alone(text: str, address: str, expected: str) -> None:
    """In any letter case, and not out of the middle of a word."""
    assert expected == without_mailbox(text, address)
