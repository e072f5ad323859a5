"""Mail addresses as a type: parsed once at the edge, compared by key, folded only for limits.

An `Address` is kept as typed. Two addresses are the same subscriber when their `key` is equal: case is ignored and the
domain is taken as its A-label (RFC 5890), but `+tag` and dots tell subscribers apart. `fold` is coarser and is used
only for limits, so that one mailbox cannot be flooded under many spellings. `mailbox` tells who said "never again".
"""

from __future__ import annotations

import re

import msgspec

from pressrun.core.errors import MalformedAddress

MAX_LOCAL_OCTETS = 64  # RFC 5321 §4.5.3.1.1
MAX_ADDRESS_OCTETS = 254  # a path is 256 with its brackets, RFC 5321 §4.5.3.1.3

# The common case by one match: ASCII dot-atom and letter-digit-hyphen labels. About 1 µs against 30 µs of the full
# validator, which matters for imports of 100,000 lines; it accepts nothing that the validator would refuse.
_PLAIN = re.compile(
    r"(?P<local>[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*)@"
    r"(?P<domain>(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63})",
    re.ASCII,
)
# Blanks, and what nobody sees: spreadsheets and pages leave no-break and zero-width spaces around an address, and
# telephones the marks that keep its direction among words that run from right to left.
_AROUND = (
    " \t\r\n\N{NO-BREAK SPACE}\N{SOFT HYPHEN}\N{IDEOGRAPHIC SPACE}"
    "\N{ZERO WIDTH SPACE}\N{WORD JOINER}\N{ZERO WIDTH NO-BREAK SPACE}"
    "\N{LEFT-TO-RIGHT MARK}\N{RIGHT-TO-LEFT MARK}\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_PUNYCODE = re.compile(r"(?:^|\.)..--", re.ASCII)
_GMAIL = frozenset({"gmail.com", "googlemail.com"})


class Address(msgspec.Struct, frozen=True, gc=False):
    """A mail address that may be written to: `typed` as the person gave it, `local` part and A-label `domain`."""

    typed: str
    local: str
    domain: str

    @property
    def key(self) -> str:
        """Equal for two addresses of the same subscriber."""
        return f"{self.local.lower()}@{self.domain}"

    @property
    def fold(self) -> str:
        """Equal for two addresses that limits count as one: without `+tag` and without dots, whatever the domain."""
        local, _, domain = self.mailbox.rpartition("@")
        return f"{local.replace('.', '') or local}@{domain}"

    @property
    def mailbox(self) -> str:
        """Equal for two addresses that belong to one person: without `+tag`, at Gmail also without dots."""
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
        """Whether the local part is outside ASCII, so that only an SMTPUTF8 relay can accept it (RFC 6531)."""
        return not self.local.isascii()

    def masked(self) -> str:
        """The address for a page that a stranger may see, never enough to tell whose it is: `a•••@d•••.example`."""
        head, _, tail = self.domain.rpartition(".")
        return f"{self.local[:1]}•••@{head[:1]}•••.{tail}"

    def __str__(self) -> str:
        return self.typed


def parse_address(text: str) -> Address:
    """Parse one bare address, whatever blanks are around it; raises MalformedAddress with the reason."""
    typed = text.strip(_AROUND)
    if len(typed) > 4 * MAX_ADDRESS_OCTETS:
        raise _refused(typed, "the address is longer than 254 octets (RFC 5321 §4.5.3.1.3)")
    plain = _PLAIN.fullmatch(typed)
    if plain is not None and len(typed) <= MAX_ADDRESS_OCTETS:
        local, domain = plain.groups()
        domain = domain.lower()
        if len(local) <= MAX_LOCAL_OCTETS and len(domain) <= 253 and not ("--" in domain and _PUNYCODE.search(domain)):
            return Address(typed, local, domain)
    return _parse_any(typed)


def find_address(text: str | None) -> Address | None:
    """The same where text need not be an address: None if it is not, or there is no text.

    An address from the database may be such a text, because an earlier version of the parser accepted more.
    """
    try:
        return None if text is None else parse_address(text)
    except MalformedAddress:
        return None


def find_address_key(text: str | None) -> str | None:
    """The key of the address in a text; None as for `find_address`."""
    address = find_address(text)
    return None if address is None else address.key


def is_spelling_of(text: str, address: Address) -> bool:
    """Whether a text is this address, in any letter case."""
    return find_address_key(text) == address.key


def restore_address(typed: str, domain: str) -> Address:
    """The same as `parse_address(typed)`, but cheaper: its `domain` was parsed when both were stored."""
    local, _, typed_domain = typed.rpartition("@")
    return Address(typed, local, domain) if typed_domain == domain and typed.isascii() else parse_address(typed)


def _parse_any(typed: str) -> Address:
    # Imported only when needed: it takes 15 ms, a seventh of a read-only verb, and `_PLAIN` nearly always matches.
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415

    try:
        validated = validate_email(
            typed,
            check_deliverability=False,
            globally_deliverable=False,  # operators try things with `.invalid` and the like
            test_environment=True,  # the same for `.test`, which has a flag of its own
            allow_smtputf8=True,
        )
    except EmailNotValidError as problem:
        reason = f"{problem}".rstrip(".")
        raise _refused(typed, f"{reason[:1].lower()}{reason[1:]}") from None
    domain = validated.ascii_domain.lower()
    if "." not in domain or domain.rpartition(".")[2].isdecimal():  # 127.0.0.1 is not a domain name, RFC 5321 §4.1.3
        raise _refused(typed, "the part after the @ is not a full domain name")
    if len(validated.local_part.encode()) > MAX_LOCAL_OCTETS:
        raise _refused(typed, "the part before the @ is longer than 64 octets (RFC 5321 §4.5.3.1.1)")
    if len(validated.original.strip().encode()) > MAX_ADDRESS_OCTETS:
        raise _refused(typed, "the address is longer than 254 octets (RFC 5321 §4.5.3.1.3)")
    return Address(validated.original.strip(), validated.local_part, domain)


def _refused(typed: str, reason: str) -> MalformedAddress:
    shown = typed if len(typed) <= MAX_ADDRESS_OCTETS else f"{typed[:MAX_ADDRESS_OCTETS]}…"
    return MalformedAddress(f"invalid email address {shown!r}: {reason}", reason)
