"""DMARC records: what they say, and who owns a domain by them."""

from __future__ import annotations

import pytest

from pressrun.core.network.dmarc import is_dmarc, organisational_domain, parse_dmarc, policy_domains


@pytest.mark.parametrize(
    ("record", "expected"),
    [("v=DMARC1", True), (" v = DMARC1 ; p=none", True), ("v=DMARC10; p=none", False), ("p=none; v=DMARC1", False)],
)
def test_what_is_dmarc_at_all(record: str, expected: bool) -> None:
    """The version comes first (RFC 9989 §4.7)."""
    assert expected is is_dmarc(record)


def test_a_policy_is_for_the_domain_and_for_those_below() -> None:
    """`sp` is for those below, and `p` without it; a record without `p` but with reports means none."""
    policy = parse_dmarc("a.test", "v=DMARC1; P=Reject; sp=quarantine; adkim=s; rua=mailto:x@a.test")
    assert ("reject", "quarantine") == (policy.for_author("a.test"), policy.for_author("b.a.test"))
    assert (True, False, True) == (policy.strict_dkim, policy.strict_spf, policy.has_reports)
    assert parse_dmarc("a.test", "v=DMARC1; p=reject").for_author("b.a.test") == "reject"
    assert parse_dmarc("a.test", "v=DMARC1; rua=mailto:x@a.test").for_author("a.test") == "none"
    assert parse_dmarc("a.test", "v=DMARC1").for_author("a.test") == ""


def test_at_most_eight_names_are_looked_up() -> None:
    """RFC 9989 §4.10: the domain, then seven labels of it and fewer."""
    assert ["a.b.test", "b.test", "test"] == policy_domains("a.b.test")
    domains = policy_domains("a.b.c.d.e.f.g.h.i.j.test")
    assert ["a.b.c.d.e.f.g.h.i.j.test", "e.f.g.h.i.j.test"] == domains[:2]
    assert (8, "test") == (len(domains), domains[-1])


@pytest.mark.parametrize(
    ("domain", "records", "expected"),
    [
        ("a.b.c.test", {}, "a.b.c.test"),
        ("a.b.c.test", {"a.b.c.test": "", "c.test": ""}, "c.test"),
        ("a.b.c.test", {"b.c.test": "psd=n", "c.test": ""}, "b.c.test"),
        ("a.b.c.test", {"c.test": "psd=y"}, "b.c.test"),
        ("c.test", {"c.test": "psd=y"}, "c.test"),
        ("a.c.test", {"c.test": "", "test": "psd=y"}, "c.test"),
    ],
)
def test_the_owner_of_a_domain(domain: str, records: dict[str, str], expected: str) -> None:
    """RFC 9989 §4.10.2."""
    policies = {name: parse_dmarc(name, f"v=DMARC1; p=none; {tags}") for name, tags in records.items()}
    assert expected == organisational_domain(domain, policies)
