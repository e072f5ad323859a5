"""TXT records from DNS, on the event loop and within a time: an answer, an empty one, or the word that none came."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from pressrun.core.current import Current
from pressrun.services.settings import DnsSettings

if TYPE_CHECKING:
    import dns.asyncresolver

# Names that nobody can have (RFC 2606 §§2, 3, RFC 6761 §6): the world's servers are not asked about them.
_NOBODYS = (".example", ".test", ".invalid", ".localhost", ".local", ".example.com", ".example.net", ".example.org")


class DnsRecords:
    """Looks names up, all at once; fulfils services.ports.TextRecords."""

    def __init__(self, settings: Current[DnsSettings]) -> None:
        self._settings = settings

    async def __call__(self, names: Collection[str]) -> Mapping[str, tuple[str, ...] | None]:
        resolver = self._resolver()
        if resolver is None:
            return dict.fromkeys(names)
        found = await asyncio.gather(*(self._find(resolver, name) for name in names))
        return dict(zip(names, found, strict=True))

    async def _find(self, resolver: dns.asyncresolver.Resolver, name: str) -> tuple[str, ...] | None:
        if self._settings.value.server is None and f".{name}".endswith(_NOBODYS):
            return None
        import dns.exception  # noqa: PLC0415 - dear to import, and most verbs never ask
        import dns.resolver  # noqa: PLC0415

        try:
            async with asyncio.timeout(self._settings.value.timeout_seconds):
                answer = await resolver.resolve(
                    name, "TXT", search=False, raise_on_no_answer=False, lifetime=self._settings.value.timeout_seconds
                )
        except dns.resolver.NXDOMAIN:
            # A name below a domain may be missing. Where the domain itself is, that server knows only a part of DNS.
            return () if name.startswith("_") else None
        except (dns.exception.DNSException, OSError, TimeoutError, ValueError):
            return None
        return tuple(b"".join(record.strings).decode("utf-8", "replace") for record in answer.rrset or ())

    def _resolver(self) -> dns.asyncresolver.Resolver | None:
        """A resolver as the system has it now, or with our own server; None where the system names none."""
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
