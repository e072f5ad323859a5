"""The peers of a socket that are trusted: addresses, networks, and `"unix"` for anybody who uses our Unix socket."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

UNIX = "unix"
IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class Peers:
    """A set of peers. `in` takes the address of one, or UNIX."""

    __slots__ = ("_has_unix", "_networks")

    def __init__(self, trusted: Iterable[str]) -> None:
        names = list(trusted)
        self._has_unix = UNIX in names
        self._networks = [ipaddress.ip_network(name, strict=False) for name in names if name != UNIX]

    def __contains__(self, peer: str | IpAddress) -> bool:
        if peer == UNIX:
            return self._has_unix
        address = address_of(peer) if isinstance(peer, str) else peer
        return address is not None and any(
            address.version == network.version and address in network for network in self._networks
        )


def address_of(text: str) -> IpAddress | None:
    """An address without its zone, as IPv4 if it is mapped into IPv6. None for anything that is not an address."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
