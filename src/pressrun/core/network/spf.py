"""SPF records (RFC 7208): their terms, and the macros in them. Nothing here asks the DNS."""

from __future__ import annotations

import ipaddress
import re
from enum import StrEnum
from urllib.parse import quote

from msgspec import Struct

from pressrun.core.network.peers import IpAddress

MOST_LOOKUPS = 10  # terms that query the DNS, RFC 7208 §4.6.4
MOST_VOID_LOOKUPS = 2  # of those, without an answer

_RECORD = re.compile(r"v=spf1(?:\s|\Z)", re.IGNORECASE)
_MECHANISM = re.compile(
    r"(?P<qualifier>[-+?~]?)(?P<name>all|include|a|mx|ptr|ip4|ip6|exists)"
    r"(?::(?P<value>[^\s/]+(?:/(?![0-9/])[^\s/]*)*))?(?:/(?P<four>[0-9]{1,3}))?(?://(?P<six>[0-9]{1,3}))?",
    re.IGNORECASE,
)
_MODIFIER = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_.-]*)=(?P<value>\S*)")
_MACRO = re.compile(r"%(?:\{([slodiphcrtvSLODIPHCRTV])([0-9]{0,3})(r?)([-.+,/_=]*)\}|([%_-]))", re.ASCII)
_NEEDS_VALUE = frozenset({"include", "exists", "ip4", "ip6"})
_TAKES_NO_VALUE = frozenset({"all"})
_NEED_LOOKUPS = frozenset({"include", "a", "mx", "ptr", "exists"})


class SpfVerdict(StrEnum):
    """The result of a record for an address (RFC 7208 §2.6)."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    NONE = "none"
    PERMERROR = "permerror"
    TEMPERROR = "temperror"


_QUALIFIERS = {
    "+": SpfVerdict.PASS,
    "-": SpfVerdict.FAIL,
    "~": SpfVerdict.SOFTFAIL,
    "?": SpfVerdict.NEUTRAL,
}


class SpfSyntaxError(ValueError):
    """A term that is not SPF; the message quotes it."""


class SpfMechanism(Struct, frozen=True, kw_only=True):
    """One mechanism; `value` is its domain or address, "" for the domain of the record itself."""

    name: str
    verdict: SpfVerdict
    value: str = ""
    ipv4_prefix: int = 32
    ipv6_prefix: int = 128

    @property
    def needs_lookup(self) -> bool:
        """Whether it counts among MOST_LOOKUPS."""
        return self.name in _NEED_LOOKUPS


class SpfRecord(Struct, frozen=True, kw_only=True):
    """The mechanisms of a record in order, and the domain of `redirect=`, if any."""

    mechanisms: tuple[SpfMechanism, ...]
    redirect: str | None = None


def is_spf(record: str) -> bool:
    """Whether a text is meant as an SPF record, valid or not."""
    return _RECORD.match(record) is not None


def parse_spf(record: str) -> SpfRecord:
    """Parse a text that `is_spf`; raises SpfSyntaxError."""
    mechanisms: list[SpfMechanism] = []
    redirect: str | None = None
    for term in record.split()[1:]:
        modifier = _MODIFIER.fullmatch(term)
        if modifier is None:
            mechanisms.append(_mechanism(term))
        elif modifier["name"].lower() == "redirect":
            if redirect is not None or not modifier["value"]:
                raise SpfSyntaxError(f"{term!r}: one redirect= with a domain is allowed")
            redirect = modifier["value"]
    return SpfRecord(mechanisms=tuple(mechanisms), redirect=redirect)


def _mechanism(term: str) -> SpfMechanism:
    match = _MECHANISM.fullmatch(term)
    if match is None:
        raise SpfSyntaxError(f"{term!r} is not a term of SPF")
    name, value = match["name"].lower(), match["value"] or ""
    prefixes = int(match["four"] or 32), int(match["six"] or 128)
    if bool(value) if name in _TAKES_NO_VALUE else name in _NEEDS_VALUE and not value:
        raise SpfSyntaxError(f"{term!r} is not a term of SPF")
    if name in {"ip4", "ip6"}:
        value, prefixes = _network(term)
    if prefixes[0] > 32 or prefixes[1] > 128:
        raise SpfSyntaxError(f"{term!r} has a prefix that is too long")
    return SpfMechanism(
        name=name,
        verdict=_QUALIFIERS[match["qualifier"] or "+"],
        value=value,
        ipv4_prefix=prefixes[0],
        ipv6_prefix=prefixes[1],
    )


def _network(term: str) -> tuple[str, tuple[int, int]]:
    """Address and prefix of `ip4:` and `ip6:`, whose address may contain `::`."""
    name, _, written = term.lstrip("+-?~").partition(":")
    try:
        network = ipaddress.ip_network(written, strict=False)
    except ValueError:
        network = None
    if network is None or network.version != int(name[-1]):
        raise SpfSyntaxError(f"{term!r} has no address of IPv{name[-1]}")
    prefixes = (network.prefixlen, 128) if network.version == 4 else (32, network.prefixlen)
    return str(network.network_address), prefixes


class SpfIdentity(Struct, frozen=True, kw_only=True):
    """Whom a record is evaluated for: the client's address, the envelope sender, and the name in HELO."""

    address: IpAddress
    sender: str
    helo: str


def expand_macros(text: str, identity: SpfIdentity, domain: str) -> str:
    """A domain-spec with its macros replaced (RFC 7208 §7); raises SpfSyntaxError."""

    def replace(match: re.Match[str]) -> str:
        if match[5]:
            return {"%": "%", "_": " ", "-": "%20"}[match[5]]
        value = _macro_value(match[1].lower(), identity, domain)
        parts = re.split("[" + re.escape(match[4] or ".") + "]", value)
        if match[3]:
            parts.reverse()
        if match[2]:
            if int(match[2]) == 0:
                raise SpfSyntaxError(f"{match[0]!r} keeps no part")
            parts = parts[-int(match[2]) :]
        joined = ".".join(parts)
        return quote(joined, safe="") if match[1].isupper() else joined

    if "%" in _MACRO.sub("", text):
        raise SpfSyntaxError(f"{text!r} has a % that begins no macro")
    expanded = _MACRO.sub(replace, text).rstrip(".")
    while len(expanded) > 253 and "." in expanded:
        expanded = expanded.partition(".")[2]
    return expanded


def _macro_value(letter: str, identity: SpfIdentity, domain: str) -> str:
    local, _, sender_domain = identity.sender.rpartition("@")
    address = identity.address
    match letter:
        case "s":
            return identity.sender
        case "l":
            return local or "postmaster"
        case "o":
            return sender_domain
        case "d":
            return domain
        case "i":
            return str(address) if address.version == 4 else ".".join(address.exploded.replace(":", ""))
        case "v":
            return "in-addr" if address.version == 4 else "ip6"
        case "h":
            return identity.helo
        case "c":
            return str(address)
        case _:  # p, which must not be used (RFC 7208 §5.5), and r and t, which only explanations have
            return "unknown"
