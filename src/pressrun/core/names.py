"""Names of lists and families: they become local parts, paths and headers, so the alphabet is small and fixed."""

from __future__ import annotations

import re

from pressrun.core.errors import BadInput

RESERVED = frozenset(
    "admin api approve confirm unsubscribe preferences read healthz readyz metrics static assets demo"
    " postmaster abuse mailer-daemon".split()
)
SUFFIXES = ("subscribe", "join", "unsubscribe", "leave", "confirm", "bounces", "request", "owner")
MAX_NAME = 24

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,22}[a-z0-9])?", re.ASCII)


def parse_list_name(text: str) -> str:
    """Return `text` when it can name a list; raises BadInput that says what would be right."""
    return _parse_name(text, "a list")


def parse_family_name(text: str) -> str:
    """The same for a family of lists, since its page stands where that of a list does."""
    return _parse_name(text, "a family")


def _parse_name(text: str, what: str) -> str:
    if not _NAME.fullmatch(text):
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
