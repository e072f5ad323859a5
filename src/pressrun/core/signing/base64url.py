"""Octets as base64 for URLs, without padding (RFC 4648 §5) and in one spelling only."""

from __future__ import annotations

import binascii

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")


def base64url(octets: bytes) -> str:
    """The text of these octets."""
    return binascii.b2a_base64(octets, newline=False).translate(_TO_URL, b"=").decode("ascii")


def octets_of(text: str) -> bytes | None:
    """The octets that `base64url` encodes as exactly this text, or None.

    RFC 4648 §3.5 allows several last characters for the same octets; only the one that we write is accepted.
    """
    if not text.isascii():
        return None
    try:
        octets = binascii.a2b_base64(text.encode("ascii").translate(_FROM_URL) + b"==")
    except binascii.Error:
        return None
    return octets if base64url(octets) == text else None
