"""Parsing the arguments of MAIL and RCPT (RFC 5321 §4.1.2): a value, or the reply that refuses.

Anybody with a mailbox may write to us, so any sender is accepted, even one that we would never mail: with a quoted
local part, at an address literal, or with the misplaced dots that some providers gave out. They get no answers, like
the null sender. Recipients are read strictly: source routes, quoted local parts, and percent or bang signs are refused.
No address of ours needs them, so nothing can be relayed by a trick.
"""

from __future__ import annotations

import re

from msgspec import Struct

from pressrun.core.addresses.address import Address, find_address
from pressrun.services.incoming.posting_rules import UNKNOWN
from pressrun.smtp.reply import Reply

SYNTAX = Reply(501, "syntax error in the arguments", "5.5.4")
UNKNOWN_PARAMETER = Reply(555, "unknown parameter", "5.5.4")
BAD_SENDER = Reply(553, "invalid sender address", "5.1.7")
BAD_RECIPIENT = Reply(553, "invalid address", "5.1.3")
NO_ROUTE = Reply(553, "source routes are not accepted", "5.1.3")
NO_RELAYING = Reply(550, "relaying denied", "5.7.1")
NEEDS_UTF8 = Reply(553, "an address outside ASCII needs SMTPUTF8", "5.6.7")

_QUOTED = r'"(?:[^"\\\x00-\x1f\x7f]|\\[ -~])*"'
_ATOM = r"[^\[\]()<>@,;:\\\"\x00-\x20\x7f]+"  # with its dots, wherever they stand
_ARGUMENT = rf":[ ]?<((?:{_QUOTED}|[^<>\"\x00-\x20\x7f])*)>((?: +[!-~]+)*) *"
_FROM = re.compile("FROM" + _ARGUMENT, re.IGNORECASE)
_TO = re.compile("TO" + _ARGUMENT, re.IGNORECASE)
_SENDER = re.compile(rf"(?:{_QUOTED}|{_ATOM})(?:@(?:{_ATOM}|\[[0-9A-Za-z.:-]+\]))?")
_NEEDLESSLY_QUOTED = re.compile(rf"\"({_ATOM})\"(@.*)")
_SIZE = re.compile(r"[0-9]{1,20}", re.ASCII)


class EnvelopeSender(Struct, frozen=True):
    """MAIL: `path` is "" for the null sender, `size` what the client announces (0: nothing)."""

    path: str
    size: int = 0
    utf8: bool = False


def parse_sender(argument: str) -> EnvelopeSender | Reply:
    """Parse what follows `MAIL `."""
    match = _FROM.fullmatch(argument)
    if match is None:
        return SYNTAX
    path, size, utf8 = match[1], 0, False
    for parameter in match[2].split():
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
    return EnvelopeSender(_unquoted(path), size, utf8) if refusal is None else refusal


def _unquoted(path: str) -> str:
    """The same mailbox without quotes that it does not need, so that it is compared and erased like its owner's."""
    match = _NEEDLESSLY_QUOTED.fullmatch(path)
    return path if match is None else "".join(match.groups())


def _refuse_sender(path: str, *, utf8: bool) -> Reply | None:
    if not path:
        return None
    if path.startswith("@"):
        return NO_ROUTE
    if not path.isascii() and not utf8:
        return NEEDS_UTF8
    return None if _SENDER.fullmatch(path) else BAD_SENDER


def parse_recipient(argument: str, *, mail_domain: str, utf8: bool) -> str | Address | Reply:
    """Parse what follows `RCPT `: the local part at our domain, or an address at another one.

    `<Postmaster>` needs no domain (RFC 5321 §4.1.1.3).
    """
    match = _TO.fullmatch(argument)
    if match is None:
        return SYNTAX
    path = match[1]
    if match[2].strip():
        return UNKNOWN_PARAMETER
    if path.lower() == "postmaster":
        return "postmaster"
    if path.startswith("@"):
        return NO_ROUTE
    if not path.isascii() and not utf8:
        return NEEDS_UTF8
    local, at, domain = path.rpartition("@")
    if not at or not local:
        return BAD_RECIPIENT
    is_ours = domain.lower() == mail_domain.lower()
    if is_ours and '"' in local:
        return UNKNOWN
    if any(trick in local for trick in "%!@:"):
        return NO_RELAYING
    if is_ours:
        return local
    address = find_address(path)
    if address is None:
        return NO_RELAYING  # it is at another domain, whatever else is wrong with it
    return address.local if address.domain == mail_domain.lower() else address  # our domain as a U-label is ours
