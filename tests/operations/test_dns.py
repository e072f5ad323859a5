"""Questions to DNS: answers, their absence, and servers that fail; in time, whatever they do."""

from __future__ import annotations

import asyncio

import pytest
from tests.dns_server import DnsServer, Fault, Zone, open_dns_server, text

from pressrun.core.current import Holder
from pressrun.core.network.endpoint import TcpEndpoint
from pressrun.operations.dns import DnsAnswer, DnsLookups, DnsRecords, DnsStatus
from pressrun.services.settings import DnsSettings

SECONDS = 0.4
LONG = "v=DKIM1; p=" + "A" * 4000


def lookups_at(place: TcpEndpoint, seconds: float = SECONDS) -> DnsLookups:
    return DnsLookups(Holder(DnsSettings(server=place, timeout_seconds=seconds)))


def records_at(server: DnsServer, seconds: float = SECONDS) -> DnsRecords:
    return DnsRecords(Holder(DnsSettings(server=server.place, timeout_seconds=seconds)))


async def ask(zone: Zone, name: str, kind: str = "TXT") -> DnsAnswer:
    async with open_dns_server(zone) as server:
        return await lookups_at(server.place).query(name, kind)


async def test_texts_are_found() -> None:
    """Their strings joined, as a record longer than 255 octets has several; a name may have none."""
    zone: Zone = {"a.example": {"TXT": ('"v=spf1 " "-all"', '"x"')}, "b.example": {}}
    async with open_dns_server(zone) as server:
        records = await records_at(server)(["a.example", "b.example", "_dmarc.a.example"])
    assert {"a.example": {"v=spf1 -all", "x"}, "b.example": set(), "_dmarc.a.example": set()} == {
        name: set(texts or ()) for name, texts in records.items()
    }
    assert None not in records.values()


async def test_names_lose_the_final_dot_and_a_null_mx_keeps_it() -> None:
    """RFC 7505: `0 .` says that a domain takes no mail."""
    zone: Zone = {"a.test": {"MX": ["10 mx.a.test."], "PTR": ["mx.a.test."]}, "b.test": {"MX": ["0 ."]}}
    async with open_dns_server(zone) as server:
        look_up = lookups_at(server.place)
        answers = [await look_up.query(*query) for query in (("a.test", "MX"), ("a.test", "PTR"), ("b.test", "MX"))]
    assert [("10 mx.a.test",), ("mx.a.test",), ("0 .",)] == [answer.records for answer in answers]


async def test_an_alias_is_followed_and_said() -> None:
    """An exchanger must not be one (RFC 2181 §10.3), so a check wants to know."""
    answer = await ask({"a.test": {"CNAME": ["b.test."]}, "b.test": {"A": ["192.0.2.1"]}}, "a.test", "A")
    assert (("192.0.2.1",), True) == (answer.records, answer.is_alias)


@pytest.mark.parametrize(
    ("zone", "status", "problem"),
    [
        pytest.param({}, DnsStatus.NO_NAME, "", id="NXDOMAIN"),
        pytest.param({"a.test": {"A": ["192.0.2.1"]}}, DnsStatus.NO_RECORD, "", id="no such record"),
        pytest.param({"a.test": Fault.SILENT}, DnsStatus.UNKNOWN, "no usable answer within", id="silent"),
        pytest.param({"a.test": Fault.BROKEN}, DnsStatus.UNKNOWN, "answered SERVFAIL", id="SERVFAIL"),
        pytest.param({"a.test": Fault.LAME}, DnsStatus.UNKNOWN, "answered REFUSED", id="lame"),
        pytest.param({"a.test": Fault.GARBAGE}, DnsStatus.UNKNOWN, "no", id="garbage"),
        pytest.param({"a.test": Fault.OTHER_NAME}, DnsStatus.NO_RECORD, "", id="records of another name"),
        pytest.param({"a.test": Fault.OTHER_QUESTION}, DnsStatus.UNKNOWN, "no usable answer", id="another question"),
        pytest.param({"a.test": Fault.CUT_FOR_EVER}, DnsStatus.UNKNOWN, "no", id="truncated, and no TCP"),
        pytest.param(
            {"a.test": {"CNAME": ["b.test."]}, "b.test": {"CNAME": ["a.test."]}},
            DnsStatus.UNKNOWN,
            "lead in a circle",
            id="CNAME loop",
        ),
    ],
)
async def test_each_way_to_fail_is_told_from_a_missing_record(zone: Zone, status: DnsStatus, problem: str) -> None:
    """And none of them raises."""
    answer = await ask(zone, "a.test")
    assert (status, (), True) == (answer.status, answer.records, problem in answer.problem)
    assert bool(answer.problem) is (status is DnsStatus.UNKNOWN)


@pytest.mark.parametrize(
    "zone", [{"a.test": {"TXT": [text(LONG)]}}, {"a.test": (Fault.CUT, {"TXT": [text(LONG)]})}], ids=["long", "cut"]
)
async def test_what_does_not_fit_a_datagram_comes_by_tcp(zone: Zone) -> None:
    """RFC 7766."""
    assert (LONG,) == (await ask(zone, "a.test")).records


async def test_a_server_that_fails_delays_no_other_answer() -> None:
    """What is silent is given up in time, and others are answered beside it."""
    async with open_dns_server({"a.example": Fault.SILENT, "b.example": {"TXT": ['"x"']}}) as server:
        async with asyncio.timeout(10):  # a resolver by itself would go on for long
            assert {"a.example": None, "b.example": ("x",)} == await records_at(server)(["a.example", "b.example"])


async def test_a_server_that_does_not_know_a_domain_knows_nothing_of_it() -> None:
    """One behind a wall, say: that is not told as a missing record."""
    async with open_dns_server({}) as server:
        assert {"a.example": None} == await records_at(server)(["a.example"])


async def test_a_machine_that_nobody_answers_from() -> None:
    """A port where nothing listens; and the loop is free meanwhile."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    answer = await lookups_at(TcpEndpoint("127.0.0.1", 9), 0.3).query("a.example", "TXT")
    ticking.cancel()
    assert (DnsStatus.UNKNOWN, True) == (answer.status, bool(answer.problem))
    assert ticks > 0


async def test_nobodys_names_are_not_asked_of_the_world() -> None:
    """Without a server of our own, they stay on this machine."""
    look_up = DnsRecords(Holder(DnsSettings(timeout_seconds=5.0)))
    async with asyncio.timeout(4):
        records = await look_up(["news.harbour.example", "_dmarc.x.test", "example.org"])
    assert {"news.harbour.example": None, "_dmarc.x.test": None, "example.org": None} == records


async def test_a_name_of_the_example_that_is_still_there_is_to_be_replaced() -> None:
    """As in the configuration that `init` writes."""
    answer = await DnsLookups(Holder(DnsSettings())).query("lists.example.test", "MX")
    assert (DnsStatus.UNKNOWN, True) == (answer.status, "Configure your own name, or a DNS server" in answer.problem)


async def test_a_name_that_cannot_be_is_no_fault_of_ours() -> None:
    """Labels have 63 octets."""
    answer = await ask({}, f"{'a' * 64}.example")
    assert (DnsStatus.UNKNOWN, "the name or the answer is malformed") == (answer.status, answer.problem)
