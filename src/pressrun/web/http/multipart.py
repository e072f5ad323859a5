"""Forms with files: multipart/form-data (RFC 7578), read in full before it is parsed.

A part's own charset and encoding are ignored (§4.7, §4.8).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

MAX_PART_HEADER = 4096  # of one part: a file name may have 255 letters, percent-encoded
_PIECE = 16 * 1024  # for the parser, which says only at the end of a piece how long a field has become

logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # malformed requests are not news


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part: `file_name` is None for a plain field."""

    name: str
    file_name: str | None
    octets: bytes


def parse_parts(body: bytes, content_type: str, *, most: int) -> list[Part]:
    """The parts in their order. Raises ValueError for what is malformed, has no boundary, or more parts than `most`."""
    try:
        _, options = parse_options_header(content_type.encode("latin-1"))
        return _parse(body, options[b"boundary"], most)
    except (KeyError, FormParserError):
        raise ValueError("a malformed form") from None


def _parse(body: bytes, boundary: bytes, most: int) -> list[Part]:
    parts: list[Part] = []
    header: dict[bytes, bytes] = {}
    name, value, octets = bytearray(), bytearray(), bytearray()
    header_bytes = 0

    def begin_part() -> None:
        nonlocal header_bytes
        header_bytes = 0
        header.clear()
        octets.clear()

    def take_header(field: bytearray, data: bytes, start: int, end: int) -> None:
        nonlocal header_bytes
        header_bytes += end - start
        if header_bytes > MAX_PART_HEADER:  # older versions of the parser have no limit, and take seconds for each MiB
            raise ValueError("a part with a very long header")
        field.extend(data[start:end])

    def end_header() -> None:
        header[bytes(name).lower()] = bytes(value)
        name.clear()
        value.clear()

    def end_part() -> None:
        if len(parts) == most:
            raise ValueError("too many parts")
        _, options = parse_options_header(header.get(b"content-disposition"))
        file_name = options.get(b"filename")
        parts.append(
            Part(
                name=options[b"name"].decode("utf-8"),
                file_name=None if file_name is None else file_name.decode("utf-8"),
                octets=bytes(octets),
            )
        )

    parser = MultipartParser(
        boundary,
        {
            "on_part_begin": begin_part,
            "on_header_field": partial(take_header, name),
            "on_header_value": partial(take_header, value),
            "on_header_end": end_header,
            "on_part_data": lambda data, start, end: octets.extend(data[start:end]),
            "on_part_end": end_part,
        },
    )
    for start in range(0, len(body), _PIECE):
        parser.write(body[start : start + _PIECE])
    parser.finalize()
    return parts
