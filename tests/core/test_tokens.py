"""Tokens: read back as made, in one spelling, for one purpose, and by no key but ours."""

from __future__ import annotations

import re
import string
from base64 import b32decode, b32encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import Signer

from pressrun.core.keys import LARGEST_KEY_NUMBER, KeyRing
from pressrun.core.names import MAX_NAME
from pressrun.core.tokens import (
    AddressPurpose,
    AddressTokens,
    WebPurpose,
    WebTokens,
    pack_digests,
    suppression_digest,
    unpack_digests,
)

KEYS = KeyRing({1: b"1" * 32}, b"s" * 32)
OTHERS = KeyRing({1: b"x" * 32}, b"t" * 32)
ROTATED = KeyRing({1: b"1" * 32, 2: b"2" * 32}, b"s" * 32)
WEB, MAIL = WebTokens(KEYS), AddressTokens(KEYS)
IDS = st.integers(0, 2**48 - 1)
URL_SAFE = string.ascii_letters + string.digits + "-_."
BASE32 = string.ascii_lowercase + "234567"


@given(st.sampled_from(WebPurpose), st.lists(IDS, max_size=4).map(tuple))
def test_a_link_gives_back_its_numbers(purpose: WebPurpose, numbers: tuple[int, ...]) -> None:
    token = WEB.make(purpose, *numbers)
    assert numbers == WEB.read(purpose, token)
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", token)


@given(st.sampled_from(AddressPurpose), IDS)
def test_an_address_gives_back_its_number(purpose: AddressPurpose, number: int) -> None:
    token = MAIL.make(purpose, "news", number)
    assert number == MAIL.read(purpose, "news", token)
    assert re.fullmatch(r"[a-z2-7]{27}", token)


@pytest.mark.parametrize("purpose", WebPurpose)
def test_a_link_does_nothing_in_the_place_of_another(purpose: WebPurpose) -> None:
    token = WEB.make(purpose, 7, 8)
    assert [purpose] == [other for other in WebPurpose if WEB.read(other, token) is not None]


@pytest.mark.parametrize("purpose", AddressPurpose)
def test_an_address_token_serves_one_purpose_and_one_list(purpose: AddressPurpose) -> None:
    token = MAIL.make(purpose, "news", 7)
    places = [(other, name) for other in AddressPurpose for name in ("news", "new", "news2", "")]
    assert [(purpose, "news")] == [place for place in places if MAIL.read(*place, token) is not None]


@pytest.mark.parametrize("number", [0, 1, 7, 2**40])
def test_a_link_and_an_address_never_stand_for_each_other(number: int) -> None:
    mailed = MAIL.make(AddressPurpose.UNSUBSCRIBE, "news", number)
    assert all(WEB.read(purpose, mailed) is None for purpose in WebPurpose)
    linked = WEB.make(WebPurpose.UNSUBSCRIBE, number)
    assert all(MAIL.read(purpose, "news", linked) is None for purpose in AddressPurpose)


@given(st.data())
def test_no_tampered_link_is_read(data: st.DataObject) -> None:
    token = WEB.make(WebPurpose.UNSUBSCRIBE, 12, 34)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from(sorted(set(URL_SAFE) - {token[place]})))
    assert WEB.read(WebPurpose.UNSUBSCRIBE, token[:place] + other + token[place + 1 :]) is None


def test_no_tampered_address_is_read() -> None:
    """Every other character in every place: a token has no spare bit, so exactly one spelling."""
    token = MAIL.make(AddressPurpose.BOUNCES, "news", 1234)
    spellings = [token[:i] + c + token[i + 1 :] for i in range(27) for c in BASE32 if c != token[i]]
    assert [None] * (27 * 31) == [MAIL.read(AddressPurpose.BOUNCES, "news", spelling) for spelling in spellings]


@pytest.mark.parametrize("spelling", ["{0}=", "{0}a", " {0}", "{0}\n", "{0}{0}"])
def test_an_address_has_no_other_spelling(spelling: str) -> None:
    token = MAIL.make(AddressPurpose.BOUNCES, "news", 1234)
    others = (spelling.format(token), token.upper(), token.title(), token[:-1])
    assert [None] * 4 == [MAIL.read(AddressPurpose.BOUNCES, "news", other) for other in others]


@pytest.mark.parametrize("numbers", [(), (1,), (1, 2), (1, 2, 3), (2**48 - 1,) * 3])
def test_a_link_has_no_other_spelling(numbers: tuple[int, ...]) -> None:
    """Base64 has padding, and several characters for the same last bits: only what we make is read."""
    token = WEB.make(WebPurpose.CONFIRM, *numbers)
    payload, _, tag = token.rpartition(".")
    spellings = [f"{payload}=.{tag}", f"{payload}.{tag}=", f"{token}\n", f" {token}", f".{token}", f"{token}."]
    spellings += [token[:-1] + c for c in URL_SAFE if c != token[-1]]
    if payload:
        spellings += [f"{payload[:-1]}{c}.{tag}" for c in URL_SAFE if c != payload[-1]]
    assert [] == [spelling for spelling in spellings if WEB.read(WebPurpose.CONFIRM, spelling) is not None]


@given(st.text(max_size=60))
def test_any_other_text_is_no_token(text: str) -> None:
    assert WEB.read(WebPurpose.CONFIRM, text) is None
    assert MAIL.read(AddressPurpose.CONFIRM, "news", text) is None


def test_an_endless_token_is_no_token() -> None:
    assert WEB.read(WebPurpose.CONFIRM, "a" * 1_000_000) is None


def test_another_installation_reads_nothing() -> None:
    assert WebTokens(OTHERS).read(WebPurpose.CONFIRM, WEB.make(WebPurpose.CONFIRM, 1)) is None
    token = MAIL.make(AddressPurpose.CONFIRM, "news", 1)
    assert AddressTokens(OTHERS).read(AddressPurpose.CONFIRM, "news", token) is None


def test_after_a_rotation_old_tokens_are_read_and_new_ones_are_made_with_the_new_key() -> None:
    old_link, old_address = WEB.make(WebPurpose.READ, 5), MAIL.make(AddressPurpose.BOUNCES, "news", 5)
    web, mail = WebTokens(ROTATED), AddressTokens(ROTATED)
    assert ((5,), 5) == (web.read(WebPurpose.READ, old_link), mail.read(AddressPurpose.BOUNCES, "news", old_address))
    new_link, new_address = web.make(WebPurpose.READ, 5), mail.make(AddressPurpose.BOUNCES, "news", 5)
    assert ((5,), 5) == (web.read(WebPurpose.READ, new_link), mail.read(AddressPurpose.BOUNCES, "news", new_address))
    assert WEB.read(WebPurpose.READ, new_link) is None
    assert MAIL.read(AddressPurpose.BOUNCES, "news", new_address) is None


def test_all_who_share_a_ring_know_a_new_key_at_once() -> None:
    ring = KeyRing({1: b"1" * 32}, b"s" * 32)
    web = WebTokens(ring)
    ring.adopt(ROTATED)
    assert (9,) == web.read(WebPurpose.READ, WebTokens(ROTATED).make(WebPurpose.READ, 9))


@pytest.mark.parametrize("key_number", [1, 2, 126, LARGEST_KEY_NUMBER])
@pytest.mark.parametrize("number", [0, 1, 2**48 - 1])
def test_every_key_number_and_id_fits_27_characters(key_number: int, number: int) -> None:
    tokens = AddressTokens(KeyRing({key_number: b"k" * 32}, b"s" * 32))
    token = tokens.make(AddressPurpose.BOUNCES, "news", number)
    assert (27, number) == (len(token), tokens.read(AddressPurpose.BOUNCES, "news", token))


def test_the_longest_address_of_a_list_fits_a_local_part() -> None:
    """RFC 5321 §4.5.3.1.1: 64 octets."""
    token = MAIL.make(AddressPurpose.UNSUBSCRIBE, "x" * MAX_NAME, 2**48 - 1)
    assert 64 >= len(f"{'x' * MAX_NAME}-unsubscribe+{token}")


@pytest.mark.parametrize("number", [-1, 2**48])
def test_an_id_that_does_not_fit_is_a_fault_of_ours(number: int) -> None:
    with pytest.raises(ValueError, match="48 bits"):
        MAIL.make(AddressPurpose.BOUNCES, "news", number)
    with pytest.raises(OverflowError):
        WEB.make(WebPurpose.READ, number)


def test_a_suppressed_address_is_recognised_only_under_its_own_key() -> None:
    digest = suppression_digest(KEYS, "ada@reader.example")
    assert digest == suppression_digest(ROTATED, "ada@reader.example")
    assert digest != suppression_digest(OTHERS, "ada@reader.example")
    assert digest != suppression_digest(KEYS, "bea@reader.example")


def test_keys_do_not_show() -> None:
    assert "KeyRing(numbers=[1, 2])" == repr(ROTATED)


@given(st.sampled_from(WebPurpose), st.lists(IDS, min_size=1, max_size=3))
def test_links_are_signed_as_itsdangerous_signs(purpose: WebPurpose, numbers: list[int]) -> None:
    """The short way to a signature is the same signature."""
    signer = Signer(
        KEYS.link_keys[1], salt=f"pressrun.{purpose}".encode(), key_derivation="hmac", digest_method=sha256, sep="."
    )
    token = WEB.make(purpose, *numbers)
    assert token == signer.sign(signer.unsign(token)).decode("ascii")


@given(IDS)
def test_address_tokens_are_base32(number: int) -> None:
    """Of RFC 4648 §6, lower-case and without padding; the 136th bit of 17 octets is none of ours."""
    token = MAIL.make(AddressPurpose.BOUNCES, "news", number)
    decoded = b32decode(token.upper() + "A====")[:17]
    assert token == b32encode(decoded)[:27].decode("ascii").lower()


def test_digests_travel_in_a_token_and_come_back() -> None:
    one, two = b"\x00" + b"a" * 30 + b"\x00", b"b" * 32
    assert ((one,), (one, two)) == (unpack_digests(pack_digests(one)), unpack_digests(pack_digests(one, two)))
    assert len(WebTokens(KEYS).make(WebPurpose.NEVER_AGAIN, 1, *pack_digests(one, two))) < 200
