"""The cookie of a log-in at an issuer: only the one that this process has signed, for its state and ten minutes."""

from __future__ import annotations

import os

import pytest

from pressrun.web.admin.cookies import CEREMONY_SECONDS, OidcCookies

NOW = 1_800_000_000


class Clock:
    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cookies(clock: Clock) -> OidcCookies:
    return OidcCookies(clock, os.urandom)


def test_a_cookie_brings_its_log_in_back(cookies: OidcCookies, clock: Clock) -> None:
    begun = cookies.begin("/lists/café", is_again=True, may_link=False)
    clock.now += CEREMONY_SECONDS - 1
    assert begun == cookies.read(begun.value, begun.ceremony.state)
    assert ("/lists/café", True, False) == (begun.way_on, begun.ceremony.is_again, begun.may_link)


def test_what_is_derived_from_a_cookie_is_its_own(cookies: OidcCookies) -> None:
    """For the same page twice. A verifier has 43 to 128 characters (RFC 7636 §4.1)."""
    ceremonies = [cookies.begin("", is_again=False, may_link=False).ceremony for _ in range(2)]
    values = {value for each in ceremonies for value in (each.state, each.nonce, each.verifier)}
    assert 6 == len(values)
    assert all(43 <= len(value) <= 128 and value.isalnum() for value in values)


def test_a_cookie_that_was_changed_is_refused(cookies: OidcCookies) -> None:
    """At any place, also in the bits that the last digit does not need; shortened; or not ours at all."""
    begun = cookies.begin("/lists", is_again=False, may_link=False)
    value, state = begun.value, begun.ceremony.state
    for place, digit in enumerate(value):
        for other in {"A", "_", ".", chr(ord(digit) ^ 1)} - {digit}:
            assert cookies.read(value[:place] + other + value[place + 1 :], state) is None
    for foreign in (value[:-1], value + "=", value + "A", "", ".", "é", "." + value, value.rpartition(".")[0]):
        assert cookies.read(foreign, state) is None


def test_an_expired_cookie_is_refused(cookies: OidcCookies, clock: Clock) -> None:
    begun = cookies.begin("", is_again=False, may_link=False)
    clock.now += CEREMONY_SECONDS
    assert cookies.read(begun.value, begun.ceremony.state) is None


def test_a_cookie_of_another_process_is_refused(cookies: OidcCookies, clock: Clock) -> None:
    """As after a restart."""
    foreign = OidcCookies(clock, os.urandom).begin("", is_again=False, may_link=False)
    assert cookies.read(foreign.value, foreign.ceremony.state) is None


def test_a_cookie_with_the_state_of_another_log_in_is_refused(cookies: OidcCookies) -> None:
    first, second = (cookies.begin("", is_again=False, may_link=False) for _ in range(2))
    for state in (second.ceremony.state, "", "é", first.ceremony.nonce):
        assert cookies.read(first.value, state) is None
