"""What two processes of ours say to each other by a socket: values, each a length of four octets, then MessagePack."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

_LENGTH = struct.Struct(">I")
F = TypeVar("F")

_encode = msgspec.msgpack.Encoder().encode


def pack(value: object) -> bytes:
    """A value as a frame."""
    body = _encode(value)
    return _LENGTH.pack(len(body)) + body


class Frames(Generic[F]):
    """Reads values of one type from octets as they come; raises ValueError for anything else."""

    def __init__(self, decoder: msgspec.msgpack.Decoder[F]) -> None:
        self._decode = decoder.decode
        self._rest = bytearray()

    def read(self, data: bytes) -> Iterator[F]:
        """The values that are whole."""
        self._rest += data
        start, end = 0, len(self._rest)
        with memoryview(self._rest) as octets:
            while end - start >= _LENGTH.size:
                (size,) = _LENGTH.unpack_from(octets, start)
                if end - start - _LENGTH.size < size:
                    break
                start += _LENGTH.size
                yield self._decode(octets[start : start + size])
                start += size
        del self._rest[:start]
