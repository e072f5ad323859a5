"""Reading from a client: command lines and mail content, each in linear time and bounded memory.

A line ends at CRLF only. Content ends at CRLF dot CRLF only, so that no other end can smuggle a second mail in
(RFC 5321 §2.3.8, §4.1.1.4); CR and LF that stand alone are told to the caller, who refuses the mail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

MAX_COMMAND_BYTES = 2048  # 512 (RFC 5321 §4.5.3.1.4), and what the extensions add, with room for UTF-8
_CHUNK = 64 * 1024
_END = b"\r\n.\r\n"


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a mail without dot-stuffing; `data` is empty where one of the others is true."""

    data: bytes = b""
    is_too_big: bool = False
    has_bare_ends: bool = False


class LineTooLong(Exception):
    """A command line that has no end within MAX_COMMAND_BYTES; it was read away."""


class BareLineEnd(Exception):
    """A command line with a CR or LF that stands alone; it was read away."""


class Wire:
    """What a client sends. `before_wait` is called whenever the client must act first: replies go out then."""

    def __init__(
        self, reader: asyncio.StreamReader, before_wait: Callable[[], None], on_data: Callable[[], None]
    ) -> None:
        self._reader = reader
        self._before_wait = before_wait
        self._on_data = on_data
        self._buffer = bytearray()

    def discard(self) -> None:
        """Forget what has come: what was said before TLS must not count inside it (RFC 3207 §4.2)."""
        self._buffer.clear()

    async def line(self) -> bytes | None:
        """One command line without its CRLF; None when the client has closed."""
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > MAX_COMMAND_BYTES:
                await self._skip_line()
                raise LineTooLong
            if not await self._fill():
                return None
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        if len(line) > MAX_COMMAND_BYTES:
            raise LineTooLong
        if not line.endswith(b"\r\n") or line.count(b"\r") != 1:
            raise BareLineEnd
        return line[:-2]

    async def content(self, limit: int) -> Content | None:
        """The content of a mail up to its end; None when the client closed before. Beyond `limit` it is read away."""
        data = bytearray(b"\r\n")  # so that a dot in the first line is seen, too
        looked_at, size = 0, 0
        while True:
            size += len(self._buffer)
            data += self._buffer
            self._buffer.clear()
            end = data.find(_END, looked_at)
            if end >= 0:
                break
            looked_at = max(0, len(data) - len(_END) + 1)
            if size > limit + len(_END):
                del data[:looked_at]
                looked_at = 0
            if not await self._fill():
                return None
        self._buffer += data[end + len(_END) :]
        size -= len(self._buffer)
        if size - 3 > limit:  # the dot and its CRLF do not count
            return Content(is_too_big=True)
        del data[end + 2 :]
        return _unstuffed(bytes(data))

    async def _skip_line(self) -> None:
        while (end := self._buffer.find(b"\n")) < 0:
            self._buffer.clear()
            if not await self._fill():
                return
        del self._buffer[: end + 1]

    async def _fill(self) -> bool:
        self._before_wait()
        piece = await self._reader.read(_CHUNK)
        self._on_data()
        self._buffer += piece
        return bool(piece)


def _unstuffed(data: bytes) -> Content:
    """`data` begins with a CRLF that is not the client's."""
    ends = data.count(b"\r\n")
    if data.count(b"\n") != ends or data.count(b"\r") != ends:
        return Content(has_bare_ends=True)
    return Content(data.replace(b"\r\n.", b"\r\n")[2:])
