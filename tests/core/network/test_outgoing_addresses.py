"""Where a request may go that somebody else has a say in."""

from __future__ import annotations

import ipaddress

import pytest

from pressrun.core.network.outgoing_addresses import LOOPBACK, may_connect

PUBLIC = ["9.9.9.9", "1.1.1.1", "128.0.0.1", "223.255.255.255", "2620:fe::fe", "2a00:1450:4001:81b::200e"]
PUBLIC += [
    "::ffff:9.9.9.9",
    "64:ff9b::9.9.9.9",
    "172.15.0.1",
    "172.32.0.1",
    "100.63.255.255",
    "100.128.0.0",
    "192.0.1.1",
]

SPECIAL = (
    "0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.8.9.10 169.254.169.254".split()
)
SPECIAL += "172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.170 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1".split()
SPECIAL += "198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255".split()
SPECIAL += ":: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1".split()
SPECIAL += "64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b:1::9.9.9.9 100::1 2001::1 2001:0:7f00:1::".split()
SPECIAL += "2001:2::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:a00:1:: 3fff::1 4000::1 5f00::1".split()
SPECIAL += "fc00::1 fd00::1 fe80::1 fe80::1%lo fec0::1 ff02::1 ff05::2 fd00:ec2::254".split()
NO_ADDRESSES = ["", "localhost", "127.1", "2130706433", "0x7f.0.0.1", "127.0.0.1 ", "9.9.9.9:80", "[2620:fe::fe]"]


@pytest.mark.parametrize("address", PUBLIC)
def test_the_internet_is_open(address: str) -> None:
    assert may_connect(address)


@pytest.mark.parametrize("address", SPECIAL)
def test_everything_special_is_closed(address: str) -> None:
    """Private, shared, local, reserved and documentation addresses, also inside IPv6 ones (RFC 6890)."""
    assert not may_connect(address)


@pytest.mark.parametrize("address", NO_ADDRESSES)
def test_what_is_no_address_is_closed(address: str) -> None:
    """Names and odd numbers must be resolved first; what the resolver makes of them is judged."""
    assert not may_connect(address)


def test_a_network_can_be_opened() -> None:
    """And it alone: an IPv4 network counts for the same address inside an IPv6 one, too."""
    open_networks = [ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("fd00::/64")]
    assert [True, True, True, False, False, False] == [
        may_connect(address, open_networks)
        for address in ("10.1.2.3", "::ffff:10.1.2.3", "fd00::7", "10.2.0.1", "fd01::7", "127.0.0.1")
    ]
    assert [True, True, False] == [may_connect(host, LOOPBACK) for host in ("127.0.0.1", "::1", "10.0.0.1")]
