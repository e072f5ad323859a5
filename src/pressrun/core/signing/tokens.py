"""Tokens in links and addresses: opaque, signed, bound to one purpose.

Both hide and sign their numbers in one step (core/signing/siv.py), so that nobody without the key learns an id from a
token, or how fast ids grow. A link is base64 of the hidden numbers and a tag of 128 bits. An address must survive case
folding and fit a local part of 64 octets (RFC 5321 §4.5.3.1.1): 26 characters of lower-case base32 hold a key number
of 7 bits, a hidden id of 43 and a tag of 80, which leaves no spare bit and so just one spelling. What was made before
tokens were opaque is read for ever (core/signing/signed_tokens.py).

A token says who, never what is true now: the reader of a token looks up the id. Nothing here knows the time; if a token
expires, the time is one of its numbers.
"""

from __future__ import annotations

import hmac
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from pressrun.core.addresses.address import Address
from pressrun.core.addresses.mail_routes import Route, RouteKind
from pressrun.core.signing import signed_tokens
from pressrun.core.signing.encodings import base64url, digits_of, number_of, octets_of, ten_digits
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.mac import Mac
from pressrun.core.signing.siv import Siv


class WebPurpose(StrEnum):
    """What a link is for. A token for one purpose is invalid for another."""

    CONFIRM = "confirm"  # (confirmation, expires_at)
    UNSUBSCRIBE = "unsubscribe"  # (subscription, edition)
    PREFERENCES = "preferences"  # (subscriber, epoch, expires_at; 0: the lasting link of an edition)
    APPROVE = "approve"  # (edition, expires_at)
    READ = "read"  # (subscription, epoch, round)
    CHANGE = "change"  # (change of address, expires_at)
    NEVER_AGAIN = "never-again"  # (subscriber, the suppression digests of an address, packed)
    FORM = "form"  # (list, issued_at, number): one copy of our own sign-up form
    WORK = "work"  # (list, issued_at, bits): the challenge that a form of that moment carries
    UNDO_CHANGE = "undo-change"  # (change of address, expires_at)
    UNDO_UNSUBSCRIBE = "undo-leaving"  # (unsubscribe, expires_at)
    ENTER = "enter"  # (link to enter, expires_at)
    WHY = "why"  # (unsubscribe, expires_at): the question why somebody left


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

LASTING = frozenset[str]({WebPurpose.UNSUBSCRIBE, AddressPurpose.UNSUBSCRIBE})
"""What a retired key still serves for: these links work for ever, as readers must be able to leave by any mail.

So somebody with that key can end subscriptions. A notice tells each reader, with a link to undo it."""

TEST_ID = 0  # the id that stands for nobody: test copies carry real tokens of it
FIRST_ROUND_TRIP = 1 << 42  # ids of bounces from here on stand for nobody either: `doctor` numbers its test bounces so

_NUMBER_BYTES = 6
_NUMBER_BITS = 8 * _NUMBER_BYTES
_LONGEST_LINK = 200
_LINK_TAG_BYTES = 16  # 128 bits; together with numbers of 6 octets a token then ends in A, Q, g or w, never in - or _

_ID_BITS = 43
_LARGEST_ID = (1 << _ID_BITS) - 1
_HEAD_DIGITS = 10  # the key number's 7 bits and the id's
_TAG_DIGITS = 16  # 80 bits
_ADDRESS_TOKEN = re.compile(r"[a-z2-7]{26}", re.ASCII)

_DIGEST_BYTES = 32


class WebTokens:
    """Makes and reads the tokens of links; numbers in, numbers out."""

    __slots__ = ("_keys", "_lasting")

    def __init__(self, keys: KeyRing, lasting: frozenset[str] = LASTING) -> None:
        self._keys = keys
        self._lasting = lasting  # the purposes that retired keys serve for, too

    def make(self, purpose: WebPurpose, *numbers: int) -> str:
        """A URL-safe token for these numbers (0 to 2**48-1), under the newest key."""
        return self.maker(purpose, len(numbers))(*numbers)

    def maker(self, purpose: WebPurpose, count: int) -> Callable[..., str]:
        """A function that makes such tokens of `count` numbers with the present newest key, to make many."""
        return _link_maker(self._keys.link_keys[self._keys.newest], purpose, count)

    def read(self, purpose: WebPurpose, token: str) -> tuple[int, ...] | None:
        """The numbers in a genuine token, spelled exactly as made, or None."""
        if len(token) > _LONGEST_LINK or not token.isascii():
            return None
        read = signed_tokens.read_link if "." in token else _read_link
        for _, key in sorted(_honoured(self._keys, purpose, self._lasting).items(), reverse=True):
            numbers = read(key, purpose, token)
            if numbers is not None:
                return numbers
        return None


def _honoured(keys: KeyRing, purpose: str, lasting: frozenset[str]) -> Mapping[int, bytes]:
    """The keys that are valid for a token of this purpose."""
    if not keys.retired or purpose in lasting:
        return keys.link_keys
    return {number: key for number, key in keys.link_keys.items() if number not in keys.retired}


@lru_cache(maxsize=256)
def _link_siv(key: bytes, purpose: str) -> Siv:
    return Siv(key, f"link\0{purpose}".encode())


@lru_cache(maxsize=256)
def _link_maker(key: bytes, purpose: str, count: int) -> Callable[..., str]:
    siv = _link_siv(key, purpose)
    start_tag, mask, length = siv.start_tag, siv.mask, count * _NUMBER_BYTES

    def make(*numbers: int) -> str:
        if len(numbers) != count:
            raise TypeError(f"a link for {purpose} made of {len(numbers)} numbers, not {count}")
        value = 0
        for number in numbers:
            if number >> _NUMBER_BITS:
                raise OverflowError("a number in a link has at most 48 bits")
            value = value << _NUMBER_BITS | number
        mac = start_tag()
        mac.update(value.to_bytes(length, "big"))
        tag = mac.digest()[:_LINK_TAG_BYTES]
        return base64url((value ^ mask(tag, length)).to_bytes(length, "big") + tag)

    return make


def _read_link(key: bytes, purpose: str, token: str) -> tuple[int, ...] | None:
    raw = octets_of(token)
    if raw is None or len(raw) < _LINK_TAG_BYTES or (len(raw) - _LINK_TAG_BYTES) % _NUMBER_BYTES:
        return None
    hidden, tag = raw[:-_LINK_TAG_BYTES], raw[-_LINK_TAG_BYTES:]
    siv = _link_siv(key, purpose)
    length = len(hidden)
    plain = (int.from_bytes(hidden, "big") ^ siv.mask(tag, length)).to_bytes(length, "big")
    if not hmac.compare_digest(siv.tag(plain)[:_LINK_TAG_BYTES], tag):
        return None
    return tuple(high << 32 | low for high, low in struct.iter_unpack(">HI", plain))


class AddressTokens:
    """Makes and reads the tokens of `news-unsubscribe+TOKEN@D` and its like."""

    __slots__ = ("_keys", "_lasting")

    def __init__(self, keys: KeyRing, lasting: frozenset[str] = LASTING) -> None:
        self._keys = keys
        self._lasting = lasting  # the purposes that retired keys serve for, too

    def make(self, purpose: AddressPurpose, list_name: str, number: int) -> str:
        """26 characters of `[a-z2-7]` for an id of at most 43 bits, bound to the purpose and the list's name."""
        return self.maker(purpose, list_name)(number)

    def maker(self, purpose: AddressPurpose, list_name: str) -> Callable[[int], str]:
        """A function that makes such tokens with the present newest key, to make many."""
        key_number = self._keys.newest
        return _address_maker(self._keys.link_keys[key_number], purpose, list_name, key_number)

    def read(self, purpose: AddressPurpose, list_name: str, token: str) -> int | None:
        """The id of a genuine token, else None. The caller has lower-cased the local part already."""
        if len(token) == signed_tokens.ADDRESS_TOKEN_LENGTH:
            return signed_tokens.read_address(_honoured(self._keys, purpose, self._lasting), purpose, list_name, token)
        if _ADDRESS_TOKEN.fullmatch(token) is None:
            return None
        head = number_of(token[:_HEAD_DIGITS])
        key_number, hidden = head >> _ID_BITS, head & _LARGEST_ID
        key = _honoured(self._keys, purpose, self._lasting).get(key_number)
        if key is None:
            return None
        siv = _address_siv(key, purpose, list_name, key_number)
        number = hidden ^ siv.mask(token[_HEAD_DIGITS:].encode("ascii"), _NUMBER_BYTES) & _LARGEST_ID
        expected = _address_maker(key, purpose, list_name, key_number)(number)
        return number if hmac.compare_digest(expected, token) else None

    def read_route(self, route: Route) -> int | None:
        """The id that a signed address stands for; None when its token is not genuine, or it needs none."""
        purpose = _PURPOSES.get(route.kind)
        return None if purpose is None else self.read(purpose, route.list_name, route.token)


@lru_cache(maxsize=1024)
def _address_siv(key: bytes, purpose: str, list_name: str, key_number: int) -> Siv:
    return Siv(key, f"address\0{purpose}\0{list_name}\0{key_number}".encode())


@lru_cache(maxsize=1024)
def _address_maker(key: bytes, purpose: str, list_name: str, key_number: int) -> Callable[[int], str]:
    siv = _address_siv(key, purpose, list_name, key_number)
    start_tag, start_stream = siv.start_tag, siv.start_stream
    top = key_number << _ID_BITS

    def make(number: int) -> str:
        if number >> _ID_BITS:
            raise ValueError("an id in an address has at most 43 bits")
        mac = start_tag()
        mac.update(b"%d" % number)
        tag = digits_of(mac.digest()[:_TAG_DIGITS])
        stream = start_stream()
        stream.update(tag)
        mask = int.from_bytes(stream.digest()[:_NUMBER_BYTES], "big") & _LARGEST_ID
        return ten_digits(top | number ^ mask) + tag.decode("ascii")

    return make


def round_trip_outcome(number: int) -> str:
    """What is recorded when a test bounce returns, by which it is found."""
    return f"round trip {number - FIRST_ROUND_TRIP:x}"


def pack_digests(*digests: bytes) -> tuple[int, ...]:
    """One or two digests of 32 octets as numbers for a token."""
    packed = b"".join(digests)
    packed += bytes(-len(packed) % _NUMBER_BYTES)
    return tuple(int.from_bytes(packed[at : at + _NUMBER_BYTES], "big") for at in range(0, len(packed), _NUMBER_BYTES))


def unpack_digests(numbers: Sequence[int]) -> tuple[bytes, ...]:
    """The digests that `pack_digests` turned into these numbers."""
    packed = b"".join(number.to_bytes(_NUMBER_BYTES, "big") for number in numbers)
    return tuple(packed[at : at + _DIGEST_BYTES] for at in range(0, len(packed) - _DIGEST_BYTES + 1, _DIGEST_BYTES))


class Digests(NamedTuple):
    """The digests under which an address and its whole mailbox are suppressed. Often they are the same."""

    own: bytes
    mailbox: bytes


def digests_of(keys: KeyRing, address: Address) -> Digests:
    """Both keyed hashes of an address."""
    key, mailbox = address.key, address.mailbox
    own = suppression_digest(keys, key)
    return Digests(own, own if mailbox == key else suppression_digest(keys, mailbox))


def suppression_digest(keys: KeyRing, address_key: str) -> bytes:
    """The keyed hash under which an address is suppressed: without the key it does not reveal the address."""
    return _suppression_mac(keys.suppression_key).digest(address_key.encode())


@lru_cache(maxsize=16)
def _suppression_mac(key: bytes) -> Mac:
    return Mac(key, b"pressrun.suppression\0")
