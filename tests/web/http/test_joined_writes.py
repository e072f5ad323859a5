"""What is written in one turn of the loop leaves as one, in order, and nothing is kept that somebody waits for."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import Receive, Scope, Send
from tests.web.http.test_server import GET, LOOPBACK, ask, serving

from pressrun.web.http.connections import LimitedConnection
from pressrun.web.http.joined_writes import MOST_HELD, JoinedWrites
from pressrun.web.settings import HttpSettings


class Recorder(asyncio.Transport):
    """Records what is done with it."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.7", 25)})
        self.calls: list[object] = []

    def write(self, data: Any) -> None:
        self.calls.append(bytes(data))

    def write_eof(self) -> None:
        self.calls.append("eof")

    def close(self) -> None:
        self.calls.append("close")

    def abort(self) -> None:
        self.calls.append("abort")

    def pause_reading(self) -> None:
        self.calls.append("pause")

    def resume_reading(self) -> None:
        self.calls.append("resume")

    def is_closing(self) -> bool:
        return "close" in self.calls

    def get_write_buffer_size(self) -> int:
        return 5


def joined() -> tuple[JoinedWrites, Recorder]:
    recorder = Recorder()
    return JoinedWrites(recorder, asyncio.get_running_loop()), recorder


async def test_what_is_written_in_one_turn_leaves_as_one_when_it_ends() -> None:
    writes, below = joined()
    writes.write(b"head ")
    writes.write(bytearray(b"body"))
    assert ([], 5 + len(b"head body")) == (below.calls, writes.get_write_buffer_size())
    await asyncio.sleep(0)
    assert ([b"head body"], 5) == (below.calls, writes.get_write_buffer_size())
    writes.write(b"more")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [b"head body", b"more"] == below.calls


async def test_a_flush_leaves_nothing_for_the_end_of_the_turn() -> None:
    writes, below = joined()
    writes.write(b"all")
    writes.flush()
    assert [b"all"] == below.calls
    await asyncio.sleep(0)
    assert [b"all"] == below.calls


async def test_nothing_is_written_to_a_client_that_has_left_in_the_meantime() -> None:
    """By itself a transport of uvloop would raise in the event loop, which logs an error that is none."""
    writes, below = joined()
    writes.write(b"all")
    below.close()
    await asyncio.sleep(0)
    assert (["close"], 5) == (below.calls, writes.get_write_buffer_size())


async def test_what_is_large_leaves_at_once_so_that_the_transport_can_say_that_it_is_full() -> None:
    writes, below = joined()
    writes.write(b"x")
    writes.write(b"y" * (MOST_HELD - 1))
    assert [b"x" + b"y" * (MOST_HELD - 1)] == below.calls


async def test_what_is_held_leaves_before_the_end_and_is_dropped_by_an_abort() -> None:
    for finish, said in (("close", "close"), ("write_eof", "eof")):
        writes, below = joined()
        writes.write(b"last")
        getattr(writes, finish)()
        assert [b"last", said] == below.calls
    writes, below = joined()
    writes.write(b"lost")
    writes.abort()
    await asyncio.sleep(0)
    assert (["abort"], 5) == (below.calls, writes.get_write_buffer_size())


async def test_all_else_is_the_transports_own() -> None:
    writes, below = joined()
    writes.pause_reading()
    writes.resume_reading()
    assert ["pause", "resume"] == below.calls
    assert not writes.is_closing()
    writes.close()
    assert writes.is_closing()
    assert (("192.0.2.7", 25), "none") == (writes.get_extra_info("peername"), writes.get_extra_info("socket", "none"))


async def test_a_response_is_one_packet(kind: type[LimitedConnection]) -> None:
    written: list[bytes] = []

    class Seen(kind):  # type: ignore[misc, valid-type]
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            own_write = transport.write  # type: ignore[attr-defined]

            class Counted(Recorder):
                def __getattribute__(self, name: str) -> Any:
                    return getattr(transport, name) if name != "write" else super().__getattribute__(name)

                def write(self, data: Any) -> None:
                    written.append(bytes(data))
                    own_write(data)

            super().connection_made(Counted())

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"done"})

    settings = HttpSettings(listen=LOOPBACK, keep_alive_seconds=0.05)
    async with serving(settings, connection=Seen, app=app) as server:
        answer = await ask(server, GET)
    assert answer.endswith(b"\r\n\r\ndone")
    assert [answer] == written


async def test_a_header_does_not_wait_for_its_body(kind: type[LimitedConnection]) -> None:
    """A stream of events may have nothing to say for a long time."""
    read = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await read.wait()
        await send({"type": "http.response.body", "body": b"done"})

    async with serving(HttpSettings(listen=LOOPBACK), connection=kind, app=app) as server:
        host, port = server.address.rsplit(":", 1)
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(GET)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        read.set()
        assert b"done" == await reader.readexactly(4)
        writer.close()
