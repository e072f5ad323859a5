"""The one author of a mail, or nobody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.message.incoming.header_scan import scan_header, sole_author


@pytest.mark.parametrize(
    "value",
    [
        "eve@harbour.example",
        "<eve@harbour.example>",
        "Eve <EVE@harbour.example>",
        'Eve "The Editor" Miller <eve@harbour.example>',
        '"Miller, Eve \\"E\\" (press)" <eve@harbour.example>',
        "J. R. Eve <eve@harbour.example>",
        "=?utf-8?q?M=C3=BCller?= <eve@harbour.example> ",
        "Müller <eve@HARBOUR.example>",
    ],
)
def test_an_author_is_found(value: str) -> None:
    """With or without a name, however it is written."""
    author = sole_author([value])
    assert author is not None
    assert "eve@harbour.example" == author.key


@pytest.mark.parametrize(
    "values",
    [
        [],
        ["eve@harbour.example", "eve@harbour.example"],
        [None],
        [""],
        ["eve@harbour.example, x@y.example"],
        ["Miller, Eve <eve@harbour.example>"],
        ["<eve@harbour.example> <x@y.example>"],
        ["eve@harbour.example <x@y.example>"],
        ["eve@harbour.example (Eve)"],
        ["(x@y.example) eve@harbour.example"],
        ["editors: eve@harbour.example;"],
        ["<@relay.example:eve@harbour.example>"],
        ['"eve"@harbour.example'],
        ["eve@[192.0.2.1]"],
        ["eve@harbour"],
        ["eve@harbour.example\x00"],
        ["Eve <eve@harbour.example> more"],
        ['"open <eve@harbour.example>'],
        ["Eve <eve@harbour.example"],
        ["e" * 3000 + " <eve@harbour.example>"],
    ],
    ids=str,
)
def test_any_doubt_is_nobody(values: list[str | None]) -> None:
    """A mail program could show somebody else."""
    assert sole_author(values) is None


@given(st.text(max_size=300))
def test_any_value_is_read(value: str) -> None:
    """An address that stands in it, or nobody."""
    author = sole_author([value])
    assert author is None or author.local in value


@pytest.mark.parametrize("value", ['"' * 1999, "a " * 999, '"a"' * 600, "\\" * 1999, "<" * 1999, '"\\a' * 660])
def test_hostile_values_are_read_in_no_time(value: str) -> None:
    """Each character is looked at in one way only."""
    assert sole_author([value]) is None


def test_what_a_glance_keeps_of_the_author() -> None:
    """Every From field, unfolded; what is no text or too long is None."""
    head = (
        b"from : a@b.example\r\nFROM:\r\n =?x?= <c@d.example>\r\nFrom: \xff\r\nFrom: "
        + b"x" * 9000
        + b"\r\n\r\nFrom: no\r\n"
    )
    seen = scan_header(head)
    assert ("a@b.example", "=?x?= <c@d.example>", None, None) == seen.all("from")
    assert seen.is_sound


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"Zo\xeb <eve@b.example>", "eve@b.example"),
        (b'"Zo\xeb, \xc4." <eve@b.example>', "eve@b.example"),
        (b"Zo\xeb eve@b.example", None),
        (b"Eve <ev\xeb@b.example>", None),
        (b"Eve <eve@b.example> \xeb", None),
        (b'"\x81\\" <x@y.example>" <eve@b.example>', None),  # in Shift-JIS the quotation ends before the first bracket
    ],
)
def test_a_name_in_an_unknown_charset(value: bytes, expected: str | None) -> None:
    """It does not matter, unless it could hide an address."""
    author = sole_author(scan_header(b"From: " + value + b"\r\n\r\n").all("from"))
    assert expected == (author and author.typed)


@pytest.mark.parametrize(
    "head",
    [
        b" folded first\r\nFrom: a@b.example\r\n\r\n",
        b"From: a\r\nno field\r\n\r\n",
        b"X: y\r\n" * 20_000,
        b": x\r\n\r\n",
    ],
)
def test_a_header_that_is_not_sound(head: bytes) -> None:
    """A line that belongs to no field, and one that goes on beyond where we look."""
    assert not scan_header(head).is_sound
