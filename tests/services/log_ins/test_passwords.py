"""Hashing passwords: at which cost, and how many at a time."""

from __future__ import annotations

import asyncio

import pytest
from tests.services.log_ins.log_in_harness import CHEAP, PASSWORD

from pressrun.core.errors import Unavailable
from pressrun.services.log_ins.passwords import AT_ONCE, MOST_WAITING, PasswordHashes


async def test_a_password_is_kept_as_argon2id_with_our_parameters() -> None:
    """64 MiB, three passes, four lanes (RFC 9106 §4), whatever the library's defaults are."""
    hashes = PasswordHashes()
    hashed = await hashes.make(PASSWORD)
    assert "$argon2id$v=19$m=65536,t=3,p=4$" == hashed[:31]
    assert (True, False, False) == (
        await hashes.verify(hashed, PASSWORD),
        await hashes.verify(hashed, PASSWORD.title()),
        await hashes.verify(None, PASSWORD),
    )
    assert (False, True) == (hashes.is_outdated(hashed), hashes.is_outdated(await PasswordHashes(CHEAP).make("x")))


async def test_the_same_letters_are_the_same_password() -> None:
    """An accent may be a letter's own or follow it, by the keyboard."""
    hashes = PasswordHashes(CHEAP)
    assert await hashes.verify(await hashes.make("caf\u00e9 au lait"), "cafe\u0301 au lait")


async def test_a_flood_is_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two at a time, so many wait, and all others are told to come back."""
    hashes, busy, most = PasswordHashes(CHEAP), 0, 0
    verify = hashes._is_right

    def counted(hashed: str, password: str) -> bool:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        is_right = verify(hashed, password)
        busy -= 1
        return is_right

    monkeypatch.setattr(hashes, "_is_right", counted)
    answers = await asyncio.gather(*(hashes.verify(None, "x") for _ in range(200)), return_exceptions=True)
    turned_away = [answer for answer in answers if isinstance(answer, Unavailable)]
    assert (200 - MOST_WAITING, True) == (len(turned_away), 1 <= most <= AT_ONCE)
