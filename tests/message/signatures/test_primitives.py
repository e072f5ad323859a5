"""The library for keys and hashes: what it makes of a key, and that nobody has it in memory in vain."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.message.signatures.test_dkim import settings

from pressrun.message.signatures.primitives import NoKey, begin_sha256, load_private_key, sha256

IMPORTED = "import pressrun.daemon.serve, pressrun.cli.main, sys; print('cryptography' in sys.modules)"


def test_a_daemon_that_signs_nothing_does_not_import_it() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTED], check=True, capture_output=True, text=True)
    assert "False\n" == done.stdout


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_a_hash_goes_on_from_where_it_was_copied(first: bytes, second: bytes) -> None:
    """And what is begun begins with nothing, whatever was hashed before."""
    begun = begin_sha256()
    begun.update(first)
    copy = begun.copy()
    copy.update(second)
    expected = [hashlib.sha256(data).digest() for data in (first, first + second)]
    assert expected == [begun.finalize(), copy.finalize()] == [sha256(first), sha256(first + second)]


def test_a_key_is_named_with_its_bits() -> None:
    key = load_private_key(settings().key_pem)
    assert ("rsa-sha256", 2048) == (key.algorithm, key.bits)
    assert "sign" not in repr(key)


@pytest.mark.parametrize("pem", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_holds_no_key_is_told(pem: bytes) -> None:
    with pytest.raises(NoKey, match="which holds no private key in PEM"):
        load_private_key(pem)
