"""A header that every parser reads to its end.

The standard library ends a header at the first line that is no field, so that what stands below it would count as body:
a mark that a machine wrote the mail must not hide there. Blanks before a colon were allowed once (RFC 5322 §4.5.8).
"""

from __future__ import annotations

import re

_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"([!-9;-~]{1,100})[ \t]*:")


def mended(content: bytes) -> bytes:
    """The mail with its header made of fields alone, each line ended by CRLF; the body is as it was."""
    if content.startswith((b"\r\n", b"\n")):
        return content
    found = _END.search(content)
    header, rest = (content, b"") if found is None else (content[: found.start()], content[found.end() :])
    lines: list[bytes] = []
    keeps = False
    for raw in header.split(b"\n"):
        line = raw.removesuffix(b"\r")
        if line[:1] in (b" ", b"\t"):
            if keeps:
                lines.append(line)
            continue
        field = _FIELD.match(line)
        keeps = field is not None
        if field is not None:
            lines.append(field[1] + b":" + line[field.end() :])
    return b"".join([b"\r\n".join([*lines, b"", b""]), rest])
