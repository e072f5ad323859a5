"""MessagePack values over a stream socket, each in a frame: its length in four octets (big-endian), then its encoding.

The control socket, the worker processes and the sandbox use these frames. Each side knows the types it expects, so
nothing else can be decoded. A process that reads from an untrusted one sets a limit.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import msgspec

from pressrun.core.errors import BadInput

if TYPE_CHECKING:
    import asyncio  # only for a type: verbs of the command line use this module, and start faster without it

_LENGTH = struct.Struct(">I")
LARGEST = 2**32 - 1  # the longest length that four octets hold
_PIECE = 1 << 16

F = TypeVar("F")
F_co = TypeVar("F_co", covariant=True)
_encode = msgspec.msgpack.Encoder().encode


class BadFrame(ValueError):
    """The octets are not a frame of the expected type, so the connection must be closed."""


def encode_frame(value: object, limit: int = LARGEST, *, encode: Callable[[object], bytes] = _encode) -> bytes:
    """The frame of a value; raises BadInput when its encoding is longer than `limit`."""
    body = encode(value)
    if len(body) > limit:
        raise BadInput(f"{len(body) >> 20} MiB is too large: at most {limit >> 20} MiB are allowed")
    return _LENGTH.pack(len(body)) + body


class FrameDecoder(Protocol[F_co]):
    """Decodes one value: a decoder of msgspec, or one that keeps nothing of the octets it is given."""

    def decode(self, octets: memoryview, /) -> F_co: ...


class FrameReader(Generic[F]):
    """Decodes values of one type from octets, however they are cut into pieces."""

    def __init__(self, decoder: FrameDecoder[F], limit: int = LARGEST) -> None:
        self._decode = decoder.decode
        self._limit = limit
        self._octets = bytearray()

    def feed(self, data: bytes) -> None:
        """Add octets that have arrived."""
        self._octets += data

    def next(self) -> F | None:
        """The next complete value, or None until more octets arrive; raises BadFrame."""
        start = _LENGTH.size
        if len(self._octets) < start:
            return None
        (size,) = _LENGTH.unpack_from(self._octets)
        if size > self._limit:
            raise BadFrame(f"a frame of {size} octets")
        if len(self._octets) < start + size:
            return None
        try:
            with memoryview(self._octets) as octets:
                value = self._decode(octets[start : start + size])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            raise BadFrame(str(problem)) from None
        del self._octets[: start + size]
        return value

    def read(self, data: bytes) -> Iterator[F]:
        """The values that are complete once `data` has arrived; raises BadFrame."""
        self.feed(data)
        while (value := self.next()) is not None:
            yield value


async def read_frame(stream: asyncio.StreamReader, frames: FrameReader[F]) -> F | None:
    """Wait for the next value from a stream, or for its end (None); raises BadFrame, OSError."""
    while (value := frames.next()) is None:
        data = await stream.read(_PIECE)
        if not data:
            return None
        frames.feed(data)
    return value


def receive_frame(connection: socket.socket, frames: FrameReader[F]) -> F | None:
    """The same from a blocking socket."""
    while (value := frames.next()) is None:
        data = connection.recv(_PIECE)
        if not data:
            return None
        frames.feed(data)
    return value
