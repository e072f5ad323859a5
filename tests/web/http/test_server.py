"""The web server on real sockets: where it listens, whom it cuts off, and how it ends."""

from __future__ import annotations

import asyncio
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from pressrun.core.errors import BadConfiguration, Unavailable
from pressrun.core.network.endpoint import SystemdEndpoint, TcpEndpoint, UnixEndpoint
from pressrun.web.http.connections import DEFAULT_CONNECTION, MAX_HEAD_BYTES, LimitedConnection
from pressrun.web.http.server import WebServer
from pressrun.web.settings import HttpSettings

LOOPBACK = TcpEndpoint("127.0.0.1", 0)
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    text = f"{scope['client'][0] if scope['client'] else 'unix'} {len(body)}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(text))]})
    await send({"type": "http.response.body", "body": text})


@asynccontextmanager
async def serving(
    settings: HttpSettings,
    handed_over: socket.socket | None = None,
    *,
    connection: type[LimitedConnection] = DEFAULT_CONNECTION,
    app: ASGIApp = app,
    refused: list[int] | None = None,
) -> AsyncIterator[WebServer]:
    count = [] if refused is None else refused
    server = WebServer(app, settings, handed_over=handed_over, connection=connection, count_refusal=count.append)
    await server.start()
    try:
        yield server
    finally:
        await server.stop(1.0)


async def connect(server: WebServer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if server.address.startswith("unix:"):
        return await asyncio.open_unix_connection(server.address.removeprefix("unix:"))
    host, _, port = server.address.rpartition(":")
    return await asyncio.open_connection(host, int(port))


async def ask(server: WebServer, request: bytes) -> bytes:
    """Everything that comes back until the server closes."""
    reader, writer = await connect(server)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    return answer


async def test_it_serves_on_a_free_port_and_says_nothing_about_itself() -> None:
    async with serving(HttpSettings(listen=LOOPBACK, keep_alive_seconds=0.05)) as server:
        answer = await ask(server, GET)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"127.0.0.1 0")
    assert b"server:" not in answer.lower()


async def test_every_kind_of_answer_comes_whole_and_the_connection_goes_on(kind: type[LimitedConnection]) -> None:
    """Without a body, after 100 Continue, and with one: head and body then come together."""
    requests = [
        b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n",
        b"ok" + GET,
    ]
    async with serving(HttpSettings(listen=LOOPBACK), connection=kind) as server:
        reader, writer = await connect(server)
        try:
            answers = []
            for request, marks in zip(requests, ("\r\n\r\n", "100 Continue", "127.0.0.1 0"), strict=True):
                writer.write(request)
                answer = ""
                while marks not in answer:
                    answer += (await asyncio.wait_for(reader.read(65536), 10)).decode()
                answers.append(answer)
        finally:
            writer.close()
    assert answers[0].endswith("\r\n\r\n")
    assert answers[1].startswith("HTTP/1.1 100 ")
    assert 2 == answers[2].count("HTTP/1.1 200 ")
    assert "127.0.0.1 2HTTP/1.1 200" in answers[2]


async def test_a_unix_socket_is_for_owner_and_group_and_replaces_a_stale_one(tmp_path: Path) -> None:
    path = tmp_path / "http.sock"
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(path))
    stale.close()
    async with serving(HttpSettings(listen=UnixEndpoint(str(path)), keep_alive_seconds=0.05)) as server:
        assert 0o660 == stat.S_IMODE(path.stat().st_mode)
        assert f"unix:{path}" == server.address
        assert (await ask(server, GET)).endswith(b"unix 0")
    assert not path.exists()


async def test_a_unix_socket_of_a_running_server_is_left_to_it(tmp_path: Path) -> None:
    """As with a port: a second installation with the same path would take the visitors of the first."""
    path = tmp_path / "http.sock"
    settings = HttpSettings(listen=UnixEndpoint(str(path)), keep_alive_seconds=0.05)
    async with serving(settings) as server:
        with pytest.raises(Unavailable, match="already in use"):
            await WebServer(app, settings).start()
        assert (await ask(server, GET)).endswith(b"unix 0")


async def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("kept")
    with pytest.raises(BadConfiguration):
        await WebServer(app, HttpSettings(listen=UnixEndpoint(str(path)))).start()
    assert "kept" == path.read_text()


async def test_a_socket_from_systemd_is_taken() -> None:
    handed_over = socket.create_server(("127.0.0.1", 0))
    handed_over.setblocking(False)
    settings = HttpSettings(listen=SystemdEndpoint(), keep_alive_seconds=0.05)
    async with serving(settings, handed_over) as server:
        assert (await ask(server, GET)).endswith(b"127.0.0.1 0")
    with pytest.raises(Unavailable, match="pressrun-http"):
        await WebServer(app, settings).start()


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow", True),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", True),
        (GET + b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", True),
        (b"", False),
    ],
)
async def test_a_request_that_does_not_arrive_in_time_is_cut_off(
    kind: type[LimitedConnection], sent: bytes, answered: bool
) -> None:
    settings = HttpSettings(listen=LOOPBACK, request_seconds=0.1, keep_alive_seconds=30)
    async with serving(settings, connection=kind) as server:
        answer = await ask(server, sent)
    assert answered is (b"HTTP/1.1 408 Request Timeout\r\n" in answer)


async def test_bytes_that_trickle_in_do_not_move_the_deadline(kind: type[LimitedConnection]) -> None:
    settings = HttpSettings(listen=LOOPBACK, request_seconds=0.3)
    async with serving(settings, connection=kind) as server:
        reader, writer = await connect(server)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        arrived = asyncio.create_task(reader.readuntil(b"\r\n\r\n"))  # what follows may be a reset
        try:
            async with asyncio.timeout(10):
                while not arrived.done():
                    writer.write(b"x")
                    await asyncio.wait([arrived], timeout=0.02)
        finally:
            writer.close()
    assert (await arrived).startswith(b"HTTP/1.1 408 ")


async def test_beyond_the_number_of_connections_a_new_one_is_503() -> None:
    """The operator sees so in the metrics, although no page has answered."""
    refused: list[int] = []
    settings = HttpSettings(listen=LOOPBACK, connections=1, keep_alive_seconds=0.05)
    async with serving(settings, refused=refused) as server:
        _, first = await connect(server)
        first.write(b"GET / HTTP/1.1\r\n")
        answer = await ask(server, b"")
        first.close()
        await first.wait_closed()
    assert (True, [503]) == (answer.startswith(b"HTTP/1.1 503 "), refused)


async def test_what_is_refused_because_it_is_not_http_is_counted(kind: type[LimitedConnection]) -> None:
    refused: list[int] = []
    async with serving(HttpSettings(listen=LOOPBACK), connection=kind, refused=refused) as server:
        assert (await ask(server, b"EHLO there\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
    assert [400] == refused


@pytest.mark.parametrize(
    "nonsense",
    [
        b"EHLO there\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-A: b\x00c\r\n\r\n",
    ],
)
async def test_nonsense_is_400(kind: type[LimitedConnection], nonsense: bytes) -> None:
    async with serving(HttpSettings(listen=LOOPBACK), connection=kind) as server:
        assert (await ask(server, nonsense)).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("nonsense", [b"\0", b"EHLO there\r\n\r\n", b"GET / HTTP/1.1\r\nX-A: b\x00c\r\n\r\n"])
async def test_nonsense_behind_a_request_does_not_stand_in_for_its_answer(
    kind: type[LimitedConnection], nonsense: bytes
) -> None:
    """What the request did is told to whoever asked for it; the line ends after that."""
    async with serving(HttpSettings(listen=LOOPBACK), connection=kind) as server:
        answer = await ask(server, GET + nonsense)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"127.0.0.1 0" in answer


async def test_nonsense_in_a_body_lets_its_handler_go(
    kind: type[LimitedConnection], caplog: pytest.LogCaptureFixture
) -> None:
    """One answer, and no fault of ours, when a handler that has read enough answers all the same."""
    ended = asyncio.Event()

    async def hasty(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            continue
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"late"})
        ended.set()

    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with serving(HttpSettings(listen=LOOPBACK), connection=kind, app=hasty) as server:
        answer = await ask(server, head + b"zz\r\n")
        await asyncio.wait_for(ended.wait(), 10)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert (1, []) == (answer.count(b"HTTP/1.1"), caplog.records)


async def test_a_header_without_end_is_refused_before_it_fills_the_memory(kind: type[LimitedConnection]) -> None:
    async with serving(HttpSettings(listen=LOOPBACK), connection=kind) as server:
        answer = await ask(server, b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * (MAX_HEAD_BYTES + 1))
    assert answer.split()[1] in (b"400", b"431")


async def test_a_trailer_without_end_is_cut_off(kind: type[LimitedConnection]) -> None:
    """It counts for the request, though it is neither header nor body."""
    settings = HttpSettings(listen=LOOPBACK, max_body_bytes=1000)
    async with serving(settings, connection=kind) as server:
        reader, writer = await connect(server)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
        ended = asyncio.create_task(reader.read())
        with suppress(ConnectionError):
            for _ in range(1000):
                writer.write(b"X-More: " + b"x" * 1000 + b"\r\n")
                await writer.drain()
        with suppress(ConnectionError):
            await asyncio.wait_for(ended, 10)
        writer.close()


async def test_an_answer_that_nobody_takes_does_not_hold_the_connection(kind: type[LimitedConnection]) -> None:
    ended = asyncio.Event()

    async def large(scope: Scope, receive: Receive, send: Send) -> None:
        size = 64 * 1024 * 1024
        headers = [(b"content-length", b"%d" % size)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": bytes(size)})
        ended.set()

    settings = HttpSettings(listen=LOOPBACK, answer_seconds=0.2)
    async with serving(settings, connection=kind, app=large) as server:
        _, writer = await connect(server)
        writer.write(GET)
        await asyncio.wait_for(ended.wait(), 10)
        await asyncio.wait_for(server.stop(60), 10)
        writer.close()


async def test_stopping_finishes_the_request_at_hand_and_closes_the_rest() -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        started.set()
        await go_on.wait()
        await app(scope, receive, send)

    server = WebServer(slow, HttpSettings(listen=LOOPBACK))
    await server.start()
    idle_reader, idle_writer = await connect(server)
    busy = asyncio.create_task(ask(server, GET))
    await started.wait()
    stopping = asyncio.create_task(server.stop(10))
    assert b"" == await asyncio.wait_for(idle_reader.read(), 10)
    go_on.set()
    await stopping
    assert b"127.0.0.1 0" in await busy
    idle_writer.close()


@pytest.mark.parametrize("sent_before", [b"", GET[:20]], ids=["on its way", "half here"])
async def test_stopping_serves_whoever_has_just_come(kind: type[LimitedConnection], sent_before: bytes) -> None:
    """A connection without a request yet is not closed in its face."""
    server = WebServer(app, HttpSettings(listen=LOOPBACK), connection=kind)
    await server.start()
    reader, writer = await connect(server)
    writer.write(sent_before)
    while not server._pool.connections or (sent_before and not is_arriving(server)):  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0)
    stopping = asyncio.create_task(server.stop(10))
    await server._pool.stopping.wait()
    writer.write(GET[len(sent_before) :])
    answer = await asyncio.wait_for(reader.read(), 10)
    await stopping
    writer.close()
    assert b"HTTP/1.1 200 " == answer[:13]


def is_arriving(server: WebServer) -> bool:
    return any(connection.is_arriving() for connection in server._pool.connections)


async def test_stopping_does_not_wait_for_ever() -> None:
    started = asyncio.Event()

    async def stuck(scope: Scope, receive: Receive, send: Send) -> None:
        started.set()
        await asyncio.Event().wait()

    server = WebServer(stuck, HttpSettings(listen=LOOPBACK))
    await server.start()
    busy = asyncio.create_task(ask(server, GET))
    await started.wait()
    await asyncio.wait_for(server.stop(0.05), 10)
    await asyncio.gather(busy, return_exceptions=True)
