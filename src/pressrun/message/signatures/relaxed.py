"""The relaxed canonical form of header fields and bodies (RFC 6376 §3.4.2, §3.4.4)."""

from __future__ import annotations

import re
from typing import TypeAlias

Field: TypeAlias = tuple[bytes, bytes]  # the name in lower case, and the whole field in canonical form with CRLF

_RUN = re.compile(rb"  +")  # a pattern with tabs in it takes eight times as long


def canonical_fields(header: bytes) -> list[Field]:
    """The fields of a whole header."""
    fields = []
    for line in canonical_value(header).split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon:
            name = name.rstrip(b" ").lower()
            fields.append((name, b"%b:%b\r\n" % (name, value.strip(b" "))))
    return fields


def canonical_value(value: bytes) -> bytes:
    """A value, unfolded; it neither begins nor ends in blanks or a line end."""
    if b"\r\n" in value:
        value = value.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    return _squeezed(value)


def canonical_body(body: bytes) -> bytes:
    """A whole body, which is empty or ends in one CRLF."""
    body = canonical_lines(body)
    end = len(body)
    if body.endswith(b" "):
        end -= 1
    while body.endswith(b"\r\n", 0, end):
        end -= 2
    return body[:end] + b"\r\n" if end else b""


def canonical_lines(text: bytes) -> bytes:
    """A part of a body that does not end in blanks, in a form that does not depend on its neighbours."""
    return _squeezed(text).replace(b" \r\n", b"\r\n")


def _squeezed(text: bytes) -> bytes:
    """Each run of blanks and tabs becomes one blank."""
    if b"\t" in text:
        text = text.replace(b"\t", b" ")
    return _RUN.sub(b" ", text) if b"  " in text else text
