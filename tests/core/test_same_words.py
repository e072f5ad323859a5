"""Replies that say the same thing are told once."""

from __future__ import annotations

import pytest

from pressrun.core.text.masking import key_of, without_people


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("no such user <a@x.example>", "No such user <b.c+d@y.example>"),
        ("The account a@x.example is disabled.", "The account b@x.example is disabled."),
        ("gone 98e67ed59e1d1-2f3e5 - gsmtp", "gone 41be03b00d2f7-bf0aa - gsmtp"),
        ("queue id 4Xk2Pq0123 refused\nfor good", "queue id 4Xk2Pq9999 refused for good"),
        ("rejected (in reply to 1234567890)", "rejected (in reply to 1234567899)"),
    ],
)
def test_the_same_said_of_two_readers_is_the_same(text: str, other: str) -> None:
    assert key_of(text) == key_of(other)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("5.1.1 no such user", "5.2.2 no such user"),
        ("blocked, see https://x.example/why/S3140", "blocked, see https://x.example/why/S3150"),
        ("try in 300 seconds", "try in 600 seconds"),
    ],
)
def test_what_tells_rules_apart_is_kept(text: str, other: str) -> None:
    assert key_of(text) != key_of(other)


def test_no_address_is_left() -> None:
    assert "no user <…> (…), really" == without_people("no user <a@x.example>\n (b@x.example), really")
