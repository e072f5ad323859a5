"""Mail addresses as a type: parsed once at the edge, compared by key, folded only for limits.

An `Address` is kept as typed. Two addresses are the same subscriber when their `key` is equal: case is ignored and
the domain is taken as its A-label (RFC 5890), but `+tag` and dots tell subscribers apart. `fold` is coarser and
serves limits alone, so that one mailbox cannot be flooded under many spellings.
"""

from __future__ import annotations

import re

import msgspec

from pressrun.core.errors import MalformedAddress

MAX_LOCAL_OCTETS = 64  # RFC 5321 §4.5.3.1.1
MAX_ADDRESS_OCTETS = 254  # a path is 256 with its brackets, RFC 5321 §4.5.3.1.3

# The common case by one match: ASCII dot-atom and letter-digit-hyphen labels. About 1 µs against 30 µs of the full
# validator, which matters for imports of 100,000 lines and decides nothing that the validator would refuse.
_PLAIN = re.compile(
    r"(?P<local>[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*)@"
    r"(?P<domain>(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63})",
    re.ASCII,
)
_PUNYCODE = re.compile(r"(?:^|\.)..--", re.ASCII)
_GMAIL = frozenset({"gmail.com", "googlemail.com"})


class Address(msgspec.Struct, frozen=True):
    """A mail address that may be written to: `typed` as the person gave it, `local` part and A-label `domain`."""

    typed: str
    local: str
    domain: str

    @property
    def key(self) -> str:
        """What makes two addresses the same subscriber."""
        return f"{self.local.lower()}@{self.domain}"

    @property
    def fold(self) -> str:
        """What makes two addresses the same mailbox for limits: no `+tag`, no Gmail dots."""
        local = self.local.lower().split("+", 1)[0].rstrip(".") or self.local.lower()
        domain = "gmail.com" if self.domain in _GMAIL else self.domain
        if domain == "gmail.com":
            local = local.replace(".", "") or local
        return f"{local}@{domain}"

    @property
    def wire(self) -> str:
        """The form for envelopes and headers: local part as typed, domain as A-label (RFC 6531 §3.7.1)."""
        return f"{self.local}@{self.domain}"

    @property
    def needs_smtputf8(self) -> bool:
        """Whether the local part is outside ASCII, so that only an SMTPUTF8 relay can take it (RFC 6531)."""
        return not self.local.isascii()

    def masked(self) -> str:
        """The address for a page that a stranger may see, never enough to tell whose it is: `a•••@d•••.example`."""
        head, _, tail = self.domain.rpartition(".")
        return f"{self.local[:1]}•••@{head[:1]}•••.{tail}"

    def __str__(self) -> str:
        return self.typed


def parse_address(text: str) -> Address:
    """Read one bare address; raises MalformedAddress with the reason. Surrounding blanks are dropped."""
    typed = text.strip(" \t\r\n")
    if len(typed) > 4 * MAX_ADDRESS_OCTETS:
        raise _refused(typed, "the address is longer than 254 octets (RFC 5321 §4.5.3.1.3)")
    plain = _PLAIN.fullmatch(typed)
    if plain is not None and len(typed) <= MAX_ADDRESS_OCTETS:
        local, domain = plain.groups()
        domain = domain.lower()
        if len(local) <= MAX_LOCAL_OCTETS and len(domain) <= 253 and not ("--" in domain and _PUNYCODE.search(domain)):
            return Address(typed, local, domain)
    return _parse_any(typed)


def read_stored_address(text: str) -> Address | None:
    """An address that was taken at some time; None where it is refused now, as by a later version of the parser."""
    try:
        return parse_address(text)
    except MalformedAddress:
        return None


def stored_address(typed: str, domain: str) -> Address:
    """An address that was parsed when it was stored with its `domain`: as `parse_address`, at a part of its cost."""
    local, _, given = typed.rpartition("@")
    return Address(typed, local, domain) if given == domain and typed.isascii() else parse_address(typed)


def _parse_any(typed: str) -> Address:
    # Imported when it is needed: that takes 15 ms, a seventh of a verb that reads, and `_PLAIN` matches nearly always.
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415

    try:
        found = validate_email(
            typed,
            check_deliverability=False,
            strict=True,
            globally_deliverable=False,  # `.test`, `.invalid` and their like are for operators to try things with;
            test_environment=True,  # without this, email-validator still refuses `.test`
            allow_smtputf8=True,
        )
    except EmailNotValidError as problem:
        reason = f"{problem}".rstrip(".")
        raise _refused(typed, f"{reason[:1].lower()}{reason[1:]}") from None
    domain = found.ascii_domain.lower()
    if "." not in domain or domain.rpartition(".")[2].isdecimal():  # 127.0.0.1 names no domain, RFC 5321 §4.1.3
        raise _refused(typed, "the part after the @ is not a full domain name")
    if len(found.local_part.encode()) > MAX_LOCAL_OCTETS:
        raise _refused(typed, "the part before the @ is longer than 64 octets (RFC 5321 §4.5.3.1.1)")
    if len(found.original.strip().encode()) > MAX_ADDRESS_OCTETS:
        raise _refused(typed, "the address is longer than 254 octets (RFC 5321 §4.5.3.1.3)")
    return Address(found.original.strip(), found.local_part, domain)


def _refused(typed: str, reason: str) -> MalformedAddress:
    shown = typed if len(typed) <= MAX_ADDRESS_OCTETS else f"{typed[:MAX_ADDRESS_OCTETS]}…"
    return MalformedAddress(f"invalid email address {shown!r}: {reason}", reason)
