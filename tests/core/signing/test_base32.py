"""Numbers as lower-case base32."""

from __future__ import annotations

from base64 import b32encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.signing.encodings import base32, base32_of, number_of, ten_digits


@given(st.binary(min_size=5, max_size=40).filter(lambda data: len(data) % 5 == 0))
def test_whole_octets_are_as_the_standard_library_writes_them(data: bytes) -> None:
    """RFC 4648 §6, in lower case."""
    assert b32encode(data).decode("ascii").lower() == base32(int.from_bytes(data), len(data) * 8 // 5)


@given(st.integers(0, 2**135 - 1))
def test_an_odd_number_of_digits_has_five_bits_in_the_last(number: int) -> None:
    """27 digits hold 135 bits."""
    assert base32(number << 5, 28) == base32(number, 27) + "a"


@given(st.binary(max_size=40))
def test_a_digit_for_each_octet_is_that_of_its_lowest_bits(octets: bytes) -> None:
    assert "".join(base32(octet & 31, 1) for octet in octets) == base32_of(octets)


@given(st.integers(0, 2**55 - 1))
def test_digits_are_read_back(number: int) -> None:
    assert number == number_of(base32(number, 11))


@given(st.integers(0, 2**50 - 1))
def test_ten_digits_are_those_of_any_number_of_them(number: int) -> None:
    assert base32(number, 10) == ten_digits(number)


@pytest.mark.parametrize("digits", range(1, 13))
def test_there_are_as_many_digits_as_asked_for(digits: int) -> None:
    """Of a number with more bits, the lowest."""
    assert ("7" * digits, "a" * digits) == (base32((1 << 70) - 1, digits), base32(1 << 5 * digits, digits))
