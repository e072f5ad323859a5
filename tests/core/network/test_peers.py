"""Trusted peers: by address, by network, and those of our own Unix socket."""

from __future__ import annotations

import pytest

from pressrun.core.network.peers import Peers


@pytest.mark.parametrize(
    ("trusted", "peer", "expected"),
    [
        (["192.0.2.1"], "192.0.2.1", True),
        (["192.0.2.1"], "192.0.2.2", False),
        (["192.0.2.0/24"], "192.0.2.200", True),
        (["192.0.2.7/24"], "192.0.2.200", True),
        (["192.0.2.0/24"], "::ffff:192.0.2.9", True),
        (["2001:db8::/32"], "2001:db8::1", True),
        (["fe80::/10"], "fe80::1%eth0", True),
        (["2001:db8::/32"], "192.0.2.1", False),
        (["unix"], "unix", True),
        (["192.0.2.0/24"], "unix", False),
        (["unix"], "127.0.0.1", False),
        (["0.0.0.0/0"], "", False),
        (["0.0.0.0/0"], "nonsense", False),
        ([], "unix", False),
        ([], "127.0.0.1", False),
    ],
)
def test_who_is_trusted(trusted: list[str], peer: str, expected: bool) -> None:
    """Nobody by default."""
    assert expected is (peer in Peers(trusted))
