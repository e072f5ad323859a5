"""Draws readers for a canary: orders their numbers by a keyed hash that every database computes alike.

The hash is a polynomial of degree three with secret coefficients over the integers modulo the prime 2^31 - 1. Any four
numbers are independent of each other: each one is drawn equally often, and who is near whom does not matter. No step
exceeds 63 bits.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

PRIME = 2_147_483_647


class Coefficients(NamedTuple):
    """The coefficients of the polynomial, highest power first."""

    a: int
    b: int
    c: int
    d: int


def coefficients(secret: bytes) -> Coefficients:
    """The coefficients for an edition's secret."""
    digest = hashlib.sha256(b"canary" + secret).digest()
    return Coefficients(*(int.from_bytes(digest[place : place + 8]) % PRIME for place in (0, 8, 16, 24)))


def place(key: Coefficients, number: int) -> int:
    """The position of a number in the order."""
    x = number % PRIME
    return ((((key.a * x + key.b) % PRIME * x + key.c) % PRIME) * x + key.d) % PRIME


def sample_size(audience: int, percent: float) -> int:
    """The number of copies in a canary for that many readers, at least one."""
    return max(1, round(audience * percent / 100)) if audience else 0
