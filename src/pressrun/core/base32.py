"""Numbers as lower-case base32 (RFC 4648 §6), for what must survive case folding; quicker than `base64.b32encode`."""

from __future__ import annotations

DIGITS = "abcdefghijklmnopqrstuvwxyz234567"
PAIRS = tuple(first + second for first in DIGITS for second in DIGITS)
_OF_OCTETS = bytes(ord(DIGITS[octet & 31]) for octet in range(256))


def base32(number: int, digits: int) -> str:
    """The lowest `5 * digits` bits of a number, most significant digit first."""
    odd = digits & 1
    pairs = [PAIRS[number >> shift & 1023] for shift in range(5 * (digits - 2), 5 * odd - 1, -10)]
    return "".join(pairs) + DIGITS[number & 31] if odd else "".join(pairs)


def base32_of(octets: bytes) -> str:
    """A digit for each octet, that of its lowest five bits: for hashes, where one bit is as good as another."""
    return octets.translate(_OF_OCTETS).decode("ascii")
