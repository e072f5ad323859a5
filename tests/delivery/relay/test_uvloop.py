"""The same under uvloop, whose transports are its own: the way of the extra `[fast]`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.authority import Authority
from tests.delivery.relay.feed import ListFeed, message
from tests.delivery.relay.test_tls import Relay, authority
from tests.ports import free_port
from tests.sink import Sink

from pressrun.delivery.relay.pool import Pool
from pressrun.delivery.relay.settings import RelaySettings
from pressrun.smtp.handover import Outcome

uvloop = pytest.importorskip("uvloop", reason="uvloop (the extra `fast`) is not installed")

__all__ = ["authority"]  # a fixture


async def deliver(settings: RelaySettings, count: int) -> set[Outcome]:
    """Send so many messages; what became of them."""
    feed = ListFeed([message(n) for n in range(count)])
    pool = Pool(settings, feed, helo_name="client.example", changed=lambda: None, clock=lambda: 1000.0)
    pool.wake()
    try:
        await feed.until_settled(count)
    finally:
        await pool.drain(5)
    assert pool.is_empty
    return set(feed.outcomes.values())


async def fail(settings: RelaySettings) -> str:
    """Try to send one; what the relay's state says."""
    feed = ListFeed([message(1)])
    pool = Pool(settings, feed, helo_name="client.example", changed=lambda: None, clock=lambda: 1000.0)
    pool.wake()
    async with asyncio.timeout(10):
        while (error := pool.status().last_error) is None:  # noqa: ASYNC110 - nobody sets an event for it
            await asyncio.sleep(0.001)
    await pool.drain(5)
    assert [] == feed.carried
    return error


def test_plain(sink_program: Path, tmp_path: Path) -> None:
    """Through the sink."""
    with Sink(sink_program, tmp_path) as sink, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        settings = RelaySettings(name="primary", host="127.0.0.1", port=sink.port, connections=3)
        assert {Outcome.DELIVERED} == runner.run(deliver(settings, 200))
        assert 200 == sink.stats()["messages"]


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_encrypted(authority: Authority, security: str) -> None:
    """Through aiosmtpd, by both ways to TLS, and not without a certificate that holds."""

    async def run() -> tuple[set[Outcome], str]:
        context = authority.server()
        async with Relay().listen(**{"implicit" if security == "tls" else "tls_context": context}) as port:
            settings = RelaySettings(
                name="primary",
                host="127.0.0.1",
                port=port,
                security="tls" if security == "tls" else "starttls",
                ca_file=authority.file,
            )
            delivered = await deliver(settings, 20)
            untrusted = RelaySettings(name="primary", host="127.0.0.1", port=port, security=settings.security)
            return delivered, await fail(untrusted)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        delivered, error = runner.run(run())
    assert {Outcome.DELIVERED} == delivered
    assert error.startswith("TLS failed: the certificate is not to be trusted")


def test_nobody_listens() -> None:
    """A refused connection says the same as under asyncio."""
    settings = RelaySettings(name="primary", host="127.0.0.1", port=free_port())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert "cannot connect: Connection refused" == runner.run(fail(settings))
