"""The caps on what is given to a parser: checked over the raw octets, in linear time, before anything is parsed.

The standard library's parser burns seconds on folded semicolons, long fields, very many parts and deep nests; what is
beyond the caps is refused first.
"""

from __future__ import annotations

import re
from email.errors import MessageError

from pressrun.core.errors import UnreadableMail

READ_AT_MOST = 2 * 1024 * 1024  # nothing that we look for stands beyond
MAX_HEADER_BYTES = 64 * 1024
MAX_FIELDS = 1000
MAX_FIELD_BYTES = 8 * 1024
MAX_LINE_BYTES = 64 * 1024
MAX_PARTS = 100
MAX_DEPTH = 20

# What the standard library's parser may raise over a hostile mail.
PARSER_FAULTS = (
    MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError, AssertionError,
)  # fmt: skip
_PART_FIELD = re.compile(rb"(?im)^content-[a-z-]{1,40}:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*")
_BOUNDARY = re.compile(rb"(?i)boundary(?:\*0?\*?)?[ \t]*=[ \t]*\"?([^\";\r\n]{1,200})")
_ENCLOSED = re.compile(rb"(?im)^content-type[ \t]*:[ \t\r\n]*message/rfc822")


def check_caps(content: bytes) -> None:
    """Raise UnreadableMail when the mail is beyond the caps."""
    check_header(content)
    check_body(content)


def check_header(content: bytes) -> None:
    """Refuse a header that is too long, or has too many or too long fields."""
    end = re.search(rb"\r?\n\r?\n", content[: MAX_HEADER_BYTES + 4])
    if end is None and len(content) > MAX_HEADER_BYTES:
        raise UnreadableMail(f"the header is longer than {MAX_HEADER_BYTES // 1024} KiB")
    fields, size = 0, 0
    for line in content[: end.start() if end else len(content)].split(b"\n"):
        if line[:1] not in (b" ", b"\t"):
            fields, size = fields + 1, 0
        size += len(line) + 1
        if size > MAX_FIELD_BYTES:
            raise UnreadableMail(f"a header field is longer than {MAX_FIELD_BYTES // 1024} KiB")
    if fields > MAX_FIELDS:
        raise UnreadableMail(f"there are more than {MAX_FIELDS} header fields")


def check_body(content: bytes) -> None:
    """Refuse lines, fields of parts and nests that a parser would choke on."""
    if _has_long_line(content):
        raise UnreadableMail(f"a line is longer than {MAX_LINE_BYTES // 1024} KiB")
    if any(len(found[0]) > MAX_FIELD_BYTES for found in _PART_FIELD.finditer(content)):
        raise UnreadableMail(f"a header field of a part is longer than {MAX_FIELD_BYTES // 1024} KiB")
    boundaries = {found.strip() for found in _BOUNDARY.findall(content)}
    if len(boundaries) > MAX_DEPTH or len(_ENCLOSED.findall(content)) > MAX_DEPTH:
        raise UnreadableMail(f"the parts are nested more than {MAX_DEPTH} deep")
    lines = sum(content.count(b"\n--" + boundary) for boundary in boundaries)
    if lines > MAX_PARTS + 2 * MAX_DEPTH:
        raise UnreadableMail(f"there are more than {MAX_PARTS} parts")


def _has_long_line(content: bytes) -> bool:
    """By leaps to the last line end within reach; an expression would look again from every octet of a line."""
    start = 0
    while len(content) - start >= MAX_LINE_BYTES:
        end = content.rfind(b"\n", start, start + MAX_LINE_BYTES)
        if end < 0:
            return True
        start = end + 1
    return False
