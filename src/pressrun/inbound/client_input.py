"""Reading command lines and mail content from a client, each in linear time and bounded memory.

A line ends at CRLF only, and content at CRLF dot CRLF only, so that no other ending can smuggle a second mail in
(RFC 5321 §2.3.8, §4.1.1.4). CR and LF on their own, and NUL octets, which no mail may hold (RFC 5322 §4), are reported
to the caller, who refuses such a mail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from msgspec import Struct

from pressrun.inbound.memory import FREE_BYTES

MAX_COMMAND_BYTES = 2048  # 512 (RFC 5321 §4.5.3.1.4), and what the extensions add, with room for UTF-8
_PIECE = 256 * 1024
_LINES_PER_TURN = 20  # lines that arrive together; most pipelined transactions are shorter
_END = b"\r\n.\r\n"


class ReceivedContent(Struct, frozen=True):
    """The content of a mail without dot-stuffing; `data` is empty where one of the others is true."""

    data: bytes = b""
    is_too_big: bool = False
    found_no_room: bool = False
    has_bare_ends: bool = False
    has_nul: bool = False


class LineTooLong(Exception):
    """A command line without an end within MAX_COMMAND_BYTES; it has been skipped."""


class BareLineEnd(Exception):
    """A command line with a CR or LF on its own; it has been skipped."""


class ClientInput:
    """What a client sends.

    `before_wait` is called whenever the client must act first, which is when replies go out; `on_data` when octets have
    come. `turn` is awaited now and then while the client sends more than it must: many lines at once, long contents,
    lines without an end.
    """

    def __init__(
        self,
        stream: asyncio.StreamReader,
        before_wait: Callable[[], None],
        on_data: Callable[[], None],
        turn: Callable[[], Awaitable[None]],
    ) -> None:
        self._stream = stream
        self._before_wait = before_wait
        self._on_data = on_data
        self._turn = turn
        self._lines = 0  # taken from what came last
        self._buffer = bytearray()

    def discard(self) -> None:
        """Drop what has come: what was said before TLS must not count inside it (RFC 3207 §4.2)."""
        self._buffer.clear()

    async def read_line(self) -> bytes | None:
        """One command line without its CRLF, or None once the client has closed; raises LineTooLong, BareLineEnd."""
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > MAX_COMMAND_BYTES:
                await self._skip_line()
                raise LineTooLong
            if not await self._fill():
                return None
        self._lines += 1
        if self._lines % _LINES_PER_TURN == 0:
            await self._turn()
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        if len(line) > MAX_COMMAND_BYTES:
            raise LineTooLong
        if not line.endswith(b"\r\n") or line.count(b"\r") != 1:
            raise BareLineEnd
        return line[:-2]

    async def read_content(self, limit: int, grow_to: Callable[[int], bool]) -> ReceivedContent | None:
        """The content of a mail up to its end; None when the client closed before that.

        Content beyond `limit` octets, or that `grow_to` says cannot be held, is read to its end and dropped.
        """
        data = bytearray(b"\r\n")  # so that a dot on the first line is also found
        searched, size, has_room = 0, 0, True
        while True:
            size += len(self._buffer)
            data += self._buffer
            self._buffer.clear()
            has_room = has_room and (size > limit + len(_END) or grow_to(size))
            end = data.find(_END, searched)
            if end >= 0:
                break
            searched = max(0, len(data) - len(_END) + 1)
            if size > limit + len(_END) or not has_room:
                del data[:searched]
                searched = 0
            if size > FREE_BYTES:
                await self._turn()
            if not await self._fill():
                return None
        self._buffer += data[end + len(_END) :]
        size -= len(self._buffer)
        if size - 3 > limit:  # the dot and its CRLF do not count
            return ReceivedContent(is_too_big=True)
        if not has_room:
            return ReceivedContent(found_no_room=True)
        return _unstuffed(data, end + 2)

    async def _skip_line(self) -> None:
        while (end := self._buffer.find(b"\n")) < 0:
            self._buffer.clear()
            await self._turn()
            if not await self._fill():
                return
        del self._buffer[: end + 1]

    async def _fill(self) -> bool:
        self._before_wait()
        self._lines = 0
        piece = await self._stream.read(_PIECE)
        self._on_data()
        self._buffer += piece
        return bool(piece)


def _unstuffed(data: bytearray, end: int) -> ReceivedContent:
    """The content up to `end`; `data` begins with a CRLF that is not the client's."""
    if data.find(b"\0", 0, end) >= 0:
        return ReceivedContent(has_nul=True)
    ends = data.count(b"\r\n", 0, end)
    if data.count(b"\n", 0, end) != ends or data.count(b"\r", 0, end) != ends:
        return ReceivedContent(has_bare_ends=True)
    if data.find(b"\r\n.", 0, end) < 0:
        return ReceivedContent(bytes(memoryview(data)[2:end]))
    begin = 3 if data.startswith(b".", 2) else 2
    return ReceivedContent(bytes(memoryview(data)[begin:end]).replace(b"\r\n.", b"\r\n"))
