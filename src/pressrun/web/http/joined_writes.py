"""Writes that belong together leave together: the header of a response and its body as one packet."""

from __future__ import annotations

import asyncio
from typing import Any

MOST_HELD = 16 * 1024  # octets: from here on a copy costs more than a packet, and the transport says when it is full


class JoinedWrites(asyncio.Transport):
    """A transport that holds what is written until the current turn of the event loop ends, or until `flush`.

    uvicorn writes header and body one after the other, and event loops hand each write to the kernel at once. So the
    client would be woken twice for each response. Large writes are not held.
    """

    __slots__ = ("_held", "_loop", "_size", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._held: list[bytes | bytearray | memoryview[Any]] = []
        self._size = 0

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if not self._held:
            self._loop.call_soon(self.flush)
        self._held.append(data)
        self._size += len(data)
        if self._size >= MOST_HELD:
            self.flush()

    def flush(self) -> None:
        """Write what is held, unless the client is gone by now: uvloop raises for a transport that is closed."""
        if self._held:
            data = b"".join(self._held)
            self._held.clear()
            self._size = 0
            if not self._transport.is_closing():
                self._transport.write(data)

    def get_write_buffer_size(self) -> int:
        return self._size + self._transport.get_write_buffer_size()

    def write_eof(self) -> None:
        self.flush()
        self._transport.write_eof()

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        self._held.clear()
        self._size = 0
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)
