"""Tokens of mails from before they were opaque: valid for ever, in one spelling, for one purpose, never made again."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.signed import signed_address, signed_link

from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import AddressPurpose, AddressTokens, WebPurpose, WebTokens, pack_digests

KEY, LATER = b"1" * 32, b"3" * 32
KEYS = KeyRing({1: KEY, 3: LATER}, b"s" * 32)
WEB, MAIL = WebTokens(KEYS), AddressTokens(KEYS)
IDS = st.integers(0, 2**48 - 1)
URL_SAFE = string.ascii_letters + string.digits + "-_."
BASE32 = string.ascii_lowercase + "234567"


@pytest.mark.parametrize(
    ("purpose", "numbers", "token"),
    [
        (WebPurpose.UNSUBSCRIBE, (1, 2), "AAAAAAABAAAAAAAC.0cfo0SFXPHJcy-swIKzq7JphMGvWes9VCS3-MpvDhlo"),
        (WebPurpose.UNSUBSCRIBE, (1, 2), "AAAAAAABAAAAAAAC.qFnNSxVlomwdqvgWFQpEvYhkqMdVN143tMEFN-MC2rg"),
        (WebPurpose.UNSUBSCRIBE, (2**48 - 1, 7), "________AAAAAAAH.Bgha3Oztj53WngvOm43M06HxHAE0XUz8s0IUo8W8O3Y"),
        (WebPurpose.PREFERENCES, (5, 0, 0), "AAAAAAAFAAAAAAAAAAAAAAAA.ZbemsIfEbI_XQhTqzLbhuuY3tiJWPY3ulGU9n_Io7-A"),
        (WebPurpose.CONFIRM, (9, 1790000000), "AAAAAAAJAABqsTuA.6cGgZqq-D6DGIkSGfCDIS4j59xlUh3ug0v-8Caypsto"),
        (WebPurpose.READ, (3,), "AAAAAAAD.wy6LSSNHmo34B99CaDkwSrBUlsnxhthLgypIS-rlE_g"),
        (
            WebPurpose.NEVER_AGAIN,
            (4, *pack_digests(b"a" * 32, b"b" * 32)),
            (
                "AAAAAAAEYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYgAA."
                "boMEqoAbSoz-6SOXEvLd09iPRLUmYaXlZibPDZTQmXY"
            ),
        ),
    ],
)
def test_links_in_old_mails_are_read(purpose: WebPurpose, numbers: tuple[int, ...], token: str) -> None:
    """Test vectors that earlier versions made."""
    assert numbers == WEB.read(purpose, token)


@pytest.mark.parametrize(
    ("purpose", "name", "number", "token"),
    [
        (AddressPurpose.UNSUBSCRIBE, "news", 1, "aiaaaaaaaabdzcelwqswpw2oa37"),
        (AddressPurpose.UNSUBSCRIBE, "news", 1, "ayaaaaaaaabincoe65hcdzj2rq2"),
        (AddressPurpose.BOUNCES, "news", 12345, "aiaaaaaambzp6r5ojqxs5crcphl"),
        (AddressPurpose.CONFIRM, "a-list", 2**48 - 1, "ap777777777d3d6bagir7jbtz2d"),
    ],
)
def test_addresses_in_old_mails_are_read(purpose: AddressPurpose, name: str, number: int, token: str) -> None:
    """Test vectors that earlier versions made, ids of 48 bits among them."""
    assert number == MAIL.read(purpose, name, token)


@given(st.sampled_from(WebPurpose), st.lists(IDS, max_size=4).map(tuple), st.sampled_from([KEY, LATER]))
def test_a_signed_link_serves_its_one_purpose(purpose: WebPurpose, numbers: tuple[int, ...], key: bytes) -> None:
    token = signed_link(key, purpose, *numbers)
    assert {purpose: numbers} == {other: read for other in WebPurpose if (read := WEB.read(other, token)) is not None}


@given(st.sampled_from(AddressPurpose), IDS, st.sampled_from([1, 3]))
def test_a_signed_address_serves_its_one_purpose_and_list(
    purpose: AddressPurpose, number: int, key_number: int
) -> None:
    token = signed_address(KEYS.link_keys[key_number], key_number, purpose, "news", number)
    places = [(other, name) for other in AddressPurpose for name in ("news", "new", "")]
    assert {(purpose, "news"): number} == {
        place: read for place in places if (read := MAIL.read(*place, token)) is not None
    }


def test_no_tampered_address_is_read() -> None:
    """Every other character in every place."""
    token = signed_address(KEY, 1, AddressPurpose.BOUNCES, "news", 1234)
    spellings = [token[:i] + c + token[i + 1 :] for i in range(27) for c in BASE32 if c != token[i]]
    assert [] == [other for other in spellings if MAIL.read(AddressPurpose.BOUNCES, "news", other) is not None]


@pytest.mark.parametrize("numbers", [(), (1,), (1, 2), (2**48 - 1,) * 3])
def test_a_signed_link_has_no_other_spelling(numbers: tuple[int, ...]) -> None:
    token = signed_link(KEY, WebPurpose.CONFIRM, *numbers)
    payload, _, tag = token.rpartition(".")
    spellings = [f"{payload}=.{tag}", f"{token}=", f"{token}\n", f" {token}", f".{token}", f"{token}.", payload, tag]
    spellings += [token[:place] + c + token[place + 1 :] for place in range(len(token)) for c in URL_SAFE]
    read = {spelling for spelling in spellings if WEB.read(WebPurpose.CONFIRM, spelling) is not None}
    assert {token} == read


def test_the_two_kinds_cannot_be_taken_for_each_other() -> None:
    """A dot, or a digit more, tells them apart before any key is asked: no part of one makes up the other."""
    old, new = signed_link(KEY, WebPurpose.CONFIRM, 1, 2), WEB.make(WebPurpose.CONFIRM, 1, 2)
    halves = [f"{new[:16]}.{new[16:]}", f"{new[:-22]}.{old.partition('.')[2]}", old.replace(".", "")]
    assert [None] * 3 == [WEB.read(WebPurpose.CONFIRM, half) for half in halves]
    mail = MAIL.make(AddressPurpose.CONFIRM, "news", 1)
    other = signed_address(KEY, 1, AddressPurpose.CONFIRM, "news", 1)
    halves = [mail + c for c in BASE32] + [c + mail for c in BASE32] + [other[:-1], other[1:]]
    assert [] == [half for half in halves if MAIL.read(AddressPurpose.CONFIRM, "news", half) is not None]


def test_only_opaque_tokens_are_made() -> None:
    assert "." not in WEB.make(WebPurpose.UNSUBSCRIBE, 1, 2)
    assert 26 == len(MAIL.make(AddressPurpose.BOUNCES, "news", 1))
