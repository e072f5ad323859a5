"""Who is drawn for a canary."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.lifecycles.canary import PRIME, Coefficients, coefficients, place, sample_size


@given(st.binary(min_size=16, max_size=16), st.integers(0, 1 << 62))
def test_the_place_of_a_number_is_a_polynomial_of_it(secret: bytes, number: int) -> None:
    """Of degree three, modulo a prime, as the statements of both databases compute it."""
    a, b, c, d = key = coefficients(secret)
    assert (a * number**3 + b * number**2 + c * number + d) % PRIME == place(key, number)


def test_the_coefficients_are_a_digest_of_the_secret() -> None:
    """Of an edition that is being sent they never change: whoever was drawn stays drawn."""
    digest = hashlib.sha256(b"canary" + b"s" * 16).digest()
    parts = [int.from_bytes(digest[at : at + 8], "big") % PRIME for at in (0, 8, 16, 24)]
    assert Coefficients(*parts) == coefficients(b"s" * 16)


@pytest.mark.parametrize(
    ("audience", "percent", "size"),
    [(0, 10.0, 0), (1, 1.0, 1), (99, 1.0, 1), (149, 1.0, 1), (151, 1.0, 2), (1000, 0.5, 5), (1000, 10.0, 100)],
)
def test_a_sample_is_a_share_of_the_audience_and_never_nobody(audience: int, percent: float, size: int) -> None:
    assert size == sample_size(audience, percent)
