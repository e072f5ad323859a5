"""Reads the tokens of links and addresses that Pressrun made before they were opaque. They stay valid for ever.

Everybody can see their numbers, signed: a link is base64 of the numbers, a dot and an `itsdangerous`
signature (SHA-256, one salt a purpose); an address is 27 digits of base32 for a key number of 7 bits, an id of 48 and
an HMAC-SHA256 of 80. Neither can be taken for an opaque token, which has no dot, and 26 digits
(core/signing/tokens.py). Nothing here makes such tokens for use, and nothing new may.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import struct
from collections.abc import Mapping
from functools import lru_cache

from itsdangerous import Signer

from pressrun.core.signing.encodings import base32, base32_of, number_of, octets_of
from pressrun.core.signing.mac import Mac

ADDRESS_TOKEN_LENGTH = 27

_NUMBER_BYTES = 6
_LARGEST_ID = (1 << 48) - 1
_HEAD_DIGITS = 11  # 55 bits
_TAG_DIGITS = 16  # 80 bits
_ADDRESS_TOKEN = re.compile(rf"[a-z2-7]{{{ADDRESS_TOKEN_LENGTH}}}", re.ASCII)


def read_link(key: bytes, purpose: str, token: str) -> tuple[int, ...] | None:
    """The numbers in a link that this key signed, or None."""
    payload, _, signature = token.rpartition(".")
    raw, tag = octets_of(payload), octets_of(signature)
    if raw is None or tag is None or len(raw) % _NUMBER_BYTES:
        return None
    if not hmac.compare_digest(_link_mac(key, purpose).digest(payload.encode("ascii")), tag):
        return None
    return tuple(high << 32 | low for high, low in struct.iter_unpack(">HI", raw))


@lru_cache(maxsize=256)
def _link_mac(key: bytes, purpose: str) -> Mac:
    salt = f"pressrun.{purpose}".encode()
    return Mac(Signer(key, salt=salt, key_derivation="hmac", digest_method=hashlib.sha256).derive_key())


def read_address(keys: Mapping[int, bytes], purpose: str, list_name: str, token: str) -> int | None:
    """The id in an address that one of these keys signed, or None."""
    if _ADDRESS_TOKEN.fullmatch(token) is None:
        return None
    head = number_of(token[:_HEAD_DIGITS])
    key_number, number = head >> 48, head & _LARGEST_ID
    key = keys.get(key_number)
    if key is None:
        return None
    tag = _address_mac(key, purpose, list_name, key_number).digest(b"%d" % number)[:_TAG_DIGITS]
    expected = base32(head, _HEAD_DIGITS) + base32_of(tag)
    return number if hmac.compare_digest(expected, token) else None


@lru_cache(maxsize=1024)
def _address_mac(key: bytes, purpose: str, list_name: str, key_number: int) -> Mac:
    return Mac(key, f"pressrun.address.{purpose}\0{list_name}\0{key_number}\0".encode())
