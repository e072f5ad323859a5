"""No address and no full token gets through, in any text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.signed import signed_address, signed_link

from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import AddressPurpose, AddressTokens, WebPurpose, WebTokens
from pressrun.observe.redaction import redact, shorten_tokens

_RING = KeyRing(link_keys={1: b"k" * 32, 2: b"l" * 32}, suppression_key=b"s" * 32)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nothing to hide", "nothing to hide"),
        ("550 5.1.1 <reader@example.org>: unknown", "550 5.1.1 <<address>>: unknown"),
        ("RCPT TO:<Anna.Maria+news@sub.example.org> refused", "RCPT TO:<<address>> refused"),
        ('to "odd reader"@example.org', "to <address>"),
        ("to jürgen@bücher.example now", "to <address> now"),
        ("GET /x?email=reader%40example.org HTTP/1.1", "GET /x?email=<address> HTTP/1.1"),
        ("['a@example.org', 'b@example.org']", "['<address>', '<address>']"),
        ("a=reader@example.org;b=2", "a=<address>;b=2"),
        ("reader@localhost", "<address>"),
        ("reader@[192.0.2.1]", "<address>"),
        ("at 10 @ 20", "at 10 @ 20"),
        ("Message-ID of 2026-05-01T12:00:00Z stays", "Message-ID of 2026-05-01T12:00:00Z stays"),
    ],
)
def test_addresses_are_cut(text: str, expected: str) -> None:
    """Relays' replies, requests and reprs lose only the addresses in them."""
    assert expected == redact(text)


@given(
    st.from_regex(r"[a-z0-9](?:[a-z0-9.+_-]{0,20}[a-z0-9])?", fullmatch=True),
    st.from_regex(r"(?:[a-z0-9]{1,10}\.){1,3}(?:example|test)", fullmatch=True),
    st.sampled_from(["<{}>", "to {}", "({})", "'{}'", '"{}"', "x={}", "mailto:{}?subject=x", "{},", "[{}]"]),
)
def test_no_address_survives(local: str, domain: str, frame: str) -> None:
    """Neither half of an address is left, whatever surrounds it."""
    assert f"{local}@" not in redact(frame.format(f"{local}@{domain}"))
    assert "@" not in redact(frame.format(f"{local}@{domain}"))


@given(st.integers(0, (1 << 43) - 1), st.sampled_from(AddressPurpose), st.booleans())
def test_no_address_token_survives(number: int, purpose: AddressPurpose, is_old: bool) -> None:
    """A token of an address keeps its first six characters, which nobody can use."""
    token = AddressTokens(_RING).make(purpose, "news", number)
    if is_old:
        token = signed_address(b"k" * 32, 1, purpose, "news", number)
    for text in (f"news-bounces+{token}", f"token {token}.", token.upper()):
        cut = shorten_tokens(text)
        assert token not in cut.lower()
        assert token[:6] in cut.lower()


@given(st.lists(st.integers(0, (1 << 48) - 1), min_size=2, max_size=12), st.sampled_from(WebPurpose), st.booleans())
def test_no_web_token_survives(numbers: list[int], purpose: WebPurpose, is_old: bool) -> None:
    """A token of a link is cut too, in a path or alone."""
    token = signed_link(b"k" * 32, purpose, *numbers) if is_old else WebTokens(_RING).make(purpose, *numbers)
    for text in (f"GET /unsubscribe/{token} HTTP/1.1", token, f"https://news.example.org/confirm/{token}"):
        assert f"{token[:6]}…" in shorten_tokens(text)
        assert token[6:20] not in shorten_tokens(text)


@pytest.mark.parametrize(
    "text",
    [
        "GET /news/archive/what-we-saw-at-the-seas-and-how-we-saw HTTP/1.1",
    ],
)
def test_names_and_words_stay(text: str) -> None:
    """As long as a token, and ending as one may."""
    assert text == redact(text)


@given(st.text(max_size=200))
def test_any_text_is_taken(text: str) -> None:
    """Redaction never fails, and its result contains no address."""
    once = redact(text)
    assert redact(once) == once or re.search("@|%40", once)


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "text",
    [
        "a" * 200_000,
        "a" * 200_000 + "@",
        "@" * 50_000,
        '"' * 50_000 + "@x",
        "a.b-" * 50_000,
        "a" * 200_001 + "_",
        "%40" * 50_000,
    ],
)
def test_a_long_text_costs_no_more_than_its_length(text: str) -> None:
    """A relay's reply cannot block the process: quadratic time would take minutes here."""
    assert len(redact(text)) <= len(text) + len("<address>")
