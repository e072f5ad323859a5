"""A transport that sends the head of an answer with its body: one system call, and one packet where both are short.

uvicorn writes the head when an application starts its answer. ASGI has a server wait for the first of the body with it,
and so does this: whatever is written next, or the end of the answer or of the connection, takes the head along.
"""

from __future__ import annotations

import asyncio
from typing import Any

_ANSWER, _END_OF_HEAD = b"HTTP/1.1 ", b"\r\n\r\n"
_INTERIM = b"HTTP/1.1 1"  # 100 Continue is awaited by itself, RFC 9110 §15.2


class OneSegment(asyncio.Transport):
    """What uvicorn's protocols need of a transport, over a real one."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
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
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()
