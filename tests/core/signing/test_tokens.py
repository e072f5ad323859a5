"""Tokens: read back as made, in one spelling, for one purpose, and by no key but ours."""

from __future__ import annotations

import hmac
import re
import string
from base64 import b32decode, b32encode, urlsafe_b64encode
from hashlib import blake2s

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.names import MAX_NAME
from pressrun.core.signing.keys import LARGEST_KEY_NUMBER, KeyRing
from pressrun.core.signing.tokens import (
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
IDS = st.integers(0, 2**48 - 1)  # in links
ADDRESS_IDS = st.integers(0, 2**43 - 1)
URL_SAFE = string.ascii_letters + string.digits + "-_."
BASE32 = string.ascii_lowercase + "234567"


@given(st.sampled_from(WebPurpose), st.lists(IDS, max_size=4).map(tuple))
def test_a_link_gives_back_its_numbers(purpose: WebPurpose, numbers: tuple[int, ...]) -> None:
    token = WEB.make(purpose, *numbers)
    assert numbers == WEB.read(purpose, token)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", token)


@given(st.sampled_from(AddressPurpose), ADDRESS_IDS)
def test_an_address_gives_back_its_number(purpose: AddressPurpose, number: int) -> None:
    token = MAIL.make(purpose, "news", number)
    assert number == MAIL.read(purpose, "news", token)
    assert re.fullmatch(r"[a-z2-7]{26}", token)


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
    spellings = [token[:i] + c + token[i + 1 :] for i in range(26) for c in BASE32 if c != token[i]]
    assert [None] * (26 * 31) == [MAIL.read(AddressPurpose.BOUNCES, "news", spelling) for spelling in spellings]


@pytest.mark.parametrize("spelling", ["{0}=", "{0}a", " {0}", "{0}\n", "{0}{0}"])
def test_an_address_has_no_other_spelling(spelling: str) -> None:
    token = MAIL.make(AddressPurpose.BOUNCES, "news", 1234)
    others = (spelling.format(token), token.upper(), token.title(), token[:-1])
    assert [None] * 4 == [MAIL.read(AddressPurpose.BOUNCES, "news", other) for other in others]


@pytest.mark.parametrize("numbers", [(), (1,), (1, 2), (1, 2, 3), (2**48 - 1,) * 3])
def test_a_link_has_no_other_spelling(numbers: tuple[int, ...]) -> None:
    """Base64 has padding, and several characters for the same last bits: only what we make is read."""
    token = WEB.make(WebPurpose.CONFIRM, *numbers)
    spellings = [f"{token}=", f"{token}==", f"{token}\n", f" {token}", f".{token}", f"{token}.", token[:-1]]
    spellings += [token[:-1] + c for c in URL_SAFE if c != token[-1]]
    spellings += [token[:4] + c + token[4:] for c in "+/=!\n"]  # which Python's decoder skips
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
@pytest.mark.parametrize("number", [0, 1, 2**43 - 1])
def test_every_key_number_and_id_fits_26_characters(key_number: int, number: int) -> None:
    tokens = AddressTokens(KeyRing({key_number: b"k" * 32}, b"s" * 32))
    token = tokens.make(AddressPurpose.BOUNCES, "news", number)
    assert (26, number) == (len(token), tokens.read(AddressPurpose.BOUNCES, "news", token))


def test_the_longest_address_of_a_list_fits_a_local_part() -> None:
    """RFC 5321 §4.5.3.1.1: 64 octets."""
    token = MAIL.make(AddressPurpose.UNSUBSCRIBE, "x" * MAX_NAME, 2**43 - 1)
    assert 64 >= len(f"{'x' * MAX_NAME}-unsubscribe+{token}")


@pytest.mark.parametrize("number", [-1, 2**48])
def test_an_id_that_does_not_fit_is_a_fault_of_ours(number: int) -> None:
    with pytest.raises(ValueError, match="43 bits"):
        MAIL.make(AddressPurpose.BOUNCES, "news", number)
    with pytest.raises(OverflowError):
        WEB.make(WebPurpose.READ, number)


def test_a_maker_of_links_takes_just_so_many_numbers() -> None:
    make = WEB.maker(WebPurpose.READ, 2)
    assert WEB.make(WebPurpose.READ, 1, 2) == make(1, 2)
    for numbers in [(), (1,), (1, 2, 3)]:
        with pytest.raises(TypeError, match="not 2"):
            make(*numbers)


def test_a_suppressed_address_is_recognised_only_under_its_own_key() -> None:
    digest = suppression_digest(KEYS, "ada@reader.example")
    assert digest == suppression_digest(ROTATED, "ada@reader.example")
    assert digest != suppression_digest(OTHERS, "ada@reader.example")
    assert digest != suppression_digest(KEYS, "bea@reader.example")


def test_keys_do_not_show() -> None:
    assert "KeyRing(numbers=[1, 2])" == repr(ROTATED)


def shared_places(tokens: list[str]) -> list[int]:
    """Where all tokens have the same character."""
    return [n for n, characters in enumerate(zip(*tokens, strict=True)) if len(set(characters)) == 1]


@pytest.mark.parametrize("first", [1, 1000, 2**40])
def test_ids_in_a_row_look_like_any_others(first: int) -> None:
    """Nothing of a link stays the same from id to id, and of an address only where the key number stands."""
    ids = range(first, first + 100)
    assert [] == shared_places([WEB.make(WebPurpose.PREFERENCES, number, 0, 0) for number in ids])
    assert [0] == shared_places([MAIL.make(AddressPurpose.BOUNCES, "news", number) for number in ids])


@pytest.mark.parametrize("number", [0, 7, 2**43 - 1])
def test_one_id_hides_differently_in_each_place(number: int) -> None:
    """Purposes, lists and keys share no stream: two tokens of one id tell nobody that they belong together."""
    links = [tokens.make(purpose, number, 1) for tokens in (WEB, WebTokens(ROTATED)) for purpose in WebPurpose]
    mails = [MAIL.make(purpose, name, number) for purpose in AddressPurpose for name in ("news", "other")]
    assert len(links) == len({link[:8] for link in links})
    assert len(mails) == len({mail[2:10] for mail in mails})


def test_the_end_of_a_link_survives_programs_that_find_links() -> None:
    """No hyphen or low line stands at the end, which some take for the end of the link before it."""
    assert set("AQgw") >= {WEB.make(WebPurpose.UNSUBSCRIBE, number, 1)[-1] for number in range(200)}


LINKS = [
    (WebPurpose.UNSUBSCRIBE, (1, 2), "TFh39LlgOH3wq7qD7LqlDicQ2-K8vJDv6mgJYQ"),
    (WebPurpose.UNSUBSCRIBE, (2**48 - 1, 7), "Z1I1iQiQoT9kmtuzQ526n1aufm3TtvI9lQdFOA"),
    (WebPurpose.PREFERENCES, (5, 0, 0), "sBCzPopSLTFRXzPajn4xrTm_H1NBp6FCxilRHeGBdpCoSQ"),
    (WebPurpose.CONFIRM, (9, 1790000000), "-fogasC_u31PHZx2IBnttI8fJoSPMHgG713ZbA"),
    (WebPurpose.READ, (3,), "N1bLQMbU_Bgy9VaWCpUvoRnXY__h7Q"),
    (
        WebPurpose.NEVER_AGAIN,
        (4, *pack_digests(b"a" * 32, b"b" * 32)),
        (
            "mOs8HRV9vpnUTRBI1DEa0EprWr-43btbGu6ea7hE-v8y4mnUriBEJ-_XXGyy4ALEhW8_e7YULMIgpYMjJdHPTVuaYfo8jEAT8tTdf4XKpNAmAFKNJ5"
            "6H4g"
        ),
    ),
]
ADDRESSES = [
    (1, AddressPurpose.UNSUBSCRIBE, "news", 1, "alxp33lb2yfr5ipbkw4ktfbmbd"),
    (1, AddressPurpose.BOUNCES, "news", 12345, "amokzhu7dsfxtoutgvz2axzrei"),
    (1, AddressPurpose.CONFIRM, "a-list", 2**43 - 1, "aoizh3gkn6nwsml6y4kb3uccad"),
    (3, AddressPurpose.UNSUBSCRIBE, "news", 1, "a3yrpeisqnn2wi5k4b3uzulvoa"),
    (3, AddressPurpose.BOUNCES, "news", 12345, "a2yzxiuwfx2jtx5wke6qrg5zrw"),
]


@pytest.mark.parametrize(("purpose", "numbers", "token"), LINKS)
def test_links_of_today_are_read_for_ever(purpose: WebPurpose, numbers: tuple[int, ...], token: str) -> None:
    """Test vectors: a change here would end the links in mails that are out."""
    assert (token, numbers) == (WEB.make(purpose, *numbers), WebTokens(ROTATED).read(purpose, token))


@pytest.mark.parametrize(("key_number", "purpose", "name", "number", "token"), ADDRESSES)
def test_addresses_of_today_are_read_for_ever(
    key_number: int, purpose: AddressPurpose, name: str, number: int, token: str
) -> None:
    """Test vectors: a change here would end the return paths of mails that are out."""
    tokens = AddressTokens(KeyRing({key_number: str(key_number).encode() * 32}, b""))
    assert (token, number) == (tokens.make(purpose, name, number), tokens.read(purpose, name, token))


def keyed(label: str, part: str, key: bytes, octets: bytes) -> bytes:
    """What SECURITY.md describes, from the parts of the standard library alone."""
    derived = hmac.digest(key, f"pressrun.siv.{part}\0{label}".encode(), "sha256")
    return blake2s(octets, key=derived).digest()


@given(st.sampled_from(WebPurpose), st.lists(IDS, min_size=1, max_size=5))
def test_links_are_siv_over_keyed_blake2s(purpose: WebPurpose, numbers: list[int]) -> None:
    key = KEYS.link_keys[1]
    plain = b"".join(number.to_bytes(6, "big") for number in numbers)
    tag = keyed(f"link\0{purpose}", "tag", key, plain)[:16]
    stream = keyed(f"link\0{purpose}", "stream", key, tag)
    hidden = bytes(octet ^ other for octet, other in zip(plain, stream, strict=False))
    assert urlsafe_b64encode(hidden + tag).rstrip(b"=").decode("ascii") == WEB.make(purpose, *numbers)


@given(ADDRESS_IDS)
def test_address_tokens_are_base32(number: int) -> None:
    """Of RFC 4648 §6, lower-case and without padding; the last 6 bits of 17 octets are none of ours."""
    token = MAIL.make(AddressPurpose.BOUNCES, "news", number)
    decoded = b32decode(token.upper() + "AA====")[:17]
    assert token == b32encode(decoded)[:26].decode("ascii").lower()


def test_digests_travel_in_a_token_and_come_back() -> None:
    first, second = b"\x00" + b"a" * 30 + b"\x00", b"b" * 32
    assert ((first,), (first, second)) == (
        unpack_digests(pack_digests(first)),
        unpack_digests(pack_digests(first, second)),
    )
    assert len(WebTokens(KEYS).make(WebPurpose.NEVER_AGAIN, 1, *pack_digests(first, second))) < 200


@pytest.mark.parametrize("extra", [0, 1])
def test_digests_are_whole_ones(extra: int) -> None:
    """What is left over after the last whole digest is not one."""
    numbers = pack_digests(b"a" * 32, b"b" * 32)
    assert (b"a" * 32, b"b" * 32) == unpack_digests([*numbers, *[0] * extra])
    assert () == unpack_digests(numbers[:1])


def test_a_suppression_is_found_again_by_the_next_version() -> None:
    """The digests of erased addresses are all that is left of them."""
    key = b"pressrun.suppression\0ada@reader.example"
    assert hmac.digest(KEYS.suppression_key, key, "sha256") == suppression_digest(KEYS, "ada@reader.example")


def leaked() -> KeyRing:
    """A ring whose first key retires at 100."""
    ring = KeyRing({1: b"1" * 32, 2: b"2" * 32}, b"s" * 32)
    ring.retire(1, 100)
    return ring


@pytest.mark.parametrize("purpose", WebPurpose)
def test_a_retired_key_is_read_for_leaving_alone_in_links(purpose: WebPurpose) -> None:
    ring, old = leaked(), WEB.make(purpose, 7, 8)
    ring.retire_due(99.9)
    assert (7, 8) == WebTokens(ring).read(purpose, old)
    ring.retire_due(100.0)
    assert ((7, 8) if purpose is WebPurpose.UNSUBSCRIBE else None) == WebTokens(ring).read(purpose, old)
    assert WebTokens(ring, lasting=frozenset()).read(purpose, old) is None
    assert (9,) == WebTokens(ring).read(purpose, WebTokens(ring).make(purpose, 9))


@pytest.mark.parametrize("purpose", AddressPurpose)
def test_a_retired_key_is_read_for_leaving_alone_in_addresses(purpose: AddressPurpose) -> None:
    ring, old = leaked(), MAIL.make(purpose, "news", 7)
    ring.retire_due(100.0)
    assert (7 if purpose is AddressPurpose.UNSUBSCRIBE else None) == AddressTokens(ring).read(purpose, "news", old)
    assert AddressTokens(ring, lasting=frozenset()).read(purpose, "news", old) is None
    assert 9 == AddressTokens(ring).read(purpose, "news", AddressTokens(ring).make(purpose, "news", 9))


@pytest.mark.parametrize(("purpose", "numbers", "token"), [*LINKS])
def test_links_that_are_out_retire_with_their_key(purpose: WebPurpose, numbers: tuple[int, ...], token: str) -> None:
    ring = KeyRing({**KEYS.link_keys, 9: b"9" * 32}, b"s" * 32)
    assert numbers == WebTokens(ring).read(purpose, token)
    for number in KEYS.link_keys:
        ring.retire(number, 0)
    ring.retire_due(1.0)
    expected = numbers if purpose is WebPurpose.UNSUBSCRIBE else None
    assert expected == WebTokens(ring).read(purpose, token)


def test_a_clock_that_was_set_back_brings_a_key_back_until_its_time() -> None:
    ring = leaked()
    ring.retire_due(100.0)
    ring.retire_due(99.0)
    assert frozenset() == ring.retired
