"""Reads and writes the archive of a backup: a tar file that holds regular files with short names, and nothing else.

What other programs write into tar files (links, devices, extended headers, sparse files) is refused by the header, so
nothing of an archive reaches the disk or memory that its reader did not ask for. Headers are those of GNU tar.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import IO, Protocol

from msgspec import Struct

from pressrun.core.errors import BadInput

CHUNK = 1 << 20  # octets that are in memory at once
_BLOCK = tarfile.BLOCKSIZE
_RECORD = tarfile.RECORDSIZE
_LONGEST_NAME = 100  # of a file without further headers


class Source(Protocol):
    """What octets are read from; short reads happen at the end only."""

    def read(self, size: int, /) -> bytes: ...


class TarWriter:
    """Writes members one after the other."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._written = 0

    def add(self, name: str, size: int, at: int, content: Source) -> None:
        """Write a file of exactly `size` octets, modified at `at` (UTC seconds); raises BadInput if it is shorter."""
        assert len(name.encode()) <= _LONGEST_NAME  # the manifest allows no others
        header = tarfile.TarInfo(name)
        header.size, header.mode, header.mtime = size, 0o600, at
        self._write(header.tobuf(tarfile.GNU_FORMAT))
        left = size
        while left:
            chunk = content.read(min(CHUNK, left))
            if not chunk:
                raise BadInput(f"{name} became shorter while it was being read")
            self._write(chunk)
            left -= len(chunk)
        self._pad(_BLOCK)

    def close(self) -> None:
        """Write the end of the archive; the file below stays open."""
        self._write(bytes(2 * _BLOCK))
        self._pad(_RECORD)

    def _pad(self, to: int) -> None:
        self._write(bytes(-self._written % to))

    def _write(self, octets: bytes) -> None:
        self._out.write(octets)
        self._written += len(octets)


class TarMember(Struct, frozen=True):
    """One file of an archive; `chunks` has to be read to its end before the next member."""

    name: str
    size: int
    chunks: Iterator[bytes]


def read_members(archive: Source) -> Iterator[TarMember]:
    """The members in order, up to the very end of the archive; raises BadInput for whatever is not as we write it."""
    block = archive.read(_BLOCK)
    if len(block) < _BLOCK:
        raise BadInput("it is not a backup of Pressrun, or only the beginning of one")
    while any(block):
        header = _parse(block)
        member = TarMember(header.name, header.size, _chunks(archive, header.size))
        yield member
        for _ in member.chunks:
            pass
        _read(archive, -header.size % _BLOCK)
        block = _read(archive, _BLOCK)
    padding = archive.read(_RECORD)
    if any(padding) or archive.read(1):  # this also brings the decompressor to its own check of the whole
        raise BadInput("it has data after its end")


def _parse(block: bytes) -> tarfile.TarInfo:
    try:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError):
        raise BadInput("it is not a backup of Pressrun, or damaged: a header in it cannot be read") from None
    if header.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or header.size < 0:
        raise BadInput(f"it contains {header.name!a}, which is not a regular file")
    return header


def _chunks(archive: Source, left: int) -> Iterator[bytes]:
    while left:
        chunk = _read(archive, min(CHUNK, left))
        left -= len(chunk)
        yield chunk


def _read(archive: Source, size: int) -> bytes:
    octets = archive.read(size) if size else b""
    if len(octets) < size:
        raise BadInput("it is truncated")
    return octets
