"""Tokens in links and addresses: opaque, signed, bound to one purpose.

Web tokens are `itsdangerous` signatures over packed numbers (SHA-256, one salt a purpose). Address tokens must survive
case folding and fit a local part of 64 octets (RFC 5321 §4.5.3.1.1): 27 characters of lower-case base32 hold a key
number of 7 bits, an id of 48 and an HMAC-SHA256 of 80, which leaves no spare bit and so just one spelling.

A token says who, never what is true now: whoever reads one looks the id up. Nothing here knows the time; where a
token ends, its end is one of the numbers.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
import struct
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import lru_cache

from itsdangerous import Signer

from pressrun.core.address import Address
from pressrun.core.base32 import DIGITS, PAIRS, base32, base32_of
from pressrun.core.keys import KeyRing
from pressrun.core.mac import Mac
from pressrun.core.mail_routes import Route, RouteKind


class WebPurpose(StrEnum):
    """What a link is for; one does nothing in another's place."""

    CONFIRM = "confirm"  # (confirmation, expires_at)
    UNSUBSCRIBE = "unsubscribe"  # (subscription, edition)
    PREFERENCES = "preferences"  # (subscriber, epoch, expires_at; 0: the lasting link of an edition)
    APPROVE = "approve"  # (edition, expires_at)
    READ = "read"  # (subscription, epoch, round)
    CHANGE = "change"  # (change of address, expires_at)
    NEVER_AGAIN = "never-again"  # (subscriber, the suppression digests of an address, packed)
    FORM = "form"  # (list, issued_at): our own sign-up form
    WORK = "work"  # (list, issued_at, bits): the challenge that a form of that moment carries
    UNDO_CHANGE = "undo-change"  # (change of address, expires_at)
    UNDO_LEAVING = "undo-leaving"  # (leaving, expires_at)


class AddressPurpose(StrEnum):
    """What a `+TOKEN` address is for."""

    UNSUBSCRIBE = "unsubscribe"  # id of the subscription
    CONFIRM = "confirm"  # id of the confirmation
    BOUNCES = "bounces"  # id of the delivery


_PURPOSES = {
    RouteKind.LEAVE: AddressPurpose.UNSUBSCRIBE,
    RouteKind.CONFIRM: AddressPurpose.CONFIRM,
    RouteKind.BOUNCES: AddressPurpose.BOUNCES,
}

TEST_ID = 0  # the id that stands for nobody: test copies carry real tokens of it

_NUMBER_BYTES = 6
_LARGEST_ID = (1 << 48) - 1
_HEAD_DIGITS = 11  # 55 bits
_TAG_DIGITS = 16  # 80 bits
_DIGEST_BYTES = 32
_ADDRESS_TOKEN = re.compile(r"[a-z2-7]{27}", re.ASCII)
_TO_DIGITS = str.maketrans(DIGITS, "0123456789abcdefghijklmnopqrstuv")
_TO_URL = bytes.maketrans(b"+/", b"-_")  # RFC 4648 §5
_FROM_URL = bytes.maketrans(b"-_", b"+/")


class WebTokens:
    """Makes and reads the tokens of links; numbers in, numbers out."""

    __slots__ = ("_keys",)

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    def make(self, purpose: WebPurpose, *numbers: int) -> str:
        """A URL-safe token for these numbers (0 to 2**48-1), signed with the newest key."""
        return self.maker(purpose)(*numbers)

    def maker(self, purpose: WebPurpose) -> Callable[..., str]:
        """What makes such tokens with the key that is the newest now: for whoever makes many."""
        return _web_maker(self._keys.link_keys[self._keys.newest], purpose)

    def read(self, purpose: WebPurpose, token: str) -> tuple[int, ...] | None:
        """The numbers of a genuine token in its one spelling, else None."""
        if len(token) > 200 or not token.isascii():
            return None
        payload = token.rpartition(".")[0].encode("ascii")
        try:
            raw = binascii.a2b_base64(payload.translate(_FROM_URL) + b"==")
        except binascii.Error:
            return None
        if len(raw) % _NUMBER_BYTES:
            return None
        numbers = tuple(high << 32 | low for high, low in struct.iter_unpack(">HI", raw))
        # base64 has several spellings of its last character, and only ours is valid: the whole token is compared.
        for _, key in sorted(self._keys.link_keys.items(), reverse=True):
            if hmac.compare_digest(_web_maker(key, purpose)(*numbers), token):
                return numbers
        return None


@lru_cache(maxsize=256)
def _signer(key: bytes, purpose: str) -> Signer:
    return Signer(
        key, salt=f"pressrun.{purpose}".encode(), key_derivation="hmac", digest_method=hashlib.sha256, sep="."
    )


@lru_cache(maxsize=256)
def _web_maker(key: bytes, purpose: str) -> Callable[..., str]:
    """Makes what `Signer.sign` gives for the base64 of some numbers, at a third of its cost: every copy has two."""
    mac = Mac(_signer(key, purpose).derive_key())

    def make(*numbers: int) -> str:
        payload = _base64(b"".join([number.to_bytes(_NUMBER_BYTES, "big") for number in numbers]))
        return (payload + b"." + _base64(mac.digest(payload))).decode("ascii")

    return make


def _base64(raw: bytes) -> bytes:
    return binascii.b2a_base64(raw, newline=False).translate(_TO_URL).rstrip(b"=")


class AddressTokens:
    """Makes and reads the tokens of `news-unsubscribe+TOKEN@D` and its like."""

    __slots__ = ("_keys",)

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    def make(self, purpose: AddressPurpose, list_name: str, number: int) -> str:
        """27 characters of `[a-z2-7]` for an id of at most 48 bits, bound to the purpose and the list's name."""
        return self.maker(purpose, list_name)(number)

    def maker(self, purpose: AddressPurpose, list_name: str) -> Callable[[int], str]:
        """What makes such tokens with the key that is the newest now: for whoever makes many."""
        key_number = self._keys.newest
        return _address_maker(self._keys.link_keys[key_number], purpose, list_name, key_number)

    def read(self, purpose: AddressPurpose, list_name: str, token: str) -> int | None:
        """The id of a genuine token, else None. The caller has lower-cased the local part already."""
        if _ADDRESS_TOKEN.fullmatch(token) is None:
            return None
        bits = int(token[:_HEAD_DIGITS].translate(_TO_DIGITS), 32)
        key_number, number = bits >> 48, bits & _LARGEST_ID
        key = self._keys.link_keys.get(key_number)
        if key is None:
            return None
        expected = _address_maker(key, purpose, list_name, key_number)(number)
        return number if hmac.compare_digest(expected, token) else None

    def read_route(self, route: Route) -> int | None:
        """The id that a signed address stands for; None when its token is not genuine, or it needs none."""
        purpose = _PURPOSES.get(route.kind)
        return None if purpose is None else self.read(purpose, route.list_name, route.token)


@lru_cache(maxsize=1024)
def _address_maker(key: bytes, purpose: str, list_name: str, key_number: int) -> Callable[[int], str]:
    mac = Mac(key, f"pressrun.address.{purpose}\0{list_name}\0{key_number}\0".encode())

    def make(number: int) -> str:
        tag = mac.digest(b"%d" % number)[:_TAG_DIGITS]
        return f"{_head(key_number, number >> 10)}{PAIRS[number & 1023]}{base32_of(tag)}"

    return make


@lru_cache(maxsize=256)
def _head(key_number: int, high: int) -> str:
    """What a thousand ids in a row begin with."""
    if high >> 38:
        raise ValueError("an id in an address has at most 48 bits")
    return base32(key_number << 38 | high, _HEAD_DIGITS - 2)


def pack_digests(*digests: bytes) -> tuple[int, ...]:
    """One or two digests of 32 octets as numbers for a token."""
    packed = b"".join(digests)
    packed += bytes(-len(packed) % _NUMBER_BYTES)
    return tuple(int.from_bytes(packed[at : at + _NUMBER_BYTES], "big") for at in range(0, len(packed), _NUMBER_BYTES))


def unpack_digests(numbers: Sequence[int]) -> tuple[bytes, ...]:
    """The digests that `pack_digests` made numbers of."""
    packed = b"".join(number.to_bytes(_NUMBER_BYTES, "big") for number in numbers)
    return tuple(packed[at : at + _DIGEST_BYTES] for at in range(0, len(packed) - _DIGEST_BYTES + 1, _DIGEST_BYTES))


def suppression_digests(keys: KeyRing, address: Address) -> tuple[bytes, ...]:
    """Where an address stands in the suppressions, and, if that is another place, where its whole mailbox does."""
    return tuple(dict.fromkeys(suppression_digest(keys, name) for name in (address.key, address.fold)))


def suppression_digest(keys: KeyRing, address_key: str) -> bytes:
    """The keyed hash under which an address is suppressed: it tells nobody without the key who that is."""
    return hmac.digest(keys.suppression_key, b"pressrun.suppression\0" + address_key.encode(), "sha256")
