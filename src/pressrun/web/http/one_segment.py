"""A transport that sends the head of an answer with its body: one system call, and one packet where both are short.

uvicorn writes the head when an application starts its answer. ASGI has a server wait for the first of the body with it,
and so does this: whatever is written next, or the end of the answer or of the connection, takes the head along.

Where it closes while a request is still arriving, the rest is read away for a moment first: a client that sends on
into a closed connection is reset, and may never see the answer that says why (RFC 9112 §9.6).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

LINGER_SECONDS = 5.0  # for which a client may send on; then it is reset

_ANSWER, _END_OF_HEAD = b"HTTP/1.1 ", b"\r\n\r\n"
_INTERIM = b"HTTP/1.1 1"  # 100 Continue is awaited by itself, RFC 9110 §15.2


class OneSegment(asyncio.Transport):
    """What uvicorn's protocols need of a transport, over a real one; `is_arriving` tells whether a request is."""

    def __init__(self, transport: asyncio.Transport, is_arriving: Callable[[], bool]) -> None:
        super().__init__()
        self._transport = transport
        self._is_arriving = is_arriving
        self._lingering: asyncio.TimerHandle | None = None
        self._head = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._head:
            data = self._head + data
            self._head = b""
        elif data[:9] == _ANSWER and data[-4:] == _END_OF_HEAD and data[:10] != _INTERIM:
            self._head = bytes(data)
            return
        self._transport.write(data)

    def flush(self) -> None:
        """Send a head that no body followed."""
        if self._head:
            self._transport.write(self._head)
            self._head = b""

    def close(self) -> None:
        """Say that nothing more is written; whoever is told of data must then ask `is_closing`, and drop it."""
        self.flush()
        if not self._is_arriving() or self._transport.is_closing():
            self._transport.close()
        elif self._lingering is None:
            self._transport.resume_reading()
            self._transport.write_eof()
            self._lingering = asyncio.get_running_loop().call_later(LINGER_SECONDS, self._transport.close)

    def lost(self) -> None:
        """The connection is gone."""
        if self._lingering is not None:
            self._lingering.cancel()

    def abort(self) -> None:
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._lingering is not None or self._transport.is_closing()

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()
