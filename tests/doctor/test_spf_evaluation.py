"""SPF as a receiver evaluates it: each term, each limit, and servers that fail on the way."""

from __future__ import annotations

import ipaddress

import pytest
from tests.dns_server import Fault, Zone, open_dns_server, text

from pressrun.core.current import Holder
from pressrun.core.network.spf import SpfIdentity
from pressrun.doctor.spf import SpfResult, evaluate_spf
from pressrun.doctor.subject import CachedLookups
from pressrun.operations.dns import DnsLookups
from pressrun.services.settings import DnsSettings

FOUR, SIX = "203.0.113.10", "2001:db8:1::10"
OTHERS: Zone = {
    "mx.test": {"A": [FOUR], "AAAA": [SIX]},
    "b.test": {"TXT": [text(f"v=spf1 ip4:{FOUR} -all")]},
    "c.test": {"TXT": [text("v=spf1 include:b.test -all")], "MX": ["10 mx.test.", "5 gone.test."]},
    "many.test": {"MX": [f"10 m{number}.test." for number in range(11)]},
    "none.test": {"TXT": ['"hello"']},
    f"10.113.0.203.in-addr.{'a.test'}": {"A": ["127.0.0.2"]},
    "silent.test": Fault.SILENT,
    "broken.test": Fault.BROKEN,
}


async def evaluate(record: str, address: str = FOUR, *, matches: bool = True) -> SpfResult:
    zone = {**OTHERS, "a.test": {"TXT": [text(record)], "A": [FOUR], "MX": ["10 mx.test."]}}
    async with open_dns_server(zone) as server:
        settings = DnsSettings(server=server.place, timeout_seconds=0.4)
        dns = CachedLookups(DnsLookups(Holder(settings)))
        identity = SpfIdentity(address=ipaddress.ip_address(address), sender="bounces@a.test", helo="mx.test")
        return await evaluate_spf(dns, "a.test", identity, matches=matches)


@pytest.mark.parametrize(
    ("record", "address", "expected"),
    [
        (f"v=spf1 ip4:{FOUR} -all", FOUR, "pass"),
        ("v=spf1 ip4:203.0.113.0/24 -all", FOUR, "pass"),
        ("v=spf1 ip4:203.0.114.0/24 -all", FOUR, "fail"),
        ("v=spf1 ip6:2001:db8:1::/48 -all", SIX, "pass"),
        ("v=spf1 ip6:2001:db8:1::/48 ~all", FOUR, "softfail"),
        ("v=spf1 a -all", FOUR, "pass"),
        ("v=spf1 a/16 -all", "203.0.1.1", "pass"),
        ("v=spf1 mx -all", FOUR, "pass"),
        ("v=spf1 mx:c.test -all", SIX, "pass"),
        ("v=spf1 include:c.test -all", FOUR, "pass"),
        ("v=spf1 include:c.test ?all", "198.51.100.1", "neutral"),
        ("v=spf1 -ip4:203.0.113.10 +all", FOUR, "fail"),
        ("v=spf1 exists:%{ir}.in-addr.%{d} -all", FOUR, "pass"),
        ("v=spf1 redirect=b.test", FOUR, "pass"),
        ("v=spf1 -all redirect=b.test", FOUR, "fail"),
        ("v=spf1 ptr -all", FOUR, "fail"),
        ("v=spf1", FOUR, "neutral"),
        ("nothing of the kind", FOUR, "none"),
    ],
)
async def test_what_a_record_says_about_an_address(record: str, address: str, expected: str) -> None:
    """Without a problem."""
    result = await evaluate(record, address)
    assert (expected, "") == (result.verdict, result.problem)


@pytest.mark.parametrize(
    ("record", "verdict", "words"),
    [
        ("v=spf1 include:none.test -all", "permerror", "a.test includes none.test, which has no SPF record"),
        ("v=spf1 redirect=none.test", "permerror", "redirects to none.test"),
        ("v=spf1 redirect=a.test", "permerror", "includes itself"),
        ("v=spf1 mx:many.test -all", "permerror", "more than 10 exchangers"),
        ("v=spf1 a:x.test a:y.test a:z.test -all", "permerror", "do not exist (the last is z.test)"),
        ("v=spf1 " + "a " * 11 + "-all", "permerror", "more than 10 lookups"),
        ("v=spf1 exists:%{z} -all", "permerror", "malformed"),
        ("v=spf1 include:silent.test -all", "temperror", "silent.test could not be looked up: no usable answer"),
        ("v=spf1 a:broken.test -all", "temperror", "answered SERVFAIL"),
    ],
)
async def test_what_a_record_gets_wrong(record: str, verdict: str, words: str) -> None:
    """In words that name the domain at fault; an address that matches nothing meets all of it."""
    result = await evaluate(record, "198.51.100.1")
    assert (verdict, True) == (result.verdict, words in result.problem), result.problem


async def test_all_lookups_are_counted_where_nothing_matches() -> None:
    """What a receiver of mail from elsewhere needs; a match ends the count before."""
    record = "v=spf1 a include:c.test mx -all"
    assert (1, 0) == _counts(await evaluate(record))
    assert (4, 2) == _counts(await evaluate(record, matches=False))


def _counts(result: SpfResult) -> tuple[int, int]:
    return result.lookups, result.depth
