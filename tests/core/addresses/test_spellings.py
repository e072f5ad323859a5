"""One address in many spellings, and what only looks like it."""

from __future__ import annotations

import base64
import quopri
import sys
from email.header import Header
from unicodedata import normalize
from urllib.parse import quote

import pytest

from pressrun.core.addresses.address import parse_address
from pressrun.core.addresses.spellings import SIGNS, Spellings, plain
from pressrun.message.incoming.mentions import mentions

ADDRESS = "ÖMER.Ünal@bücher.example"
PLAIN, ENCODED = "ömer.ünal@bücher.example", "ömer.ünal@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        ENCODED,
        PLAIN.upper(),
        normalize("NFD", f"Ömer <{ADDRESS}>."),
        quote(PLAIN),
        "mailto:" + quote(PLAIN, safe="@").lower(),
        '{"to": "\\u00d6mer.\\u00fcnal@b\\u00fccher.example"}',
        '{"to": "\\\\u00d6mer.\\\\u00fcnal@b\\\\u00fccher.example"}',
        f'{{"to": "Her address:\\n{PLAIN}\\b"}}',
        f'{{"to": "Her address:\\\\n{PLAIN}\\\\f"}}',
        f'{{"to": "\\f{PLAIN}"}}',
        "&Ouml;mer.&#252;nal&#64;b&uuml;cher.example",
        "prvs=1234abcdef=" + PLAIN,
        "news-bounces+ömer.ünal=bücher.example@n.example",
        "ömer.ünal@bücher。example",
    ],
)
def test_every_spelling_is_found(text: str) -> None:
    assert Spellings(parse_address(ADDRESS)).name(f"({text})")
    assert set(SIGNS) & set(text)


def test_all_that_is_read_as_a_sign_is_one() -> None:
    """The filter of SQL knows every character that the comparison reads as one of an address."""
    read = {character for character in map(chr, range(sys.maxunicode + 1)) if set("@=%") & set(plain(character))}
    assert read <= set(SIGNS)


@pytest.mark.parametrize(
    "text", ["g" + PLAIN, "a+" + PLAIN, PLAIN + ".org", PLAIN + "s", "ömer.ünal", "ünal@bücher.example", ""]
)
def test_somebody_else_is_not(text: str) -> None:
    assert not Spellings(parse_address(ADDRESS)).name(text)


LONG = f"{'many words and ' * 9}{PLAIN}{' and more' * 9}"


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        PLAIN.encode("latin-1"),
        Header(LONG, "utf-8").encode().encode(),
        Header(LONG, "iso-8859-1").encode().encode(),
        quopri.encodestring(LONG.encode()),
        quopri.encodestring(LONG.encode("latin-1")),
        b"X: y\r\n\r\n" + base64.encodebytes(LONG.encode()),
        b'X: y\r\n\r\n{"who": "' + base64.b64encode(LONG.encode()) + b'"}',
        b"Content-Type: text/plain; charset=utf-16\r\n\r\n" + base64.encodebytes(PLAIN.encode("utf-16")),
        base64.encodebytes(b"X: y\r\n\r\n" + base64.encodebytes(LONG.encode())),
        b"\0\1" + PLAIN.encode(),
    ],
)
def test_mail_is_read_in_every_encoding(content: bytes) -> None:
    spellings = Spellings(parse_address(ADDRESS))
    assert mentions(b"Subject: hello\r\n" + content, spellings)
    assert not mentions(content, Spellings(parse_address("somebody@bücher.example")))


def test_a_long_text_is_looked_through_in_pieces_that_overlap() -> None:
    """Wherever the address stands, before a seam, across it or behind it."""
    spellings = Spellings(parse_address("ada@reader.example"))
    for before in range((1 << 20) - 20, (1 << 20) + 2, 7):
        assert spellings.name(" " * before + "Ada@Reader.example")


@pytest.mark.parametrize(
    ("octets", "may_be"),
    [
        (b"to ada@reader.example", True),
        (b"to ada%40reader", True),
        (b"nothing of the kind", False),
        (b"\0 ada@READER.example", True),
        (b"\0 ada%40reader", False),
    ],
)
def test_only_what_may_hold_the_address_is_looked_at(octets: bytes, *, may_be: bool) -> None:
    """Its domain, or an escape that may hide it; in data that is not text, only the domain."""
    assert may_be == Spellings(parse_address("ada@reader.example")).may_be_in(octets)
