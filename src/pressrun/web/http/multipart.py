"""Forms with files: multipart/form-data (RFC 7578), read in full before it is parsed.

A part's own charset and encoding are ignored (§4.7, §4.8).
"""

from __future__ import annotations

import logging
from functools import partial

from msgspec import Struct
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

MAX_PART_HEADER = 4096  # of one part: a file name may have 255 letters, percent-encoded
_PIECE = 16 * 1024  # for the parser, which says only at the end of a piece how long a field has become

logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # malformed requests are not news


class Part(Struct, frozen=True, kw_only=True):
    """One part: `file_name` is None for a plain field."""

    name: str
    file_name: str | None
    octets: bytes


def parse_parts(body: bytes, content_type: str, *, most: int) -> list[Part]:
    """The parts in their order. Raises ValueError for what is malformed, has no boundary, or more parts than `most`."""
    try:
        _, options = parse_options_header(content_type.encode("latin-1"))
        boundary = options[b"boundary"]
        return _parse(_skip_preamble(body, boundary), boundary, most)
    except (KeyError, FormParserError):
        raise ValueError("a malformed form") from None


def _skip_preamble(body: bytes, boundary: bytes) -> bytes:
    """The body from the first delimiter on. Mail programs may write any text before it (RFC 2046 §5.1.1)."""
    if body.startswith(b"--" + boundary):
        return body
    return body[max(body.find(b"\r\n--" + boundary), 0) :]


def _parse(body: bytes, boundary: bytes, most: int) -> list[Part]:
    reader = _PartReader(most)
    parser = MultipartParser(
        boundary,
        {
            "on_part_begin": reader.begin,
            "on_header_field": partial(reader.read_header, reader.field),
            "on_header_value": partial(reader.read_header, reader.value),
            "on_header_end": reader.end_header,
            "on_part_data": reader.read,
            "on_part_end": reader.end,
        },
    )
    for start in range(0, len(body), _PIECE):
        parser.write(body[start : start + _PIECE])
    parser.finalize()
    return reader.parts


class _PartReader:
    """The parts so far, and the one that is being read."""

    def __init__(self, most: int) -> None:
        self.parts: list[Part] = []
        self.field, self.value = bytearray(), bytearray()
        self._most = most
        self._header: dict[bytes, bytes] = {}
        self._header_bytes = 0
        self._octets = bytearray()

    def begin(self) -> None:
        self._header_bytes = 0
        self._header.clear()
        self._octets.clear()

    def read_header(self, field: bytearray, data: bytes, start: int, end: int) -> None:
        self._header_bytes += end - start
        # Older versions of the parser have no limit, and take seconds for each MiB.
        if self._header_bytes > MAX_PART_HEADER:
            raise ValueError("a part with a very long header")
        field.extend(data[start:end])

    def end_header(self) -> None:
        self._header[bytes(self.field).lower()] = bytes(self.value)
        self.field.clear()
        self.value.clear()

    def read(self, data: bytes, start: int, end: int) -> None:
        self._octets.extend(data[start:end])

    def end(self) -> None:
        if len(self.parts) == self._most:
            raise ValueError("too many parts")
        _, options = parse_options_header(self._header.get(b"content-disposition"))
        file_name = options.get(b"filename")
        self.parts.append(
            Part(
                name=options[b"name"].decode("utf-8"),
                file_name=None if file_name is None else file_name.decode("utf-8"),
                octets=bytes(self._octets),
            )
        )
