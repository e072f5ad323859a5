"""One-time codes by the clock (TOTP, RFC 6238): six digits that change every 30 seconds, as authenticator apps show.

A code is accepted for the current step and the ones before and after it (§5.2), since clocks differ and people type
slowly. A step counts once, so a code that somebody reads over a shoulder comes too late.
"""

from __future__ import annotations

import base64
import hmac
import struct
from urllib.parse import quote, urlencode

SECRET_BYTES = 20  # as long as the digest (RFC 4226 §4)
STEP_SECONDS = 30
_DIGITS = 6
_TOLERATED = (0, -1, 1)


def code_at(secret: bytes, step: int) -> str:
    """The code of a step, which is `UTC seconds // STEP_SECONDS`. HMAC-SHA1, since some apps support nothing else."""
    digest = hmac.digest(secret, struct.pack(">Q", step), "sha1")
    at = digest[-1] & 15
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}}"


def accepted_step(secret: bytes, typed: str, now: float, last_step: int) -> int | None:
    """The step whose code was typed, if it is valid now and later than `last_step`, or None."""
    digits = typed.encode("utf-8", "replace")
    here = int(now // STEP_SECONDS)
    matching = [
        step
        for step in (here + offset for offset in _TOLERATED)
        if hmac.compare_digest(code_at(secret, step).encode(), digits) and step > last_step
    ]
    return matching[0] if matching else None


def in_base32(secret: bytes) -> str:
    """The secret as people type it into an app."""
    return base64.b32encode(secret).decode("ascii").rstrip("=")


def key_uri(secret: bytes, *, account: str, issuer: str) -> str:
    """The content of a QR code for an authenticator app (the Key URI format of Google Authenticator)."""
    values = urlencode({"secret": in_base32(secret), "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{quote(issuer, safe='')}:{quote(account, safe='')}?{values}"
