"""Which addresses we may connect to when somebody else influences the target: public ones only.

A name that leads to this machine, to the network behind the firewall or to a cloud's metadata service would let a
stranger use us as a way in (server-side request forgery). What is special is written out here by the registries of IANA
(RFC 6890), because `ipaddress.is_global` differs between versions of Python.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOOPBACK: tuple[Network, ...] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))

_SPECIAL_IPV4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",
            "100.64.0.0/10",  # shared with customers of a provider
            "127.0.0.0/8",
            "169.254.0.0/16",  # link-local, and the metadata of clouds
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
_GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")  # what IANA gives out at all
_SPECIAL_IPV6 = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # of protocols, Teredo among them, which holds IPv4 addresses
            "2001:db8::/32",
            "2002::/16",  # 6to4, which holds IPv4 addresses
            "3fff::/20",
        ),
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: how networks without IPv4 reach it


def may_connect(address: str, networks: Sequence[Network] = ()) -> bool:
    """Whether an IP address is public or in one of these networks; False for text that is not an IP address.

    For an IPv6 address that embeds an IPv4 address, the latter decides.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address):
        inner = _embedded(parsed)
        if inner is not None:
            parsed = inner
    if any(parsed.version == network.version and parsed in network for network in networks):
        return True
    if isinstance(parsed, IPv4Address):
        return not any(parsed in special for special in _SPECIAL_IPV4)
    return parsed in _GLOBAL_IPV6 and not any(parsed in special for special in _SPECIAL_IPV6)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
