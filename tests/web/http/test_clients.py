"""Whom limits count: the peer, and what trusted proxies say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.web.http.clients import UNKNOWN, Proxies, network_of

TRUSTED = Proxies(["127.0.0.1", "::1", "10.0.0.0/8", "2001:db8:ffff::/48"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.9"], "192.0.2.1"),  # not trusted: what it says is not believed
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.9"], "198.51.100.9"),
        ("127.0.0.1", ["203.0.113.5, 198.51.100.9"], "198.51.100.9"),  # the left end is the client's own word
        ("127.0.0.1", ["203.0.113.5", "198.51.100.9, 10.1.2.3"], "198.51.100.9"),
        ("127.0.0.1", ["198.51.100.9, nonsense"], "127.0.0.1"),
        ("127.0.0.1", ["nonsense, 10.1.2.3"], "10.1.2.3"),
        ("127.0.0.1", ["10.0.0.5, 10.0.0.6"], "10.0.0.5"),
        ("::ffff:127.0.0.1", ["198.51.100.9:4711"], "198.51.100.9"),
        ("::1", ["[2001:db8::7]:443"], "2001:db8::7"),
        ("2001:db8:ffff::2", ["2001:db8::7"], "2001:db8::7"),
        (None, ["198.51.100.9"], None),  # our Unix socket, not named as trusted
    ],
)
def test_the_client_is_the_first_from_the_right_that_is_not_trusted(
    peer: str | None, forwarded: list[str], client: str | None
) -> None:
    assert client == TRUSTED.client(peer, forwarded)


def test_our_unix_socket_is_trusted_by_name() -> None:
    assert "198.51.100.9" == Proxies(["unix"]).client(None, ["198.51.100.9"])


@given(st.lists(st.text(max_size=40), max_size=4))
def test_whatever_a_proxy_says_gives_an_address_or_the_peer(forwarded: list[str]) -> None:
    assert network_of(TRUSTED.client("127.0.0.1", forwarded)) != UNKNOWN


@pytest.mark.parametrize(
    ("trusted", "forwarded"),
    [
        (["127.0.0.1", "::1"], ["198.51.100.9"]),  # the default: our Unix socket is not named
        (["127.0.0.1", "::1"], []),
        (["unix"], []),  # its proxy says nothing of its client
        (["unix"], [""]),
        (["unix"], ["unknown"]),
        (["unix"], ["nonsense, 198.51.100.9x"]),
    ],
)
def test_clients_that_cannot_be_told_apart_count_as_one(trusted: list[str], forwarded: list[str]) -> None:
    assert UNKNOWN == network_of(Proxies(trusted).client(None, forwarded))


@pytest.mark.parametrize(
    ("client", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        (None, UNKNOWN),
    ],
)
def test_ipv6_is_counted_by_64(client: str | None, network: str | None) -> None:
    assert network == network_of(client)
