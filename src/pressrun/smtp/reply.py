"""Replies of an SMTP server (RFC 5321 §4.2) with their enhanced status codes (RFC 2034, RFC 3463)."""

from __future__ import annotations

import re

import msgspec

from pressrun.core.text.masking import without_addresses

MAX_DESCRIBED = 1000  # characters of a reply that are looked at to describe it
_SHOWN = 300
MASK = "…@…"  # in place of an address
_BLANK = re.compile(r"\s")
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)", re.ASCII)


class Reply(msgspec.Struct, frozen=True):
    """A complete reply: `code` 200 to 599, the texts of its lines joined by newlines, and the enhanced code or ""."""

    code: int
    text: str
    enhanced: str = ""

    @property
    def is_positive(self) -> bool:
        """2xx or 3xx."""
        return 200 <= self.code < 400

    @property
    def is_permanent(self) -> bool:
        """5xx."""
        return 500 <= self.code < 600


def split_enhanced(text: str) -> tuple[str, str]:
    """The enhanced status code at the start of a reply line (or "") and the rest of the line."""
    match = _ENHANCED.match(text)
    return (match[1], text[match.end() :]) if match else ("", text)


def describe(reply: Reply) -> str:
    """A reply on one line, for operators and logs: short, and without the addresses that servers quote."""
    words = (str(reply.code), reply.enhanced, without_addresses(_beginning(reply.text).replace("\n", " "), MASK))
    return " ".join(filter(None, words))[:_SHOWN]


def _beginning(text: str) -> str:
    """At most MAX_DESCRIBED characters, cut between words: half an address would not be recognised as one."""
    if len(text) <= MAX_DESCRIBED:
        return text
    *whole, _ = _BLANK.split(text[: MAX_DESCRIBED + 1])
    return " ".join(whole)
