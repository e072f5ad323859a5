"""Passkeys: which answers of browsers are believed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from tests.services.log_ins.authenticator import PRESENT, Authenticator, encoded
from tests.web.harness import ManualClock

from pressrun.core.signing.keys import KeyRing
from pressrun.services.log_ins.ceremonies import CHALLENGE_SECONDS, BadPasskey, Ceremonies
from pressrun.store.people.log_ins import PasskeyOwner

ORIGIN = "https://news.example.org"
KEYS = KeyRing({1: b"k" * 32}, b"s" * 32)


def make(clock: ManualClock | None = None, origin: str = ORIGIN) -> Ceremonies:
    return Ceremonies(origin, keys=KEYS, clock=clock or ManualClock(), entropy=os.urandom)


def enrolled(ceremonies: Ceremonies, person_id: int = 1, **own: Any) -> tuple[Authenticator, PasskeyOwner]:
    """An authenticator with a passkey of a person."""
    authenticator = Authenticator(ceremonies.origin, **own)
    made = ceremonies.check_created(
        authenticator.create(ceremonies.creation_options(person_id, "ann", [])), person_id, "Firefox, Linux"
    )
    owner = PasskeyOwner(
        id=1,
        person_id=person_id,
        credential=made.credential,
        sign_count=made.sign_count,
        name="ann",
        epoch=0,
    )
    return authenticator, owner


def test_a_passkey_that_was_made_here_logs_in() -> None:
    """An answer to our challenge by a passkey of this site is genuine."""
    ceremonies = make()
    authenticator, owner = enrolled(ceremonies)
    authenticator.count = 5
    answer = authenticator.get(ceremonies.login_options())
    assert authenticator.credential_id == ceremonies.credential_id(answer)
    assert 5 == ceremonies.check_log_in(answer, owner)


def test_what_is_asked_needs_a_person_and_says_nothing_about_them() -> None:
    """A passkey is discoverable, verifies its user, and its handle has neither name nor number of the person."""
    options = make().creation_options(1, "ann", [])
    chosen = options["authenticatorSelection"]
    assert ("required", "required") == (chosen["residentKey"], chosen["userVerification"])
    assert "news.example.org" == options["rp"]["id"]
    assert 43 == len(options["user"]["id"])
    json.dumps(options)


def test_an_answer_counts_once() -> None:
    """A recorded answer does not log in again."""
    ceremonies = make()
    authenticator, owner = enrolled(ceremonies)
    answer = authenticator.get(ceremonies.login_options())
    ceremonies.check_log_in(answer, owner)
    with pytest.raises(BadPasskey, match="used before"):
        ceremonies.check_log_in(answer, owner)


def test_a_challenge_ends() -> None:
    """An answer that comes after five minutes is too late."""
    clock = ManualClock()
    ceremonies = make(clock)
    authenticator, owner = enrolled(ceremonies)
    answer = authenticator.get(ceremonies.login_options())
    clock.now += CHALLENGE_SECONDS
    with pytest.raises(BadPasskey, match="too old"):
        ceremonies.check_log_in(answer, owner)


def test_an_answer_counts_once_where_the_clock_was_set_back() -> None:
    """A used challenge is remembered until it expires, even if that is later than it was to be."""
    clock = ManualClock()
    ceremonies = make(clock)
    authenticator, owner = enrolled(ceremonies)
    answer = authenticator.get(ceremonies.login_options())
    clock.now -= 1000
    ceremonies.check_log_in(answer, owner)
    clock.now += CHALLENGE_SECONDS + 1
    ceremonies.check_log_in(authenticator.get(ceremonies.login_options()), owner)  # forgets what has expired
    with pytest.raises(BadPasskey, match="used before"):
        ceremonies.check_log_in(answer, owner)


Change = Callable[[dict[str, Any], Authenticator], dict[str, Any]]


def _foreign_challenge(options: dict[str, Any], authenticator: Authenticator) -> dict[str, Any]:
    return authenticator.get({**options, "challenge": encoded(os.urandom(40))})


def _another_site(options: dict[str, Any], authenticator: Authenticator) -> dict[str, Any]:
    return authenticator.get(options, origin="https://news.example.org.evil.example")


def _another_rp(options: dict[str, Any], authenticator: Authenticator) -> dict[str, Any]:
    return authenticator.get({**options, "rpId": "example.org"})


def _no_verification(options: dict[str, Any], authenticator: Authenticator) -> dict[str, Any]:
    authenticator.flags = PRESENT
    return authenticator.get(options)


def _another_key(options: dict[str, Any], authenticator: Authenticator) -> dict[str, Any]:
    return Authenticator(ORIGIN, credential_id=authenticator.credential_id, handle=authenticator.handle).get(options)


def _another_person(options: dict[str, Any], authenticator: Authenticator) -> dict[str, Any]:
    authenticator.handle = os.urandom(32)
    return authenticator.get(options)


def _no_handle(options: dict[str, Any], authenticator: Authenticator) -> dict[str, Any]:
    answer = authenticator.get(options)
    del answer["response"]["userHandle"]
    return answer


def _registration(options: dict[str, Any], authenticator: Authenticator) -> dict[str, Any]:
    return authenticator.get(options, type="webauthn.create")


@pytest.mark.parametrize(
    "change",
    [
        _foreign_challenge,
        _another_site,
        _another_rp,
        _no_verification,
        _another_key,
        _another_person,
        _no_handle,
        _registration,
    ],
)
def test_what_is_not_genuine_is_refused(change: Change) -> None:
    """A challenge of somebody else, another origin, site, key, person or ceremony, or no verified user."""
    ceremonies = make()
    authenticator, owner = enrolled(ceremonies)
    with pytest.raises(BadPasskey):
        ceremonies.check_log_in(change(ceremonies.login_options(), authenticator), owner)


def test_a_copied_passkey_is_refused() -> None:
    """A count of signatures that does not grow shows a copy."""
    ceremonies = make()
    authenticator, owner = enrolled(ceremonies, count=7)
    with pytest.raises(BadPasskey, match="went down"):
        ceremonies.check_log_in(authenticator.get(ceremonies.login_options()), owner)


def test_a_challenge_to_create_is_bound_to_its_person() -> None:
    """A passkey that one person was asked to make is not added to another."""
    ceremonies = make()
    answer = Authenticator(ORIGIN).create(ceremonies.creation_options(1, "ann", []))
    with pytest.raises(BadPasskey, match="not ours"):
        ceremonies.check_created(answer, 2, "Firefox")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"id": 1},
        {"id": "AA", "response": None},
        {"id": "AA", "response": {"clientDataJSON": "AA"}},
        {"id": "AA", "response": {"clientDataJSON": encoded(b"{}")}},
        {"id": "AA", "response": {"clientDataJSON": encoded(b'{"challenge": 7}')}},
        {"id": "\u2028", "response": []},
    ],
)
def test_nonsense_is_refused(answer: dict[str, Any]) -> None:
    """Whatever is sent in place of an answer is refused as such."""
    ceremonies = make()
    _, owner = enrolled(ceremonies)
    with pytest.raises(BadPasskey):
        ceremonies.check_log_in(answer, owner)
    with pytest.raises(BadPasskey):
        ceremonies.check_created(answer, 1, "")


@pytest.mark.parametrize(
    ("origin", "is_possible"),
    [
        ("https://news.example.org", True),
        ("http://localhost:8080", True),
        ("http://news.example.org", False),
        ("http://127.0.0.1:8080", False),
        ("https://192.0.2.1", False),
    ],
)
def test_where_passkeys_are_possible(origin: str, is_possible: bool) -> None:
    """Browsers want https, or this machine, and a name."""
    assert is_possible == make(origin=origin).is_possible
