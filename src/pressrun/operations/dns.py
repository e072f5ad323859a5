"""TXT records from DNS, without blocking the event loop and within a time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from pressrun.core.current import Current
from pressrun.services.settings import DnsSettings

if TYPE_CHECKING:
    import dns.asyncresolver

# Reserved names (RFC 2606 §§2, 3, RFC 6761 §6): no query about them leaves the machine.
_RESERVED = (".example", ".test", ".invalid", ".localhost", ".local", ".example.com", ".example.net", ".example.org")


class DnsRecords:
    """Queries all names at once; fulfils services.ports.TextRecords."""

    def __init__(self, settings: Current[DnsSettings]) -> None:
        self._settings = settings

    async def __call__(self, names: Collection[str]) -> Mapping[str, tuple[str, ...] | None]:
        resolver = self._resolver()
        if resolver is None:
            return dict.fromkeys(names)
        answers = await asyncio.gather(*(self._query(resolver, name) for name in names))
        return dict(zip(names, answers, strict=True))

    async def _query(self, resolver: dns.asyncresolver.Resolver, name: str) -> tuple[str, ...] | None:
        if self._settings.value.server is None and f".{name}".endswith(_RESERVED):
            return None
        import dns.exception  # noqa: PLC0415 - slow to import, and most processes send no query
        import dns.resolver  # noqa: PLC0415

        try:
            async with asyncio.timeout(self._settings.value.timeout_seconds):
                answer = await resolver.resolve(
                    name, "TXT", search=False, raise_on_no_answer=False, lifetime=self._settings.value.timeout_seconds
                )
        except dns.resolver.NXDOMAIN:
            # A name below a domain may be missing. If the domain itself is, the server knows only a part of DNS.
            return () if name.startswith("_") else None
        except (dns.exception.DNSException, OSError, TimeoutError, ValueError):
            return None
        return tuple(b"".join(record.strings).decode("utf-8", "replace") for record in answer.rrset or ())

    def _resolver(self) -> dns.asyncresolver.Resolver | None:
        """A resolver with our own server, or those that the system uses now; None where it names none."""
        import dns.asyncresolver  # noqa: PLC0415 - as above
        import dns.exception  # noqa: PLC0415

        server = self._settings.value.server
        try:
            resolver = dns.asyncresolver.Resolver(configure=server is None)
            if server is not None:
                resolver.nameservers = [server.host]
                resolver.port = server.port
        except (dns.exception.DNSException, OSError, ValueError):
            return None
        return resolver
