"""Which passwords are accepted: long ones that are not among those tried first (NIST SP 800-63B-4 §3.1.1.2).

There are no rules about kinds of characters, and nobody has to change a password that is not known to have leaked.
Passwords are compared in their NFKC form, so that the same letters typed on another keyboard are the same password.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache

from pressrun.assets import read_asset
from pressrun.core.errors import BadInput

LEAST_CHARACTERS = 12
MOST_OCTETS = 1024  # beyond any passphrase; hashing more would be a service to attackers


class WeakPassword(BadInput):
    """A password that is too short, too long or too well known. `problem` is short, long or common."""

    def __init__(self, problem: str, message: str) -> None:
        super().__init__(message)
        self.problem = problem


def normal_form(password: str) -> bytes:
    """What is hashed of a password as it was typed."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def require_strong(password: str, names: Iterable[str] = ()) -> None:
    """Raise WeakPassword for one that is not accepted. `names` are words that an attacker of this person tries."""
    normal = normal_form(password)
    if len(normal) > MOST_OCTETS:
        raise WeakPassword("long", f"a password has at most {MOST_OCTETS} octets")
    text = normal.decode("utf-8", "replace").casefold()
    if len(text) < LEAST_CHARACTERS:
        raise WeakPassword("short", f"a password needs at least {LEAST_CHARACTERS} characters; several words are good")
    words = {name.casefold() for name in names if len(name) > 2}
    if text in _common() or len(set(text)) < 5 or _is_repeated(text) or _is_a_name(text, words):
        raise WeakPassword("common", "this is one of the first passwords that attackers try; choose another one")


def _is_repeated(text: str) -> bool:
    """Whether it is a short piece again and again."""
    return any(text == (text[:size] * len(text))[: len(text)] for size in range(1, len(text) // 2 + 1))


def _is_a_name(text: str, words: Iterable[str]) -> bool:
    """Whether it is little more than one of these words."""
    return any(len(text.replace(word, "")) < LEAST_CHARACTERS // 2 for word in words if word in text)


@cache
def _common() -> frozenset[str]:
    return frozenset(read_asset("common_passwords")["passwords"])
