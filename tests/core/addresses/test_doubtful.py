"""Addresses that an operator may not want to write to."""

from __future__ import annotations

import pytest

from pressrun.core.addresses.address import parse_address
from pressrun.core.addresses.doubtful import doubtful_addresses, is_disposable, is_role


@pytest.mark.parametrize(
    ("domain", "is_known"),
    [
        ("mailinator.com", True),
        ("inbox.mailinator.com", True),
        ("notmailinator.com", False),
        ("com", False),
        ("reader.example", False),
        ("mine.example", True),
        ("deep.mine.example", True),
    ],
)
def test_a_domain_and_those_below_it_hand_out_mailboxes(domain: str, is_known: bool) -> None:
    assert is_known is is_disposable(domain, ("mine.example",))


@pytest.mark.parametrize(("local", "is_known"), [("abuse", True), ("NoReply", True), ("abuse+x", True), ("ada", False)])
def test_a_role_is_known_in_any_spelling(local: str, is_known: bool) -> None:
    assert is_known is is_role(local)


def test_every_domain_of_the_list_is_one() -> None:
    assert {} == {
        name: None for name in doubtful_addresses().disposable_domains if parse_address(f"a@{name}").domain != name
    }
