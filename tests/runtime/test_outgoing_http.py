"""Requests to others: only where they may go, to the address that was judged, and within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.authority import Authority, make_authority

from pressrun.runtime.http_client import HttpRequest
from pressrun.runtime.outgoing_http import OutgoingHttp

LOCAL = ("127.0.0.0/8",)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Kind: plain\r\n\r\nok"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("ca"))


class Peer:
    """What was asked of a server on loopback, which answers everything with the same octets."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.asked: list[bytes] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = b"" if b"Content-Length" not in head else await reader.readexactly(4)
        self.asked.append(head + body)
        writer.write(self.answer)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def answering(answer: bytes, authority: Authority | None, host: str = "id.example") -> AsyncIterator[Peer]:
    peer = Peer(answer)
    tls = None if authority is None else authority.server(host=host)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0, ssl=tls)
    peer.port = server.sockets[0].getsockname()[1]
    async with server:
        yield peer


def resolving(*addresses: str) -> Callable[[str, int], Awaitable[list[str]]]:
    async def resolve(_host: str, _port: int) -> list[str]:
        return list(addresses)

    return resolve


async def test_the_connection_goes_to_the_judged_address_under_its_name(authority: Authority) -> None:
    """The name is looked up once; it stands in Host and in the certificate. Nothing is compressed or kept open."""
    async with answering(OK, authority) as peer:
        looked_up: list[str] = []

        async def resolve(host: str, _port: int) -> list[str]:
            looked_up.append(host)
            return ["127.0.0.1"] if len(looked_up) == 1 else ["192.0.2.1"]

        client = OutgoingHttp(networks=LOCAL, ca_file=authority.file, seconds=10, resolve=resolve)
        request = HttpRequest(url=f"https://id.example:{peer.port}/token?a=b", method="POST", body=b"body")
        answer = await client.send(request)
    assert (200, b"ok", "plain", "") == (answer.status, answer.body, answer.headers["x-kind"], answer.problem)
    assert ["id.example"] == looked_up
    head, _, body = peer.asked[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert (b"POST /token?a=b HTTP/1.1", b"body") == (lines[0], body)
    assert {b"Host: id.example:%d" % peer.port, b"User-Agent: pressrun", b"Connection: close"} <= set(lines)


@pytest.mark.parametrize(
    "addresses",
    [("127.0.0.1",), ("9.9.9.9", "127.0.0.1"), ("10.0.0.1",), ("169.254.169.254",), ("::1",), ("::ffff:7f00:1",), ()],
)
async def test_no_connection_where_one_address_is_closed(addresses: tuple[str, ...]) -> None:
    """One bad address among good ones is enough: else a name could have both."""
    async with answering(OK, None) as peer:
        client = OutgoingHttp(seconds=10, resolve=resolving(*addresses))
        answer = await client.send(HttpRequest(url=f"https://id.example:{peer.port}/"))
    assert (0, True, []) == (answer.status, "not allowed" in answer.problem, peer.asked)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "localhost", "[::1]", "0", "[::]"])
async def test_odd_spellings_of_this_machine_are_closed(host: str) -> None:
    """What the system's own resolver makes of them is judged."""
    async with answering(OK, None) as peer:
        answer = await OutgoingHttp(seconds=10).send(HttpRequest(url=f"https://{host}:{peer.port}/"))
    assert (0, True, []) == (answer.status, bool(answer.problem), peer.asked)


@pytest.mark.parametrize(
    "url",
    [
        "http://id.example/",
        "ftp://id.example/",
        "https:///path",
        "https://ada@id.example/",
        "https://ada:secret@id.example/",
        "https://id.example/a b",
        "https://id.example/\r\nX-Evil: 1",
        "https://id.example\\@other.example/",
        "https://id.example:99999/",
        "https://ïd.example/",
        "//id.example/",
        "",
    ],
)
async def test_what_is_no_plain_https_url_is_refused(url: str) -> None:
    """Nothing is even looked up."""

    async def resolve(_host: str, _port: int) -> list[str]:
        raise AssertionError("looked up")

    assert (await OutgoingHttp(seconds=10, resolve=resolve).send(HttpRequest(url=url))).problem


async def test_this_machine_must_be_named_and_allowed() -> None:
    """Plain HTTP is for a host that is this machine by its name, and only where it may stay here."""
    async with answering(OK, None) as peer:
        url = f"http://localhost:{peer.port}/"
        refused = await OutgoingHttp(seconds=10).send(HttpRequest(url=url))
        local = OutgoingHttp(seconds=10, may_stay_here=True, resolve=resolving("127.0.0.1"))
        allowed = await local.send(HttpRequest(url=url))
        other = await local.send(HttpRequest(url=f"https://id.example:{peer.port}/"))
    assert (True, 200, True) == (bool(refused.problem), allowed.status, "not allowed" in other.problem)
    assert 1 == len(peer.asked)


async def test_a_redirect_is_an_answer() -> None:
    async with answering(
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n", None
    ) as peer:
        client = OutgoingHttp(seconds=10, may_stay_here=True, resolve=resolving("127.0.0.1"))
        answer = await client.send(HttpRequest(url=f"http://localhost:{peer.port}/"))
    assert (302, 1) == (answer.status, len(peer.asked))


async def test_an_answer_is_bounded() -> None:
    """More than 64 KiB is cut off, and says so; a header without end is no answer."""
    for sent, cut in (
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000, True),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000, False),
    ):
        async with answering(sent, None) as peer:
            client = OutgoingHttp(seconds=10, may_stay_here=True, resolve=resolving("127.0.0.1"))
            answer = await client.send(HttpRequest(url=f"http://localhost:{peer.port}/"))
        assert (cut, 65536 if cut else 0, not cut) == (answer.is_cut, len(answer.body), bool(answer.problem))


async def test_somebody_who_never_answers_is_given_up() -> None:
    """The limit covers the look-up, too."""

    async def resolve(_host: str, _port: int) -> list[str]:
        await asyncio.Event().wait()
        raise AssertionError

    client = OutgoingHttp(seconds=0.05, resolve=resolve)
    assert "no answer within 0.05 s" == (await client.send(HttpRequest(url="https://id.example/"))).problem


async def test_a_certificate_of_another_name_or_authority_is_refused(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = make_authority(tmp_path / "other")
    for host, believed in (("other.example", authority), ("id.example", other)):
        async with answering(OK, authority, host=host) as peer:
            client = OutgoingHttp(networks=LOCAL, ca_file=believed.file, seconds=10, resolve=resolving("127.0.0.1"))
            answer = await client.send(HttpRequest(url=f"https://id.example:{peer.port}/"))
        assert (0, True, []) == (answer.status, "certificate" in answer.problem, peer.asked)


async def test_the_next_address_is_tried_where_nobody_listens() -> None:
    async with answering(OK, None) as peer:
        client = OutgoingHttp(
            networks=LOCAL, seconds=10, may_stay_here=True, resolve=resolving("127.0.0.2", "127.0.0.1")
        )
        answer = await client.send(HttpRequest(url=f"http://localhost:{peer.port}/"))
    assert 200 == answer.status
