"""What our connections use of uvicorn beyond its documented interface is still there."""

from __future__ import annotations

import asyncio

from starlette.types import Receive, Scope, Send
from tests.web.http.test_server import GET, LOOPBACK, ask, serving
from uvicorn.protocols.http.h11_impl import H11Protocol

from pressrun.web.http.connections import (
    DEFAULT_CONNECTION,
    USED_OF_CYCLES,
    USED_OF_HTTPTOOLS,
    USED_OF_HTTPTOOLS_CYCLES,
    USED_OF_PROTOCOLS,
    H11Connection,
    LimitedConnection,
)
from pressrun.web.settings import HttpSettings


async def test_uvicorn_has_what_we_use_of_it(kind: type[LimitedConnection]) -> None:
    """Otherwise a limit would silently be gone: an override that nothing calls, an attribute that nothing reads."""
    missing: list[str] = []
    made: list[LimitedConnection] = []

    class Seen(kind):  # type: ignore[misc, valid-type]
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            made.append(self)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        (connection,) = made
        used = USED_OF_PROTOCOLS if kind is H11Connection else (*USED_OF_PROTOCOLS, *USED_OF_HTTPTOOLS)
        base = next(base for base in kind.__mro__ if base.__module__.startswith("uvicorn."))
        own = {*vars(connection), *(name for each in base.__mro__ for name in vars(each))}
        missing.extend(name for name in used if name not in own)
        of_cycle = USED_OF_CYCLES if kind is H11Connection else (*USED_OF_CYCLES, *USED_OF_HTTPTOOLS_CYCLES)
        missing.extend(name for name in of_cycle if not hasattr(connection.cycle, name))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    settings = HttpSettings(listen=LOOPBACK, keep_alive_seconds=0.05)
    async with serving(settings, connection=Seen, app=app) as server:
        assert (await ask(server, GET)).startswith(b"HTTP/1.1 200 ")
    assert [] == missing


async def test_a_client_of_http_1_0_gets_no_chunks(kind: type[LimitedConnection]) -> None:
    """RFC 9112 §6.1: it does not know them, so an answer whose length is not known ends with the connection."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for body in (b"one ", b"", b"two "):
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"three"})

    request = b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    async with serving(HttpSettings(listen=LOOPBACK), connection=kind, app=app) as server:
        fields, _, body = (await ask(server, request)).lower().partition(b"\r\n\r\n")
    assert b"one two three" == body
    assert (False, True) == (b"transfer-encoding" in fields, b"\r\nconnection: close" in fields)


def test_the_default_is_httptools_where_it_is_installed() -> None:
    assert not issubclass(DEFAULT_CONNECTION, H11Protocol)
