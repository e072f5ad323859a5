"""One-time codes by the clock."""

from __future__ import annotations

import pytest

from pressrun.core.access.totp import STEP_SECONDS, accepted_step, code_at, in_base32, key_uri

SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_codes_of_the_standard(seconds: int, code: str) -> None:
    """The last six digits of RFC 6238 appendix B for SHA-1."""
    assert code == code_at(SECRET, seconds // STEP_SECONDS)


@pytest.mark.parametrize(("late", "is_accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_is_accepted_a_step_early_and_late(late: int, is_accepted: bool) -> None:
    """Clocks differ by some seconds, and people type slowly."""
    step = 1000
    accepted = accepted_step(SECRET, code_at(SECRET, step), (step + late) * STEP_SECONDS + 7.5, last_step=0)
    assert (step if is_accepted else None) == accepted


def test_a_step_counts_once() -> None:
    """Neither it nor an earlier one is accepted again."""
    now, step = 1000.0 * STEP_SECONDS, 1000
    for used in (step, step + 1):
        assert accepted_step(SECRET, code_at(SECRET, step), now, last_step=used) is None


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "２８７０８２", "\ud800", "28708\u0661"])
def test_what_is_no_code_is_not_accepted(typed: str) -> None:
    """Other digits, and other numbers of them."""
    assert accepted_step(SECRET, typed, 59.0, last_step=0) is None


def test_what_apps_read() -> None:
    """The address in the QR code names the account and the issuer, and holds the secret in base32."""
    assert "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" == in_base32(SECRET)
    uri = key_uri(SECRET, account="ann b", issuer="news.example.org")
    assert (
        "otpauth://totp/news.example.org:ann%20b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=news.example.org" == uri
    )
