"""Makes the tokens that Pressrun made before they were opaque, from libraries alone: mails that are out carry them."""

from __future__ import annotations

import hmac
from base64 import b32encode, urlsafe_b64encode
from hashlib import sha256

from itsdangerous import Signer


def signed_link(key: bytes, purpose: str, *numbers: int) -> str:
    """An `itsdangerous` signature over the base64 of the numbers."""
    signer = Signer(key, salt=f"pressrun.{purpose}".encode(), key_derivation="hmac", digest_method=sha256, sep=".")
    payload = urlsafe_b64encode(b"".join(number.to_bytes(6, "big") for number in numbers)).rstrip(b"=")
    return signer.sign(payload).decode("ascii")


def signed_address(key: bytes, key_number: int, purpose: str, list_name: str, number: int) -> str:
    """Key number, id and the lowest five bits of sixteen octets of an HMAC, as 27 digits of base32."""
    text = f"pressrun.address.{purpose}\0{list_name}\0{key_number}\0{number}"
    bits = key_number << 48 | number
    for octet in hmac.digest(key, text.encode(), "sha256")[:16]:
        bits = bits << 5 | octet & 31
    return b32encode((bits << 25).to_bytes(20, "big")).decode("ascii").lower()[:27]
