"""An answer that is the same for everybody goes out as any other would, to the octet."""

from __future__ import annotations

import pytest
from starlette.types import Receive, Scope, Send
from tests.web.http.test_server import LOOPBACK, ask, serving

from pressrun.web.http.connections import WatchedConnection
from pressrun.web.http.same import SameAnswer
from pressrun.web.http.security import Guard
from pressrun.web.settings import HttpSettings

ANSWER = SameAnswer(200, ((b"content-length", b"3"), (b"content-type", b"text/plain; charset=utf-8")), b"ok\n")
FIELDS = b"Host: x\r\n\r\n"


async def whole(scope: Scope, receive: Receive, send: Send) -> None:
    await send(ANSWER.message)


async def in_parts(scope: Scope, receive: Receive, send: Send) -> None:
    for part in ANSWER.parts():
        await send(part)


class Wall:
    """The guard around an application, what it counted, and a clock that goes on by a second where it is told."""

    def __init__(self, app: object) -> None:
        self.counted: list[tuple[str, str, int]] = []
        self.now = 1_790_000_000.0
        self.guard = Guard(
            app,  # type: ignore[arg-type]
            base_path="",
            is_https=True,
            max_body_bytes=1000,
            routes={},
            fault_page=lambda problem: pytest.fail(repr(problem)),
            count_request=lambda *request: self.counted.append(request),
            clock=lambda: self.now,
        )


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /list HTTP/1.1\r\n" + FIELDS,
        b"GET /unsubscribe/x HTTP/1.1\r\n" + FIELDS,
        b"HEAD /unsubscribe/x HTTP/1.1\r\n" + FIELDS,
        b"GET /unsubscribe/x HTTP/1.0\r\n" + FIELDS,
        b"GET /unsubscribe/x HTTP/1.1\r\nConnection: close\r\n" + FIELDS,
        2 * (b"GET /unsubscribe/x HTTP/1.1\r\n" + FIELDS),
    ],
)
async def test_it_goes_out_as_its_parts_would(kind: type[WatchedConnection], request_: bytes) -> None:
    walls = Wall(whole), Wall(in_parts)
    answers = []
    for wall in walls:
        settings = HttpSettings(listen=LOOPBACK, keep_alive_seconds=0.05)
        async with serving(settings, connection=kind, app=wall.guard) as server:
            answers.append(await ask(server, request_))
    assert (answers[1], walls[1].counted) == (answers[0], walls[0].counted)
    assert b"200 OK" in answers[0]


async def test_its_date_goes_on(kind: type[WatchedConnection]) -> None:
    wall = Wall(whole)
    settings = HttpSettings(listen=LOOPBACK, keep_alive_seconds=0.05)
    async with serving(settings, connection=kind, app=wall.guard) as server:
        answers = [await ask(server, b"GET / HTTP/1.1\r\n" + FIELDS)]
        wall.now += 1
        answers.append(await ask(server, b"GET / HTTP/1.1\r\n" + FIELDS))
    assert [b"14:13:20 GMT", b"14:13:21 GMT"] == [_time_of(answer) for answer in answers]


def _time_of(answer: bytes) -> bytes:
    line = next(line for line in answer.split(b"\r\n") if line.lower().startswith(b"date: "))
    return line[-12:]
