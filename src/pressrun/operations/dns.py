"""Records from DNS, without blocking the event loop and within a time limit.

An answer says whether the record is there, is missing, or could not be found out, and why: a check must not report a
record as missing because a server was silent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from pressrun.core.current import Current
from pressrun.services.settings import DnsSettings

if TYPE_CHECKING:
    import dns.asyncresolver
    import dns.rdata
    import dns.resolver

# Reserved names (RFC 2606 §§2, 3, RFC 6761 §6): no query about them leaves the machine.
_RESERVED = (".example", ".test", ".invalid", ".localhost", ".local", ".example.com", ".example.net", ".example.org")
MAX_STRING_OCTETS = 255  # in a TXT record, RFC 1035 §3.3
MOST_QUERIES = 16  # at once: a home router may drop more
_CNAME_LOOP = "its CNAME records lead in a circle, or through too many names"


def is_reserved(name: str) -> bool:
    """Whether a name is one of those that nobody can own."""
    return f".{name.lower()}".endswith(_RESERVED)


def txt_strings(value: str) -> list[str]:
    """The text of a TXT record, which must be ASCII, as strings of at most 255 octets, as DNS stores them."""
    return [value[start : start + MAX_STRING_OCTETS] for start in range(0, len(value), MAX_STRING_OCTETS)]


class DnsStatus(StrEnum):
    """What came of a query."""

    FOUND = "found"
    NO_RECORD = "no record"  # the name exists, without a record of this type
    NO_NAME = "no name"  # NXDOMAIN
    UNKNOWN = "unknown"  # no usable answer


class DnsAnswer(Struct, frozen=True, kw_only=True):
    """The records of one type at a name, as text: strings of TXT joined, names without the final dot.

    `problem` says in a few words why the status is UNKNOWN.
    """

    name: str
    kind: str
    status: DnsStatus
    records: tuple[str, ...] = ()
    problem: str = ""
    is_alias: bool = False  # found behind a CNAME

    @property
    def is_known(self) -> bool:
        """Whether the records are all there are."""
        return self.status is not DnsStatus.UNKNOWN


class DnsLookups:
    """Queries a server of our own, or those that the system uses now."""

    def __init__(self, settings: Current[DnsSettings]) -> None:
        self._settings = settings
        self._slots = asyncio.Semaphore(MOST_QUERIES)

    async def query(self, name: str, kind: str) -> DnsAnswer:
        """The records of a type (`TXT`, `MX`, `A`, `AAAA`, `PTR`) at a name; never raises for what a server does."""
        if self._settings.value.server is None and is_reserved(name):
            remedy = "Configure your own name, or a DNS server that knows this one: `server` in [dns]"
            return _unknown(name, kind, f"the name is reserved for examples. {remedy}")
        import dns.exception  # noqa: PLC0415 - slow to import, and most processes send no query

        seconds = self._settings.value.timeout_seconds
        try:
            async with self._slots, asyncio.timeout(2 * seconds):
                resolver = self._resolver(seconds)
                answer = await resolver.resolve(name, kind, search=False, raise_on_no_answer=False, lifetime=seconds)
        except (dns.exception.DNSException, OSError, TimeoutError, ValueError) as problem:
            return _failed(name, kind, problem, seconds)
        records = tuple(_text(record) for record in answer.rrset or ())
        is_alias = str(answer.canonical_name).rstrip(".").lower() != name.rstrip(".").lower()
        status = DnsStatus.FOUND if records else DnsStatus.NO_RECORD
        return DnsAnswer(name=name, kind=kind, status=status, records=records, is_alias=is_alias)

    def _resolver(self, seconds: float) -> dns.asyncresolver.Resolver:
        """Raises DNSException where the system names no server."""
        import dns.asyncresolver  # noqa: PLC0415 - as above

        server = self._settings.value.server
        resolver = dns.asyncresolver.Resolver(configure=server is None)
        resolver.timeout = seconds / 2  # so that a lost datagram is sent once more
        if server is not None:
            resolver.nameservers = [server.host]
            resolver.port = server.port
        return resolver


class DnsRecords:
    """TXT records of many names at once; fulfils services.ports.TextRecords."""

    def __init__(self, settings: Current[DnsSettings]) -> None:
        self._settings = settings

    async def __call__(self, names: Collection[str]) -> Mapping[str, tuple[str, ...] | None]:
        lookups = DnsLookups(self._settings)
        answers = await asyncio.gather(*(lookups.query(name, "TXT") for name in names))
        return {answer.name: _texts(answer) for answer in answers}


def _texts(answer: DnsAnswer) -> tuple[str, ...] | None:
    """A name below a domain may be missing. If the domain itself is, the server knows only a part of DNS."""
    if answer.status is DnsStatus.NO_NAME:
        return () if answer.name.startswith("_") else None
    return answer.records if answer.is_known else None


def _text(record: dns.rdata.Rdata) -> str:
    strings: tuple[bytes, ...] | None = getattr(record, "strings", None)
    if strings is not None:
        return b"".join(strings).decode("utf-8", "replace")
    text = str(record.to_text())
    return text if text.endswith(" .") or text == "." else text.rstrip(".")


def _failed(name: str, kind: str, problem: Exception, seconds: float) -> DnsAnswer:
    import dns.exception  # noqa: PLC0415 - as above
    import dns.message  # noqa: PLC0415
    import dns.resolver  # noqa: PLC0415

    match problem:
        case dns.resolver.NXDOMAIN():
            return DnsAnswer(name=name, kind=kind, status=DnsStatus.NO_NAME)
        case dns.resolver.NoNameservers():
            return _unknown(name, kind, _words_of(problem))
        case dns.message.ChainTooLong():
            return _unknown(name, kind, _CNAME_LOOP)
        case dns.resolver.NoResolverConfiguration():
            return _unknown(name, kind, "this machine names no DNS server (/etc/resolv.conf)")
        case dns.exception.Timeout() | TimeoutError():
            return _unknown(name, kind, f"no usable answer within {seconds:g} s")
        case OSError():
            return _unknown(name, kind, (problem.strerror or "the server cannot be reached").lower())
        case _:
            return _unknown(name, kind, "the name or the answer is malformed")


def _words_of(problem: dns.resolver.NoNameservers) -> str:
    """What the last server that was asked did wrong: an error code, or garbage."""
    import dns.message  # noqa: PLC0415 - as above

    errors = problem.kwargs.get("errors") or ()
    last = errors[-1][3] if errors else ""
    if isinstance(last, dns.message.ChainTooLong):
        return _CNAME_LOOP
    if isinstance(last, str) and last:
        return f"the DNS server answered {last}"
    return "the DNS server sent something that is not an answer, or cannot be reached"


def _unknown(name: str, kind: str, problem: str) -> DnsAnswer:
    return DnsAnswer(name=name, kind=kind, status=DnsStatus.UNKNOWN, problem=problem)
