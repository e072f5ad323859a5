"""Base64 for URLs: as the standard library writes it, and read in that spelling alone."""

from __future__ import annotations

from base64 import urlsafe_b64encode

from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.signing.encodings import base64url, octets_of


@given(st.binary(max_size=100))
def test_octets_are_as_the_standard_library_writes_them(octets: bytes) -> None:
    """RFC 4648 §5, without padding."""
    text = urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
    assert (text, octets) == (base64url(octets), octets_of(text))


@given(st.text(st.sampled_from("AQgwB-_+/= .\nä"), max_size=12))
def test_each_text_is_read_in_its_one_spelling(text: str) -> None:
    """RFC 4648 §3.5 allows spare bits, and Python's decoder skips what is no digit."""
    octets = octets_of(text)
    assert octets is None or text == base64url(octets)
