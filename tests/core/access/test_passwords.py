"""Which passwords are accepted."""

from __future__ import annotations

import pytest

from pressrun.core.access.passwords import WeakPassword, require_strong

NAMES = ["ann", "ann@harbour.example", "ann", "harbour"]


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("", "short"),
        ("elevenchars", "short"),
        ("x" * 1025, "long"),
        ("é" * 513, "long"),
        ("1q2w3e4r5t6y", "common"),
        ("Q1W2E3R4T5Y6", "common"),
        ("aaaaaaaaaaaa", "common"),
        ("abcdeabcdeabcde", "common"),
        ("kestrokestro", "common"),
        ("annxannyannz", "common"),
        ("harbour-tzqk", "common"),
        ("ann@harbour.example", "common"),
        ("Harbour-2026", "common"),
    ],
)
def test_a_weak_password_is_refused(password: str, problem: str) -> None:
    """Too short, too long, a repetition, among those tried first, or little more than a name."""
    with pytest.raises(WeakPassword) as caught:
        require_strong(password, NAMES)
    assert problem == caught.value.problem


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "harbour-tzqkw",
        "kestrelkestr",  # begins again, but has not been there twice
        "seven mild harbours",
        "ひらがなの長い合言葉です",
        "Tr0ub4dor&3-und-mehr",
        "  blanks  count  ",
        "".join(map(str, range(1000)))[:1024],
    ],
)
def test_long_passwords_are_accepted(password: str) -> None:
    """Of whatever characters."""
    require_strong(password, NAMES)
