"""The peers of a socket that are trusted: addresses, networks, and `"unix"` for whoever comes by our Unix socket."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable


class Peers:
    """A set of peers, asked by the address of one, or by `"unix"`."""

    __slots__ = ("_networks", "_unix")

    def __init__(self, trusted: Iterable[str]) -> None:
        names = list(trusted)
        self._unix = "unix" in names
        self._networks = [ipaddress.ip_network(name, strict=False) for name in names if name != "unix"]

    def __contains__(self, peer: str) -> bool:
        if peer == "unix":
            return self._unix
        try:
            address = ipaddress.ip_address(peer.partition("%")[0])
        except ValueError:
            return False
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        found = mapped or address
        return any(found.version == network.version and found in network for network in self._networks)
