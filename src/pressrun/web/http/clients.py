"""Who a request comes from: the peer of the socket, or what a trusted proxy says about it.

Each proxy appends to X-Forwarded-For, so it is read from the right. Only what a trusted proxy wrote is believed, so
that clients cannot choose the address that limits count them by.

Nobody escapes those limits: clients that cannot be told apart are counted as one, for example behind a Unix socket
whose proxy is not trusted or sends no header.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import asdict

from pressrun.core.network.peers import UNIX, IpAddress, Peers, address_of

_WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+", re.ASCII)
_IPV6_PREFIX = 64  # one customer's network
_MOST_REMEMBERED = 32
UNKNOWN = "unknown"  # what limits count all clients without an address by


class ArrivedRequest(Struct, frozen=True, kw_only=True):
    """How a request arrived: its peer (None: our Unix socket), its X-Forwarded-For, and whether that is believed."""

    peer: str | None
    port: int | None
    forwarded: tuple[str, ...]
    is_trusted: bool


class ArrivedRequests:
    """The last requests by numbered test links, of which only who has the link keys can make one: `doctor`."""

    def __init__(self) -> None:
        self._by_number: dict[int, ArrivedRequest] = {}

    def record(self, number: int, arrived: ArrivedRequest) -> None:
        """Remember one, and forget the oldest if there are many."""
        if len(self._by_number) >= _MOST_REMEMBERED:
            del self._by_number[next(iter(self._by_number))]
        self._by_number[number] = arrived

    def describe(self, number: int) -> dict[str, object] | None:
        """How the request with this number arrived, if it did."""
        arrived = self._by_number.get(number)
        return None if arrived is None else asdict(arrived)


class Proxies:
    """The peers whose X-Forwarded-For is believed: addresses, networks, and `"unix"` for our Unix socket."""

    def __init__(self, trusted: Iterable[str]) -> None:
        self._trusted = Peers(trusted)

    def client(self, peer: str | None, forwarded: Sequence[str]) -> str | None:
        """The client's address, given the peer's (None: our Unix socket) and the X-Forwarded-For fields in order."""
        if not forwarded:
            return None if peer is None else _canonical(peer)
        client = None if peer is None else _parse(peer)
        if self.trusts(peer):
            for item in reversed([item.strip() for field in forwarded for item in field.split(",")]):
                address = _parse(item)
                if address is None:
                    break
                client = address
                if address not in self._trusted:
                    break
        return None if client is None else str(client)

    def trusts(self, peer: str | None) -> bool:
        """Whether the X-Forwarded-For of this peer is believed."""
        address = UNIX if peer is None else _parse(peer)
        return address is not None and address in self._trusted


def network_of(client: str | None) -> str:
    """What limits count a client by: an IPv4 address, the /64 of an IPv6 one, or UNKNOWN."""
    address = None if client is None else _parse(client)
    if address is None:
        return UNKNOWN
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address, _IPV6_PREFIX), strict=False))


@lru_cache(maxsize=1024)
def _canonical(text: str) -> str | None:
    address = _parse(text)
    return None if address is None else str(address)


@lru_cache(maxsize=1024)
def _parse(text: str) -> IpAddress | None:
    with_port = _WITH_PORT.fullmatch(text)
    bare = (with_port[1] or with_port[2]) if with_port else text
    return address_of(bare)
