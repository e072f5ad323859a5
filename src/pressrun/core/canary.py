"""Who is drawn for a canary: the order of numbers by a keyed hash, which every database computes alike.

The hash is a polynomial of degree three with secret coefficients over the integers modulo the prime 2^31 - 1. Any four
numbers are independent of each other: each one is drawn equally often, and who is near whom does not matter. No step
exceeds 63 bits.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

PRIME = 2_147_483_647


class Coefficients(NamedTuple):
    """Those of the polynomial, the highest power first."""

    a: int
    b: int
    c: int
    d: int


def coefficients(secret: bytes) -> Coefficients:
    """The coefficients that an edition's secret gives."""
    digest = hashlib.sha256(b"canary" + secret).digest()
    return Coefficients(*(int.from_bytes(digest[place : place + 8]) % PRIME for place in (0, 8, 16, 24)))


def place(key: Coefficients, number: int) -> int:
    """Where a number stands in the order."""
    x = number % PRIME
    return ((((key.a * x + key.b) % PRIME * x + key.c) % PRIME) * x + key.d) % PRIME


def sample_size(audience: int, percent: float) -> int:
    """How many copies a canary of so many readers has; at least one."""
    return max(1, round(audience * percent / 100)) if audience else 0
