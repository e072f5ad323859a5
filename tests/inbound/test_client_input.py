"""Lines and content from the received, whole and in pieces."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.inbound.client_input import BareLineEnd, ClientInput, LineTooLong, ReceivedContent

LIMIT = 1000


async def no_turn() -> None:
    """Nobody else is there."""


async def _input(pieces: Sequence[bytes]) -> ClientInput:
    reader = asyncio.StreamReader()
    received = ClientInput(reader, lambda: None, lambda: None, no_turn)
    for piece in pieces:
        reader.feed_data(piece)
    reader.feed_eof()
    return received


def cut(data: bytes, at: Sequence[int]) -> list[bytes]:
    points = sorted({0, len(data), *(point % (len(data) + 1) for point in at)})
    return [data[start:end] for start, end in itertools.pairwise(points)]


def _content_and_rest(pieces: Sequence[bytes]) -> tuple[ReceivedContent | None, list[bytes]]:
    async def read() -> tuple[ReceivedContent | None, list[bytes]]:
        received = await _input(pieces)
        content = await received.read_content(LIMIT, lambda size: True)
        rest: list[bytes] = []
        while True:
            try:
                line = await received.read_line()
            except (BareLineEnd, LineTooLong):
                continue
            if line is None:
                return content, rest
            rest.append(line)

    return asyncio.run(read())


_TEXT = st.lists(st.sampled_from([b".", b"..", b"a", b"\r\n", b"\r", b"\n", b"\0", b" ", b"\r\n.", b"\xff"])).map(
    b"".join
)


@given(_TEXT, st.lists(st.integers(0, 10_000), max_size=8))
def test_content_is_the_same_however_it_is_cut(data: bytes, at: list[int]) -> None:
    """One end, found in any pieces, and what follows it is commands."""
    whole = data + b"\r\n.\r\nNOOP\r\n"
    assert _content_and_rest([whole]) == _content_and_rest(cut(whole, at))


@given(st.lists(st.binary(max_size=40).map(lambda line: line.translate(None, b"\0\r\n")), max_size=20))
def test_what_a_client_stuffs_comes_out(lines: list[bytes]) -> None:
    """Dots doubled on the way are single again, and nothing else changes."""
    text = b"".join(line + b"\r\n" for line in lines)
    stuffed = b"".join((b"." + line if line[:1] == b"." else line) + b"\r\n" for line in lines)
    assert (ReceivedContent(text), [b"QUIT"]) == _content_and_rest([stuffed + b".\r\nQUIT\r\n"])


@given(_TEXT)
def test_no_bare_line_end_gets_in(data: bytes) -> None:
    """ReceivedContent that is taken has CR and LF only together, and no NUL."""
    content, _ = _content_and_rest([data + b"\r\n.\r\n"])
    assert content is not None
    rest = content.data.replace(b"\r\n", b"")
    assert b"\r" not in rest
    assert b"\n" not in rest
    assert b"\0" not in rest


@given(st.integers(0, 5000), st.integers(1, 700))
def test_the_limit_is_kept_to_the_octet(size: int, piece: int) -> None:
    """What is beyond it is read away to its end."""
    data = (b"x" * 70 + b"\r\n") * (size // 72) + b"y" * (size % 72) + b"\r\n"
    whole = data + b".\r\nNOOP\r\n"
    pieces = [whole[start : start + piece] for start in range(0, len(whole), piece)]
    expected = ReceivedContent(data) if len(data) <= LIMIT else ReceivedContent(is_too_big=True)
    assert (expected, [b"NOOP"]) == _content_and_rest(pieces)


@given(st.binary(max_size=6000), st.lists(st.integers(0, 10_000), max_size=5))
def test_any_octets_are_lines_or_refused(data: bytes, at: list[int]) -> None:
    """The same ones however they are cut."""

    def lines(pieces: Sequence[bytes]) -> list[bytes | str]:
        async def read() -> list[bytes | str]:
            received = await _input(pieces)
            lines: list[bytes | str] = []
            while True:
                try:
                    line = await received.read_line()
                except (BareLineEnd, LineTooLong) as problem:
                    lines.append(type(problem).__name__)
                    continue
                if line is None:
                    return lines
                lines.append(line)

        return asyncio.run(read())

    assert lines([data]) == lines(cut(data, at))


@pytest.mark.parametrize(
    ("data", "least"),
    [
        pytest.param(b"NOOP\r\n" * 1000, 50, id="many lines at once"),
        pytest.param(b"x" * 400_000 + b"\r\n", 1, id="a line that does not end"),
        pytest.param(b"DATA\r\n" + b"x\r\n" * 400_000 + b".\r\n", 3, id="a long content"),
        pytest.param(b"MAIL FROM:<>\r\nRCPT TO:<news@x>\r\nDATA\r\nhello\r\n.\r\nQUIT\r\n", 0, id="a usual mail"),
    ],
)
async def test_who_sends_more_than_it_must_waits_for_its_turn(data: bytes, least: int) -> None:
    """Again and again, and nobody else."""
    turns = 0

    async def wait_turn() -> None:
        nonlocal turns
        turns += 1

    reader = asyncio.StreamReader(limit=2**20)
    received = ClientInput(reader, lambda: None, lambda: None, wait_turn)
    reader.feed_data(data)
    reader.feed_eof()
    while True:
        try:
            line = await received.read_line()
        except LineTooLong:
            continue
        if line is None:
            break
        if line == b"DATA":
            await received.read_content(10_000_000, lambda size: True)
    assert least <= turns
    assert (least > 0) == (turns > 0)
