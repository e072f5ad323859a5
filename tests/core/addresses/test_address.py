"""Addresses: what is read, what is refused, and what makes two of them one subscriber or one mailbox."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.addresses.address import (
    MAX_ADDRESS_OCTETS,
    MAX_LOCAL_OCTETS,
    Address,
    find_address_key,
    parse_address,
    restore_address,
)
from pressrun.core.errors import MalformedAddress

LABEL = "a" * 63
HOSTILE = st.text(alphabet="ab.+-_@\"'()<>,;:\\[] \t\r\n\0éßİΣ。\u200b\u202e019", max_size=24)
LOCAL = st.from_regex(r"[A-Za-z0-9_+-]{1,12}(\.[A-Za-z0-9_+-]{1,12}){0,3}", fullmatch=True)
DOMAIN = st.from_regex(r"[A-Za-z0-9]{1,10}(\.[a-z0-9]{1,8}){0,2}\.(example|test|INVALID)", fullmatch=True)
WORDY = st.from_regex(r"[A-Za-zäßéΣσςİı一]{1,8}(\+[A-Za-zÄ]{1,4})?", fullmatch=True)
ADDRESSES = st.builds("{}@{}".format, st.one_of(LOCAL, WORDY), DOMAIN)


def read(text: str) -> Address | None:
    try:
        return parse_address(text)
    except MalformedAddress:
        return None


@given(st.one_of(st.text(), HOSTILE, st.builds("{}@{}".format, HOSTILE, HOSTILE)))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    address = read(text)
    if address is None:
        return
    assert address.typed in text
    assert address.typed == address.typed.strip()
    assert not any(character in address.wire for character in '\r\n\0 <>"(),;:[]')
    assert 1 == address.wire.count("@")
    assert address.domain.isascii()
    assert len(address.local.encode()) <= MAX_LOCAL_OCTETS
    assert len(address.wire.encode()) <= MAX_ADDRESS_OCTETS


def test_only_an_address_has_a_key() -> None:
    """Texts that an import or a form brings need not be addresses."""
    assert "ada@reader.example" == find_address_key(" Ada@Reader.example ")
    assert [None, None, None] == [find_address_key(text) for text in (None, "", "ada at reader.example")]


@given(ADDRESSES)
def test_the_key_of_a_key_is_itself(text: str) -> None:
    address = read(text)
    if address is not None:
        assert address.key == parse_address(address.key).key


@given(ADDRESSES)
def test_the_fold_of_a_fold_is_itself_and_spellings_of_one_key_share_it(text: str) -> None:
    address = read(text)
    if address is not None:
        assert address.fold == parse_address(address.fold).fold
        assert address.fold == parse_address(address.key).fold
        assert address.mailbox == parse_address(address.mailbox).mailbox
        assert address.mailbox == parse_address(address.key).mailbox


@given(ADDRESSES)
def test_what_was_read_once_is_read_again_from_what_is_stored(text: str) -> None:
    address = read(text)
    if address is not None:
        assert address == parse_address(address.typed)
        assert address == restore_address(address.typed, address.domain)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "a",
        "a@",
        "@reader.example",
        "a@b",
        "a@localhost",
        "a@@reader.example",
        "a@b@reader.example",
        ".a@reader.example",
        "a.@reader.example",
        "a..b@reader.example",
        "a@.example",
        "a@reader..example",
        "a@reader.example.",
        "a@-reader.example",
        "a@reader-.example",
        "a@rea_der.example",
        "a@[192.0.2.1]",
        "a@[IPv6:::1]",
        "a@192.0.2.1",
        '"a b"@reader.example',
        '"a"@reader.example',
        "a(comment)@reader.example",
        "(comment)a@reader.example",
        "a@reader.example(comment)",
        "Ada <a@reader.example>",
        "<a@reader.example>",
        "a@reader.example,b@reader.example",
        "a@reader.example b",
        "a b@reader.example",
        "a\n@reader.example",
        "a@reader.example\r\nBcc: b@reader.example",
        "a\0@reader.example",
        "a\x7f@reader.example",
        "a\u200b@reader.example",
        "a\u202e@reader.example",
        "a@xn--a.example",
        "mailto:a@reader.example",
    ],
)
def test_what_is_no_bare_address_is_refused(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    "around",
    [
        " {}\r\n",
        "{}\N{NO-BREAK SPACE}",
        "\N{ZERO WIDTH NO-BREAK SPACE}{}\N{ZERO WIDTH SPACE}",
        "\u202a{}\u202c",
        "\u2068{}\u2069\N{RIGHT-TO-LEFT MARK}",
    ],
)
def test_what_nobody_sees_around_an_address_is_left_out(around: str) -> None:
    """Spreadsheets, pages and telephones leave it there, and the reader cannot see what would be wrong."""
    assert parse_address("ada@reader.example") == parse_address(around.format("ada@reader.example"))
    assert parse_address("ä@reader.example") == parse_address(around.format("ä@reader.example"))


def test_the_local_part_has_at_most_64_octets() -> None:
    """RFC 5321 §4.5.3.1.1, counted in octets also where a character takes two (RFC 6532 §3.4)."""
    assert [True, False] == [read("a" * size + "@reader.example") is not None for size in (64, 65)]
    assert [True, False] == [read("ü" * size + "@reader.example") is not None for size in (32, 33)]


def test_an_address_has_at_most_254_octets() -> None:
    """RFC 5321 §4.5.3.1.3: a path has 256 octets with its brackets."""
    domain = f"{LABEL}.{LABEL}.{LABEL}.example"  # 199 octets
    fitting = "a" * (254 - 1 - len(domain)) + "@" + domain
    assert [True, False] == [read(text) is not None for text in (fitting, f"a{fitting}")]


def test_a_label_has_at_most_63_octets() -> None:
    assert [True, False] == [read(f"a@{label}.example") is not None for label in (LABEL, f"a{LABEL}")]


def test_an_address_of_any_length_is_refused_at_once() -> None:
    assert read("a" * 10_000_000 + "@reader.example") is None


@pytest.mark.parametrize(
    ("address", "other", "same"),
    [
        ("Ada@Reader.Example", "ada@reader.example", True),
        ("a@bücher.example", "a@xn--bcher-kva.example", True),
        ("a@BÜCHER.example", "a@bücher.example", True),
        ("ada+news@reader.example", "ada@reader.example", False),
        ("a.da@gmail.com", "ada@gmail.com", False),
        ("é@reader.example", "e\u0301@reader.example", True),
        ("ada@googlemail.com", "ada@gmail.com", False),
    ],
)
def test_case_and_the_spelling_of_the_domain_tell_nobody_apart(address: str, other: str, same: bool) -> None:
    assert same == (parse_address(address).key == parse_address(other).key)


@pytest.mark.parametrize(
    ("text", "fold", "mailbox"),
    [
        ("Ada+News@reader.example", "ada@reader.example", "ada@reader.example"),
        ("ada.+x@reader.example", "ada@reader.example", "ada@reader.example"),
        ("a.d.a+x+y@gmail.com", "ada@gmail.com", "ada@gmail.com"),
        ("a.d.a@googlemail.com", "ada@gmail.com", "ada@gmail.com"),
        ("A.d.a+x@reader.example", "ada@reader.example", "a.d.a@reader.example"),
        ("+x@reader.example", "+x@reader.example", "+x@reader.example"),
        ("+x.y@reader.example", "+xy@reader.example", "+x.y@reader.example"),
    ],
)
def test_limits_ignore_tags_and_dots_while_dots_are_of_one_mailbox_at_gmail_only(
    text: str, fold: str, mailbox: str
) -> None:
    address = parse_address(text)
    assert (fold, mailbox) == (address.fold, address.mailbox)


def test_an_address_is_kept_as_typed_and_sent_as_it_must_be() -> None:
    address = parse_address(" Ada@Bücher.Example\n")
    assert ("Ada@Bücher.Example", "Ada@xn--bcher-kva.example") == (address.typed, address.wire)
    assert "Ada@Bücher.Example" == str(address)


@pytest.mark.parametrize(("text", "needed"), [("ö@reader.example", True), ("o@bücher.example", False)])
def test_only_a_local_part_outside_ascii_needs_smtputf8(text: str, needed: bool) -> None:
    assert needed == parse_address(text).needs_smtputf8


def test_a_stranger_sees_little_of_an_address() -> None:
    assert "a•••@r•••.example" == parse_address("ada@reader.example").masked()


@pytest.mark.parametrize("domain", ["lists.test", "lists.example"])
def test_domains_for_tests_take_the_same_addresses_as_others(domain: str) -> None:
    """Whichever way an address is parsed: the common form by one expression, the others by the validator."""
    for local in ("fiona", "fiona.o'brien", "ömer"):
        assert (local, domain) == (parse_address(f"{local}@{domain}").local, parse_address(f"{local}@{domain}").domain)


@pytest.mark.parametrize("octets", [63, 64, 65])
@pytest.mark.parametrize("letter", ["a", "é"])
def test_the_local_part_is_measured_in_octets(letter: str, octets: int) -> None:
    """By either parser, RFC 5321 §4.5.3.1.1."""
    local = "a" * (octets % 2) + letter * (octets // 2) if letter == "é" else letter * octets
    assert octets == len(local.encode())
    assert (octets <= MAX_LOCAL_OCTETS) == (read(f"{local}@reader.example") is not None)


@pytest.mark.parametrize("letter", ["a", "é"])
def test_the_address_is_measured_in_octets(letter: str) -> None:
    """By either parser, RFC 5321 §4.5.3.1.3."""
    domain = ".".join(["b" * 63, "c" * 63, "d" * 63])
    longest = f"{letter * 10}{'a' * (MAX_ADDRESS_OCTETS - len(domain) - 5 - 10 * len(letter.encode()))}@{domain}.tst"
    assert MAX_ADDRESS_OCTETS == len(longest.encode())
    assert read(longest) is not None
    assert read(f"a{longest}") is None


def test_a_refusal_says_why_in_one_sentence() -> None:
    """The library's reason begins in lower case, and loses no letter."""
    with pytest.raises(MalformedAddress) as refused:
        parse_address("ada@@reader.example")
    assert str(refused.value).endswith(": the part after the @-sign contains invalid characters: '@'")


def test_a_refusal_shows_the_start_of_what_is_too_long() -> None:
    with pytest.raises(MalformedAddress) as refused:
        parse_address("a" * 300 + "@reader.example")
    assert f"'{'a' * MAX_ADDRESS_OCTETS}…'" in str(refused.value)


def test_a_stored_address_outside_ascii_is_parsed_again() -> None:
    """Its letters may have been typed in another form (RFC 6532 §3.1)."""
    typed = "andre\u0301@reader.example"
    assert "andr\u00e9" == restore_address(typed, "reader.example").local


def test_a_stored_address_with_another_domain_is_parsed_again() -> None:
    """As when the domain is kept as its A-label."""
    typed, domain = "Ada@Reader.example", "reader.example"
    assert parse_address(typed) == restore_address(typed, domain)
    assert "reader.example" == restore_address(typed, domain).domain
