"""Questions to DNS: answers, their absence, and servers that fail; in time, whatever they do."""

from __future__ import annotations

import asyncio
import time

import pytest
from tests.operations.name_server import BROKEN, GARBAGE, SILENT, open_name_server

from pressrun.core.current import Holder
from pressrun.core.endpoint import TcpEndpoint
from pressrun.operations.dns import DnsRecords
from pressrun.services.settings import DnsSettings


async def test_texts_are_found() -> None:
    """Their strings joined, as a record longer than 255 octets has several; a name may have none."""
    records = {"a.example": ('"v=spf1 " "-all"', '"x"'), "b.example": ()}
    async with open_name_server(records) as server:
        look_up = DnsRecords(Holder(DnsSettings(server=server.place)))
        found = await look_up(["a.example", "b.example", "_dmarc.a.example"])
    assert {"a.example": {"v=spf1 -all", "x"}, "b.example": set(), "_dmarc.a.example": set()} == {
        name: set(texts or ()) for name, texts in found.items()
    }
    assert None not in found.values()


@pytest.mark.parametrize("fault", [SILENT, BROKEN, GARBAGE])
async def test_a_server_that_fails_is_told_from_one_that_has_nothing(fault: str) -> None:
    """And others are answered beside it, within the time."""
    async with open_name_server({"a.example": fault, "b.example": ('"x"',)}) as server:
        look_up = DnsRecords(Holder(DnsSettings(server=server.place, timeout_seconds=0.4)))
        started_at = time.monotonic()
        found = await look_up(["a.example", "b.example"])
    assert {"a.example": None, "b.example": ("x",)} == found
    assert time.monotonic() - started_at < 4  # a resolver by itself waits five


async def test_a_server_that_does_not_know_a_domain_knows_nothing_of_it() -> None:
    """One behind a wall, say: that is not told as a missing record."""
    async with open_name_server({}) as server:
        assert {"a.example": None} == await DnsRecords(Holder(DnsSettings(server=server.place)))(["a.example"])


async def test_a_machine_that_nobody_answers_from() -> None:
    """A port where nothing listens; and the loop is free meanwhile."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    found = await DnsRecords(Holder(DnsSettings(server=TcpEndpoint("127.0.0.1", 9), timeout_seconds=0.3)))(
        ["a.example"]
    )
    ticking.cancel()
    assert {"a.example": None} == found
    assert ticks > 0


async def test_nobodys_names_are_not_asked_of_the_world() -> None:
    """Without a server of our own, they stay on this machine."""
    started_at = time.monotonic()
    found = await DnsRecords(Holder(DnsSettings(timeout_seconds=5.0)))(
        ["news.harbour.example", "_dmarc.x.test", "example.org"]
    )
    assert {"news.harbour.example": None, "_dmarc.x.test": None, "example.org": None} == found
    assert time.monotonic() - started_at < 4


async def test_a_name_that_cannot_be_is_no_fault_of_ours() -> None:
    """Labels have 63 octets."""
    async with open_name_server({}) as server:
        look_up = DnsRecords(Holder(DnsSettings(server=server.place)))
        assert {f"{'a' * 64}.example": None} == await look_up([f"{'a' * 64}.example"])
