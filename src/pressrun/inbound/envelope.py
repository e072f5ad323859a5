"""Parsing the arguments of MAIL and RCPT, strictly (RFC 5321 §4.1.2): a value, or the reply that refuses.

Source routes, quoted local parts, and percent or bang signs in a recipient are refused. No address of ours needs them,
so nothing can be relayed by a trick.
"""

from __future__ import annotations

import re

from msgspec import Struct

from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.errors import MalformedAddress
from pressrun.smtp.reply import Reply

SYNTAX = Reply(501, "syntax error in the arguments", "5.5.4")
UNKNOWN_PARAMETER = Reply(555, "unknown parameter", "5.5.4")
BAD_SENDER = Reply(553, "invalid sender address", "5.1.7")
BAD_RECIPIENT = Reply(553, "invalid address", "5.1.3")
NO_ROUTE = Reply(553, "source routes are not accepted", "5.1.3")
NO_RELAYING = Reply(550, "relaying denied", "5.7.1")
NEEDS_UTF8 = Reply(553, "an address outside ASCII needs SMTPUTF8", "5.6.7")

_ARGUMENT = r":[ ]?<([^<>\x00-\x20\x7f]*)>((?: +[!-~]+)*) *"
_FROM = re.compile("FROM" + _ARGUMENT, re.IGNORECASE)
_TO = re.compile("TO" + _ARGUMENT, re.IGNORECASE)
_SIZE = re.compile(r"[0-9]{1,20}", re.ASCII)


class EnvelopeSender(Struct, frozen=True):
    """MAIL: `path` is "" for the null sender, `size` what the client announces (0: nothing)."""

    path: str
    size: int = 0
    utf8: bool = False


def parse_sender(argument: str) -> EnvelopeSender | Reply:
    """Parse what follows `MAIL `."""
    found = _FROM.fullmatch(argument)
    if found is None:
        return SYNTAX
    path, size, utf8 = found[1], 0, False
    for parameter in found[2].split():
        name, _, value = parameter.upper().partition("=")
        if name == "SIZE" and _SIZE.fullmatch(value):
            size = int(value)
        elif name == "SMTPUTF8" and parameter.upper() == name:
            utf8 = True
        elif name == "BODY" and value in ("7BIT", "8BITMIME"):
            continue
        else:
            return UNKNOWN_PARAMETER if name not in ("SIZE", "BODY", "SMTPUTF8") else SYNTAX
    refusal = _refuse_sender(path, utf8=utf8)
    return EnvelopeSender(path, size, utf8) if refusal is None else refusal


def _refuse_sender(path: str, *, utf8: bool) -> Reply | None:
    if not path:
        return None
    if path.startswith("@"):
        return NO_ROUTE
    if not path.isascii() and not utf8:
        return NEEDS_UTF8
    try:
        parse_address(path)
    except MalformedAddress:
        return BAD_SENDER
    return None


def parse_recipient(argument: str, *, mail_domain: str, utf8: bool) -> str | Address | Reply:
    """Parse what follows `RCPT `: the local part at our domain, or an address at another one.

    `<Postmaster>` needs no domain (RFC 5321 §4.1.1.3).
    """
    found = _TO.fullmatch(argument)
    if found is None:
        return SYNTAX
    path = found[1]
    if found[2].strip():
        return UNKNOWN_PARAMETER
    if path.lower() == "postmaster":
        return "postmaster"
    if path.startswith("@"):
        return NO_ROUTE
    if not path.isascii() and not utf8:
        return NEEDS_UTF8
    local, at, domain = path.rpartition("@")
    if not at or not local or '"' in path:
        return BAD_RECIPIENT
    if any(trick in local for trick in "%!@:"):
        return NO_RELAYING
    if domain.lower() == mail_domain.lower():
        return local
    try:
        address = parse_address(path)
    except MalformedAddress:
        return BAD_RECIPIENT
    return address.local if address.domain == mail_domain.lower() else address  # our domain as a U-label is ours
