"""A pool that is retired while a connection is being opened comes to its end at once, on either event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop
from tests.delivery.relay.feed import ListFeed, message
from tests.delivery.relay.peers import HANG, but, peer
from tests.delivery.relay.test_faults import until

from pressrun.delivery.relay.connection import Connection
from pressrun.delivery.relay.pool import Pool
from pressrun.delivery.relay.settings import RelaySettings
from pressrun.smtp.phase import Phase

LOOPS = [pytest.param(asyncio.new_event_loop, id="asyncio"), pytest.param(uvloop.new_event_loop, id="uvloop")]
Loop = Callable[[], asyncio.AbstractEventLoop]
SECONDS = 5.0  # in which nothing but a fault would take so long


def run(loop: Loop, work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(work)


def pool_at(port: int, **settings: Any) -> Pool:
    relay = RelaySettings(name="primary", host="127.0.0.1", port=port, connections=1, **settings)
    return Pool(relay, ListFeed([message(1)]), helo_name="client.example", changed=lambda: None, clock=time.time)


@pytest.mark.parametrize("loop", LOOPS)
def test_in_the_moment_in_which_it_connects(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The socket stands, and the one who waits for that has not gone on yet."""

    async def work() -> None:
        async with peer(but(GREETING=HANG)) as port:
            pool = pool_at(port)
            made = Connection.connection_made

            def retire_behind(self: Connection, transport: asyncio.BaseTransport) -> None:
                made(self, transport)
                asyncio.get_running_loop().call_soon(pool.retire)

            monkeypatch.setattr(Connection, "connection_made", retire_behind)
            pool.wake()
            async with asyncio.timeout(SECONDS):
                await pool._empty.wait()
                await pool.drain(0.5)
            assert pool.is_empty

    run(loop, work())


async def until_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Agree to STARTTLS, and say nothing more."""
    for answer in (b"220 peer\r\n", b"250-peer\r\n250 STARTTLS\r\n", b"220 go\r\n"):
        writer.write(answer)
        await reader.readuntil(b"\r\n" if not answer.startswith(b"220 go") else b"\x01")  # of the handshake
    await reader.read()
    writer.close()


@pytest.mark.parametrize("loop", LOOPS)
def test_in_a_handshake_that_does_not_end(loop: Loop) -> None:
    async def work() -> None:
        server = await asyncio.start_server(until_tls, "127.0.0.1", 0)
        async with server:
            pool = pool_at(server.sockets[0].getsockname()[1], security="starttls")
            pool.wake()
            await until(lambda: any(member._dialogue.phase is Phase.HANDSHAKE for member in pool._members), SECONDS)
            async with asyncio.timeout(SECONDS):
                await pool.drain(0.5)
            assert pool.is_empty

    run(loop, work())
