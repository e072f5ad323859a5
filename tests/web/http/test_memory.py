"""What requests hold together is bounded, small ones always find room, and a refusal reaches whoever still sends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from starlette.responses import Response
from starlette.routing import Router
from starlette.types import Receive, Scope, Send
from tests.web.http.test_server import LOOPBACK, ask, connect, serving

from pressrun.core.current import Holder
from pressrun.runtime.shared_memory import MemoryShare, SharedMemory
from pressrun.web.http.connections import FREE_BYTES, LimitedConnection
from pressrun.web.http.security import Area, Guard
from pressrun.web.settings import HttpSettings

CLOSE = {"Connection": "close"}
SIZE = 60_000
MOST = 100_000  # two of the requests below, not three
SMALL = (
    b"POST /unsubscribe/x HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 26\r\nConnection: close\r\n\r\nList-Unsubscribe=One-Click"
)
Begin = Callable[[int], bytes]


def declared(size: int) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (size + 1) + b"a" * size


def chunked(size: int) -> bytes:
    """Without an end."""
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"3e8\r\n%b\r\n" % (b"a" * 1000) * (size // 1000)


class Reader:
    """An application that reads each body to its end, and tells how much all of them were."""

    def __init__(self) -> None:
        self.seen = 0
        self._changed = asyncio.Condition()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            more = message.get("more_body", False)
            async with self._changed:
                self.seen += len(message.get("body", b""))
                self._changed.notify_all()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    async def until(self, octets: int) -> None:
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: self.seen >= octets)


@pytest.mark.parametrize("begin", [declared, chunked])
async def test_requests_share_a_budget_that_small_ones_never_need(kind: type[LimitedConnection], begin: Begin) -> None:
    app = Reader()
    settings = HttpSettings(listen=LOOPBACK, body_memory_bytes=MOST)
    async with serving(settings, connection=kind, app=app) as server:
        slow = [await connect(server) for _ in range(2)]
        for _, writer in slow:
            writer.write(begin(SIZE))
        await app.until(2 * SIZE)
        refused = await ask(server, begin(SIZE))
        small = await ask(server, SMALL)
        for _, writer in slow:
            writer.close()
            await writer.wait_closed()
        whole = declared(SIZE) + b"a" + SMALL
        after = await ask(server, whole)
    assert refused.startswith(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n")
    assert small.startswith(b"HTTP/1.1 200 ")
    assert 2 == after.count(b"HTTP/1.1 200 ")  # what went has given back what it held


async def test_a_request_that_is_whole_is_refused_as_one_that_trickles(kind: type[LimitedConnection]) -> None:
    app = Reader()
    async with serving(HttpSettings(listen=LOOPBACK, body_memory_bytes=MOST), connection=kind, app=app) as server:
        _, slow = await connect(server)
        slow.write(declared(MOST))
        await app.until(MOST)
        whole = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\nConnection: close\r\n\r\n" + b"a" * 50_000
        assert (await ask(server, whole)).startswith(b"HTTP/1.1 503 ")
        slow.close()
        await slow.wait_closed()


async def test_a_request_alone_may_take_it_all(kind: type[LimitedConnection]) -> None:
    app = Reader()
    async with serving(HttpSettings(listen=LOOPBACK, body_memory_bytes=MOST), connection=kind, app=app) as server:
        whole = declared(5 * MOST) + b"a" + SMALL
        assert 2 == (await ask(server, whole)).count(b"HTTP/1.1 200 ")
    assert 5 * MOST + 27 == app.seen


async def test_who_sends_on_after_a_refusal_gets_to_read_it(kind: type[LimitedConnection]) -> None:
    """The rest is read away: a connection that is reset may lose the answer on the way (RFC 9112 §9.6)."""
    size = 8 * 1024 * 1024
    guard = Guard(
        Area(
            app=Router(),
            max_body_bytes=1000,
            fault_page=lambda problem: Response("no", status_code=getattr(problem, "status_code", 500), headers=CLOSE),
            patterns={},
            requests=frozenset(),
        ),
        base_url="http://news.example",
        count_request=lambda *_: None,
        clock=time.time,
    )
    async with serving(HttpSettings(listen=LOOPBACK, max_body_bytes=2 * size), connection=kind, app=guard) as server:
        reader, writer = await connect(server)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // 65536):
            writer.write(b"a" * 65536)
            await writer.drain()
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        await writer.wait_closed()
    assert (True, True) == (answer.startswith(b"HTTP/1.1 413 "), answer.endswith(b"no"))


def test_what_is_given_back_can_be_held_again() -> None:
    memory = SharedMemory(Holder(1000), FREE_BYTES)
    shares = [MemoryShare(memory) for _ in range(3)]
    assert [True, True] == [share.grow(FREE_BYTES + 500) for share in shares[:2]]
    assert not shares[2].grow(FREE_BYTES + 1)
    shares[0].give_back()
    shares[0].give_back()
    assert (500, True) == (memory.held, shares[2].grow(1))
