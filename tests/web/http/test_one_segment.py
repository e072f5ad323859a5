"""Head and body of an answer go out as one, and nothing else waits."""

from __future__ import annotations

import asyncio

import pytest

from pressrun.web.http.one_segment import OneSegment

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


class Wire(asyncio.Transport):
    """What was given to the socket, write by write."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))

    def close(self) -> None:
        self.sent.append(b"closed")


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_a_head_goes_out_with_its_body_and_what_follows_at_once(wire: Wire) -> None:
    transport = OneSegment(wire, lambda: False)
    for data in (HEAD, b"o", b"k", HEAD, b"no"):
        transport.write(data)
    assert [HEAD + b"o", b"k", HEAD + b"no"] == wire.sent


@pytest.mark.parametrize("body", [b"", b"\r\n\r\n", HEAD])
def test_a_body_is_sent_whatever_it_says(wire: Wire, body: bytes) -> None:
    transport = OneSegment(wire, lambda: False)
    transport.write(HEAD)
    transport.write(body)
    assert [HEAD + body] == wire.sent


def test_a_head_without_a_body_goes_out_at_the_end_of_the_answer(wire: Wire) -> None:
    transport = OneSegment(wire, lambda: False)
    transport.write(HEAD)
    assert [] == wire.sent
    transport.flush()
    transport.flush()
    assert [HEAD] == wire.sent


def test_a_head_without_a_body_goes_out_before_the_connection_ends(wire: Wire) -> None:
    transport = OneSegment(wire, lambda: False)
    transport.write(HEAD)
    transport.close()
    assert [HEAD, b"closed"] == wire.sent


def test_an_interim_answer_does_not_wait(wire: Wire) -> None:
    OneSegment(wire, lambda: False).write(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert [b"HTTP/1.1 100 Continue\r\n\r\n"] == wire.sent
