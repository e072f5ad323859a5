"""What the handler of a request says about its connection, and learns of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from pressrun.core.network.endpoint import TcpEndpoint
from pressrun.web.http.connections import DEFAULT_CONNECTION, H11Connection, LimitedConnection
from pressrun.web.http.server import WebServer
from pressrun.web.settings import HttpSettings

CONNECTIONS = list(dict.fromkeys([H11Connection, DEFAULT_CONNECTION]))
SETTINGS = replace(HttpSettings(), listen=TcpEndpoint("127.0.0.1", 0), body_memory_bytes=64 * 1024)
HALF = 100 * 1024


class App:
    """Reads a body piece by piece, or waits until the connection closes."""

    def __init__(self, *, puts_away: bool) -> None:
        self.puts_away = puts_away
        self.arrived = asyncio.Event()
        self.waiting = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transfer = scope["state"]["transfer"]
        if scope["path"] == "/wait":
            self.waiting.set()
            await transfer.closing.wait()
        else:
            seen = 0
            async for piece in Request(scope, receive).stream():
                seen += len(piece)
                if self.puts_away:
                    transfer.proceed()
                if seen >= HALF:
                    self.arrived.set()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})


@asynccontextmanager
async def serving(app: App, connection: type[LimitedConnection]) -> AsyncIterator[tuple[WebServer, int]]:
    server = WebServer(app, SETTINGS, connection=connection, max_body_bytes=1024 * 1024)
    await server.start()
    try:
        yield server, int(server.address.rpartition(":")[2])
    finally:
        await server.stop(0.0)


async def begin(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Half of a body that has another half."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"POST /put HTTP/1.1\r\nHost: x\r\nContent-Length: {2 * HALF}\r\n\r\n".encode() + bytes(HALF))
    return reader, writer


@pytest.mark.parametrize("connection", CONNECTIONS)
@pytest.mark.parametrize(("puts_away", "status"), [(True, b"200"), (False, b"503")])
async def test_what_was_put_away_takes_no_memory(
    connection: type[LimitedConnection], puts_away: bool, status: bytes
) -> None:
    """Two large bodies at a time fit where one that is kept leaves no room for another."""
    app = App(puts_away=puts_away)
    async with serving(app, connection) as (_, port), asyncio.timeout(20):
        _, first = await begin(port)
        await app.arrived.wait()
        reader, second = await begin(port)
        second.write(bytes(HALF))
        assert (await reader.readline()).split()[1] == status
        for writer in (first, second):
            writer.close()


@pytest.mark.parametrize("connection", CONNECTIONS)
async def test_an_answer_without_an_end_hears_of_the_stop(connection: type[LimitedConnection]) -> None:
    """It ends by itself, and so the server does not have to cut it off."""
    app = App(puts_away=True)
    async with serving(app, connection) as (server, port), asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        await app.waiting.wait()
        await server.stop(60.0)
        assert (await reader.readline()).split()[1] == b"200"
        writer.close()
