"""HMAC by a prepared key is what the standard library makes of the same octets."""

from __future__ import annotations

import hmac

from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.signing.mac import Mac


@given(st.binary(max_size=200), st.binary(max_size=100), st.lists(st.binary(max_size=100), max_size=3))
def test_it_is_hmac_sha256(key: bytes, start: bytes, messages: list[bytes]) -> None:
    """Also for keys longer than a block, and for one message after the other."""
    mac = Mac(key, start)
    assert [hmac.digest(key, start + message, "sha256") for message in messages] == [
        mac.digest(message) for message in messages
    ]
