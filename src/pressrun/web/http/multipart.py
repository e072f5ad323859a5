"""Forms with files: multipart/form-data (RFC 7578), read in full before it is parsed.

A part's own charset and encoding are ignored (§4.7, §4.8).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

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

    def begin_part() -> None:
        header.clear()
        octets.clear()

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
            "on_header_field": lambda data, start, end: name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: value.extend(data[start:end]),
            "on_header_end": end_header,
            "on_part_data": lambda data, start, end: octets.extend(data[start:end]),
            "on_part_end": end_part,
        },
    )
    parser.write(body)
    parser.finalize()
    return parts
