"""A mailbox as people write it, `"Name" <address>`, and as a header has it (RFC 5322 §3.4).

Only a single mailbox is accepted: lists, groups, comments and routes are refused, and so are control characters, so
that no value can start a header of its own.
"""

from __future__ import annotations

import re

from msgspec import Struct

from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.errors import MalformedAddress

# The blanks behind a plain name are part of it here: each octet must match in one way only, or long ones take minutes.
_WITH_NAME = re.compile(r'(?:"((?:[^"\\]|\\.)*)"\s*|([^"<>@,;:\\]*))<([^<>\s]+)>', re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_ESCAPED = re.compile(r"\\(.)")
_LONGEST_SHOWN = 254
_LONGEST_NAME = 200


class Mailbox(Struct, frozen=True):
    """An address and the name shown before it, which may be ""."""

    name: str
    address: Address

    def __str__(self) -> str:
        if not self.name:
            return self.address.wire
        escaped = self.name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{self.address.wire}>'


def parse_mailbox(text: str) -> Mailbox:
    """Parse `"Name" <address>`, `Name <address>` or a bare address. Raises MalformedAddress with the reason."""
    text = text.strip(" ")
    if _CONTROL.search(text):
        raise _refused(text, "line breaks and control characters are not allowed")
    match = _WITH_NAME.fullmatch(text)
    if match is None:
        if "<" in text or '"' in text:
            raise _refused(text, 'write "Name" <address>, or only the address')
        if text.count("@") > 1 and re.search(r"[,;]", text):
            raise _refused(text, "write one address only")
        return Mailbox("", parse_address(text))
    quoted, plain, address = match.groups()
    name = _ESCAPED.sub(r"\1", quoted) if quoted is not None else plain.strip()
    if len(name) > _LONGEST_NAME:
        raise _refused(text, f"the name before the address is longer than {_LONGEST_NAME} characters")
    return Mailbox(name.strip(), parse_address(address))


def _refused(text: str, reason: str) -> MalformedAddress:
    shown = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    return MalformedAddress(f"{shown!r} is not a mailbox: {reason}", reason)
