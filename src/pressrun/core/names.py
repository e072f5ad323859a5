"""Names of lists and families: they become local parts, paths and headers, so the alphabet is small and fixed.

The audit log has names of people and tokens for ever, so neither can be an email address.
"""

from __future__ import annotations

import re
from collections.abc import Container
from itertools import count

from pressrun.core.errors import BadInput

RESERVED = frozenset(
    "admin api approve confirm unsubscribe preferences read healthz readyz metrics static assets demo"
    " postmaster abuse mailer-daemon".split()
)
SUFFIXES = ("subscribe", "join", "unsubscribe", "leave", "confirm", "bounces", "request", "owner")
MAX_NAME = 24
MAX_PERSON_NAME = MAX_TOKEN_NAME = 40

LIST_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,22}[a-z0-9])?", re.ASCII)
_PERSON = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}", re.ASCII)
_NOT_IN_NAMES = re.compile(r"[^a-z0-9._-]+", re.ASCII)
_MADE = 30  # characters of an address that become a name: a number has room behind them


def parse_list_name(text: str) -> str:
    """Return `text` when it can name a list; raises BadInput that says what would be right."""
    return _parse_name(text, "a list")


def parse_family_name(text: str) -> str:
    """The same for a family of lists, whose page has a path like a list's."""
    return _parse_name(text, "a family")


def _parse_name(text: str, what: str) -> str:
    if not LIST_NAME.fullmatch(text):
        raise BadInput(
            f"{text!r} cannot name {what}. Use 1 to {MAX_NAME} characters of a-z, 0-9 and '-', "
            "with a letter or digit first and last"
        )
    if text in RESERVED:
        raise BadInput(f"{text!r} is reserved. Choose another name")
    for suffix in SUFFIXES:
        if text.endswith(f"-{suffix}"):
            raise BadInput(f"{text!r} ends in '-{suffix}', which is a command address. Choose another name")
    return text


def parse_person_name(text: str) -> str:
    """The name that somebody logs in with, in lower case; raises BadInput that says what would be right."""
    name = text.lower()
    if not _PERSON.fullmatch(name):
        raise BadInput(
            f"{text!r} cannot name a person. Use 1 to {MAX_PERSON_NAME} characters of a-z, 0-9, '.', '_' and '-', "
            "with a letter or digit first. Give an email address separately"
        )
    return name


def person_name_for(address_key: str, used: Container[str]) -> str:
    """An unused name, made from the part before the @, with a number if that is in use."""
    local = _NOT_IN_NAMES.sub("-", address_key.rpartition("@")[0].lower()).strip("._-")[:_MADE] or "person"
    return next(name for number in count(1) if (name := local if number == 1 else f"{local}-{number}") not in used)


class BadTokenName(BadInput):
    """What cannot name a token."""


def parse_token_name(text: str) -> str:
    """The name of a token; raises BadTokenName that says what would be right."""
    if not (0 < len(text) <= MAX_TOKEN_NAME and text.isprintable() and text == text.strip() and "@" not in text):
        raise BadTokenName(
            f"{text!r} cannot name a token. Use 1 to {MAX_TOKEN_NAME} characters, without '@' or control "
            "characters, and without blanks at either end"
        )
    return text
