"""The codes of log-ins: what they are derived from, how they are shown, and how people type them."""

from __future__ import annotations

import pytest

from pressrun.core.access.login_codes import (
    LETTERS,
    app_secret,
    code_digest,
    in_groups,
    is_same_code,
    mailed_code,
    recovery_code,
    typed_code,
)
from pressrun.core.signing.keys import KeyRing

KEYS, OTHERS = (KeyRing({1: bytes(32)}, suppression_key=bytes([number]) * 32) for number in (1, 2))


def test_what_older_versions_have_stored_and_mailed_stays_valid() -> None:
    """Each value is derived for one use."""
    assert "PWHJPAWV" == mailed_code(KEYS, b"browser")
    assert "2f30f198d2831913dd67d636645318bfcec8c6c9" == app_secret(KEYS, b"salt").hex()
    assert "b040b46cf35bbf958ec0c3dfe09d76966b87ad2ff2a23a4dbb820bead9893d72" == code_digest("ABCDEFGHJKMNPQRS").hex()


def test_a_mailed_code_belongs_to_one_browser_and_one_installation() -> None:
    code = mailed_code(KEYS, b"browser")
    assert (8, set()) == (len(code), set(code) - set(LETTERS))
    assert code == mailed_code(KEYS, b"browser")
    assert code not in (mailed_code(KEYS, b"another"), mailed_code(OTHERS, b"browser"))


def test_the_secret_of_an_app_is_no_mailed_code() -> None:
    """One key has several uses, and no value of one is a value of another."""
    secret = app_secret(KEYS, b"salt")
    assert 20 == len(secret)
    assert secret not in (app_secret(KEYS, b"tlas"), app_secret(OTHERS, b"salt"))


@pytest.mark.parametrize("typed", ["abcd-efgh", "ABCDEFGH", " AbCd efgh\n", "A-B-C-D E F G H"])
def test_a_code_may_be_typed_in_several_ways(typed: str) -> None:
    assert "ABCDEFGH" == typed_code(typed)
    assert is_same_code("ABCDEFGH", typed)
    assert code_digest("ABCDEFGH") == code_digest(typed)


@pytest.mark.parametrize("typed", ["", "ABCDEFG", "ABCDEFGHA", "ABCDEFGJ", "\udc80"])
def test_another_code_is_another_one(typed: str) -> None:
    assert not is_same_code("ABCDEFGH", typed)
    assert code_digest("ABCDEFGH") != code_digest(typed)


def test_a_code_is_shown_in_groups_of_four() -> None:
    assert ["ABCD-EFGH", "ABCD-EF"] == [in_groups("ABCDEFGH"), in_groups("ABCDEF")]


def test_a_recovery_code_has_sixteen_letters_that_the_draw_decides() -> None:
    codes = {recovery_code(bytes([number]) * 32) for number in range(50)}
    assert {16} == {len(code) for code in codes}
    assert 50 == len(codes)
