"""Numbers and octets as text: lower-case base32, and base64 for URLs in one spelling only.

Base32 (RFC 4648 §6) survives case folding; this is faster than `base64.b32encode`. Base64 is that of RFC 4648 §5,
without padding.
"""

from __future__ import annotations

import binascii

_DIGITS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(first + second for first in _DIGITS for second in _DIGITS)
_TO_INT = str.maketrans(_DIGITS, "0123456789abcdefghijklmnopqrstuv")
_OF_OCTETS = bytes(ord(_DIGITS[octet & 31]) for octet in range(256))


def base32(number: int, digits: int) -> str:
    """The lowest `5 * digits` bits of a number, most significant digit first."""
    odd = digits & 1
    pairs = [_PAIRS[number >> shift & 1023] for shift in range(5 * (digits - 2), 5 * odd - 1, -10)]
    return "".join(pairs) + _DIGITS[number & 31] if odd else "".join(pairs)


def ten_digits(number: int) -> str:
    """`base32(number, 10)` for a number of 50 bits, at half the cost: every copy holds two of them."""
    pairs = _PAIRS
    return (
        f"{pairs[number >> 40]}{pairs[number >> 30 & 1023]}{pairs[number >> 20 & 1023]}"
        f"{pairs[number >> 10 & 1023]}{pairs[number & 1023]}"
    )


def base32_of(octets: bytes) -> str:
    """One digit for the lowest five bits of each octet. Only for hashes, where every bit is as good as another."""
    return digits_of(octets).decode("ascii")


def digits_of(octets: bytes) -> bytes:
    """`base32_of` in ASCII."""
    return octets.translate(_OF_OCTETS)


def number_of(text: str) -> int:
    """The number that these digits spell, most significant digit first; raises ValueError for any other character."""
    return int(text.translate(_TO_INT), 32)


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
