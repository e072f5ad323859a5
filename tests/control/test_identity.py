"""Who is at the other end of a socket: the kernel says, and the user database knows their groups."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest

from pressrun.runtime import identity
from pressrun.runtime.identity import claimed_user, peer_of, plain_name, process_user

UNIT = Path(__file__).parents[2] / "systemd" / "pressrun.service"


def test_the_peer_is_who_the_kernel_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getgrouplist", lambda name, gid: [gid, 61000])
    here, there = socket.socketpair()
    with here, there:
        peer = peer_of(here)
    assert (os.geteuid(), frozenset({os.getegid(), 61000})) == (peer.uid, peer.groups)


def test_a_user_that_no_database_knows_has_one_group() -> None:
    user = identity.user_of(3_999_999_999, 3_999_999_998)
    assert ("user 3999999999", frozenset({3_999_999_998})) == (user.name, user.groups)
    assert os.getuid() == process_user().uid


@pytest.mark.parametrize("name", ["", "a b", "ina@x.example", "x" * 66, "ina\n", "-x", "é", None])
def test_what_is_no_user_name_is_not_recorded(name: str | None) -> None:
    assert plain_name(name) is None


@pytest.mark.parametrize("name", ["ina", "_ina", "ina.b-c", "host$", "0ina"])
def test_a_claim_is_a_user_name(name: str) -> None:
    assert name == claimed_user({"SUDO_USER": name})


def test_the_unit_shows_the_daemon_who_calls() -> None:
    """In a user namespace of its own, with PrivateUsers=yes, all users but root and its own are nobody."""
    assert ["identity"] == re.findall(r"^PrivateUsers=(\w+)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
