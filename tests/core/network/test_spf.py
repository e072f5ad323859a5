"""SPF records: their terms, what is malformed, and macros."""

from __future__ import annotations

import ipaddress

import pytest

from pressrun.core.network.spf import SpfIdentity, SpfSyntaxError, SpfVerdict, expand_macros, is_spf, parse_spf

# RFC 7208 §7.4
SENDER = "strong-bad@email.example.com"
FOUR = SpfIdentity(address=ipaddress.ip_address("192.0.2.3"), sender=SENDER, helo="mx.example.com")
SIX = SpfIdentity(address=ipaddress.ip_address("2001:db8::cb01"), sender=SENDER, helo="mx.example.com")


@pytest.mark.parametrize(
    ("record", "expected"), [("v=spf1", True), ("V=SPF1 -all", True), ("v=spf10", False), ("spf2.0/mfrom -all", False)]
)
def test_what_is_spf_at_all(record: str, expected: bool) -> None:
    """By its version alone (§4.5)."""
    assert expected is is_spf(record)


def test_terms_are_read() -> None:
    """With qualifiers, prefixes of both kinds, and unknown modifiers passed over (§6)."""
    record = parse_spf("v=spf1 a/24 ?mx:m.test/24//64 ip6:2001:db8::/32 ip4:192.0.2.0/24 x=1 ~all redirect=r.test")
    read = [
        (mechanism.name, mechanism.verdict, mechanism.value, mechanism.ipv4_prefix, mechanism.ipv6_prefix)
        for mechanism in record.mechanisms
    ]
    assert [
        ("a", SpfVerdict.PASS, "", 24, 128),
        ("mx", SpfVerdict.NEUTRAL, "m.test", 24, 64),
        ("ip6", SpfVerdict.PASS, "2001:db8::", 32, 32),
        ("ip4", SpfVerdict.PASS, "192.0.2.0", 24, 128),
        ("all", SpfVerdict.SOFTFAIL, "", 32, 128),
    ] == read
    assert record.redirect == "r.test"


def test_the_rest_of_a_network_does_not_count() -> None:
    """RFC 7208 §5.6: only the bits of the prefix are compared."""
    [mechanism] = parse_spf("v=spf1 ip4:192.0.2.77/24").mechanisms
    assert ("192.0.2.0", 24) == (mechanism.value, mechanism.ipv4_prefix)


@pytest.mark.parametrize(
    "term",
    ["ipv4:192.0.2.1", "ip4:2001:db8::1", "ip6:192.0.2.1", "ip4", "include", "include:", "all:x", "a/33", "-", "?",
     "a//129", "ip4:192.0.2.300", "redirect=", "exists:"],
)  # fmt: skip
def test_what_is_malformed_is_quoted(term: str) -> None:
    """The error names the term, so that it can be found in the record."""
    with pytest.raises(SpfSyntaxError, match=r"^'"):
        parse_spf(f"v=spf1 {term} -all")


@pytest.mark.parametrize(
    ("macro", "identity", "expected"),
    [
        ("%{s}", FOUR, "strong-bad@email.example.com"),
        ("%{o}", FOUR, "email.example.com"),
        ("%{d4}", FOUR, "email.example.com"),
        ("%{d1}", FOUR, "com"),
        ("%{dr}", FOUR, "com.example.email"),
        ("%{d2r}", FOUR, "example.email"),
        ("%{l}", FOUR, "strong-bad"),
        ("%{l-}", FOUR, "strong.bad"),
        ("%{lr-}", FOUR, "bad.strong"),
        ("%{l1r-}", FOUR, "strong"),
        ("%{ir}.%{v}._spf.%{d2}", FOUR, "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", FOUR, "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
        (
            "%{ir}.%{v}._spf.%{d2}",
            SIX,
            "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com",
        ),
        ("%%x%_y%-", FOUR, "%x y%20"),
        ("%{c}", SIX, "2001:db8::cb01"),
        ("%{h}", FOUR, "mx.example.com"),
        ("%{p}", FOUR, "unknown"),
    ],
)
def test_macros_are_those_of_the_standard(macro: str, identity: SpfIdentity, expected: str) -> None:
    """The examples of RFC 7208 §7.4."""
    assert expected == expand_macros(macro, identity, "email.example.com")


@pytest.mark.parametrize(("length", "kept"), [(253, 253), (254, 189)])
def test_a_name_that_is_too_long_loses_its_first_labels(length: int, kept: int) -> None:
    """RFC 7208 §7.3: until it has 253 octets at most."""
    name = ".".join(["a" * (length - 190), *["b" * 62] * 2, "c" * 63])
    assert length == len(name)
    assert kept == len(expand_macros(name, FOUR, "example.com"))


@pytest.mark.parametrize("macro", ["%", "%{x}", "%{d0}", "%(d)"])
def test_a_macro_that_is_none(macro: str) -> None:
    """§7.1: the record is in error then."""
    with pytest.raises(SpfSyntaxError):
        expand_macros(macro, FOUR, "example.com")
