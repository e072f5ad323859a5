"""The standard library's mail parser, kept within caps and away from what it does badly.

It burns seconds on folded semicolons and long fields, so `check_caps` looks at the raw octets first, in linear time. It
does so on very many parts and deep nests as well: MailPart refuses these while they are read. It ends a header at the
first line that is not a field, so that a mark that a machine wrote the mail could hide below: `mend_header` drops such
lines. And it decodes by whatever charset a mail names, also in parameters (RFC 2231): MailPart decodes by
core.text.charsets only. The old `compat32` policy reads, because the newer ones raise odd exceptions on hostile
headers, but not letters without an encoding, which it would replace.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.policy import Compat32, Policy, compat32
from itertools import count
from typing import Any, cast

from pressrun.core.errors import UnreadableMail
from pressrun.core.text.charsets import decode_text, decode_unnamed, storable
from pressrun.core.text.controls import without_controls
from pressrun.message.incoming.header_scan import FIELD_NAME

READ_AT_MOST = 2 * 1024 * 1024  # octets; nothing that we look for is further down
MAX_HEADER_BYTES = 64 * 1024
MAX_FIELDS = 1000
MAX_FIELD_BYTES = 8 * 1024
MAX_LINE_BYTES = 64 * 1024
MAX_PARTS = 100
MAX_DEPTH = 20

# What the standard library's parser may raise on a hostile mail.
PARSER_FAULTS = (
    MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError, AssertionError,
)  # fmt: skip
_PART_FIELD = re.compile(rb"(?im)^content-[a-z-]{1,40}:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*")


@contextmanager
def refusing_faults() -> Iterator[None]:
    """Raise UnreadableMail for a mail on which the parser fails."""
    try:
        yield
    except PARSER_FAULTS as problem:
        raise UnreadableMail(f"this email cannot be parsed ({type(problem).__name__})") from None
    except MemoryError:
        raise UnreadableMail("this email needs too much memory to be parsed") from None


def check_caps(content: bytes) -> None:
    """Raise UnreadableMail when the mail exceeds the caps."""
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
    """Refuse lines and fields of parts that would stall a parser."""
    if _has_long_line(content):
        raise UnreadableMail(f"a line is longer than {MAX_LINE_BYTES // 1024} KiB")
    if any(len(match[0]) > MAX_FIELD_BYTES for match in _PART_FIELD.finditer(content)):
        raise UnreadableMail(f"a header field of a part is longer than {MAX_FIELD_BYTES // 1024} KiB")


def _has_long_line(content: bytes) -> bool:
    """Jumps to the last line end within reach; a regular expression would start again at every octet of a line."""
    start = 0
    while len(content) - start >= MAX_LINE_BYTES:
        end = content.rfind(b"\n", start, start + MAX_LINE_BYTES)
        if end < 0:
            return True
        start = end + 1
    return False


_END = re.compile(rb"\r?\n\r?\n")


def mend_header(content: bytes) -> bytes:
    """The mail with only fields in its header, each line ended by CRLF, and an unchanged body.

    Blanks before a colon were allowed once (RFC 5322 §4.5.8).
    """
    if content.startswith((b"\r\n", b"\n")):
        return content
    match = _END.search(content)
    header, rest = (content, b"") if match is None else (content[: match.start()], content[match.end() :])
    lines: list[bytes] = []
    keeps = False
    for raw in header.split(b"\n"):
        line = raw.removesuffix(b"\r")
        if line[:1] in (b" ", b"\t"):
            if keeps:
                lines.append(line)
            continue
        field = FIELD_NAME.match(line)
        keeps = field is not None
        if field is not None:
            lines.append(field[1] + b":" + line[field.end() :])
    return b"".join([b"\r\n".join([*lines, b"", b""]), rest])


_BROKEN = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


class MailPart(Message):
    """A mail or one of its parts."""

    def __init__(self, policy: Policy = compat32) -> None:
        super().__init__(policy)
        self.depth = 0
        self.numbers = count(1)  # of the parts of the whole mail

    def attach(self, payload: Any) -> None:
        """Add a part, as the parser does for each one. Raises UnreadableMail when there are too many, or too deep."""
        payload.depth, payload.numbers = self.depth + 1, self.numbers
        if payload.depth > MAX_DEPTH:
            raise UnreadableMail(f"the parts are nested more than {MAX_DEPTH} deep")
        if next(self.numbers) > MAX_PARTS + MAX_DEPTH:  # those that only hold others do not count
            raise UnreadableMail(f"there are more than {MAX_PARTS} parts")
        super().attach(payload)

    def get_boundary(self, failobj: Any = None) -> Any:
        """The line between its parts."""
        return self._parameter("boundary", "content-type", failobj)

    def get_filename(self, failobj: Any = None) -> Any:
        """The file name that its sender gave it."""
        name = self._parameter("filename", "content-disposition", None)
        return self._parameter("name", "content-type", failobj) if name is None else name

    def get_content_charset(self, failobj: Any = None) -> Any:
        """The charset that it claims."""
        return self._parameter("charset", "content-type", failobj)

    def _parameter(self, name: str, header: str, failobj: Any) -> Any:
        value = self.get_param(name, None, header)
        if value is None:
            return failobj
        if isinstance(value, tuple):  # RFC 2231: charset, language, text with an octet in each character
            charset, _, text = value
            value = decode_text(str(text).encode("latin-1", "replace"), str(charset or ""))
        return str(value).strip()

    @property
    def start(self) -> str:
        """The Content-ID of the root of a multipart/related, or "" (RFC 2387 §3.2)."""
        return str(self._parameter("start", "content-type", "")).strip("<>")

    def children(self) -> list[MailPart] | None:
        """Its parts, or None; a text is not decoded for this, as the library would."""
        payload: Any = self.get_payload() if self.is_multipart() else None
        return None if payload is None else [child for child in payload if isinstance(child, MailPart)]

    def octets(self) -> bytes:
        """Its content without transfer encoding; b"" if it has parts."""
        payload: Any = self.get_payload(decode=True)
        return payload if isinstance(payload, bytes) else b""

    @property
    def charset(self) -> str:
        """The charset that it names, or ""."""
        return str(self.get_content_charset() or "")


class _Policy(Compat32):
    """What reads the values of fields."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        del name
        return value if value.isascii() else decode_unnamed(value.encode("utf-8", "surrogateescape"))


_POLICY = _Policy()


def parse_mail(content: bytes) -> MailPart:
    """Parse a mail within the caps. Raises UnreadableMail for one with too many or too deep parts, or PARSER_FAULTS."""
    return cast(MailPart, message_from_bytes(content, MailPart, policy=_POLICY))


def decode_encoded_words(raw: str) -> str:
    """Decode encoded-words (RFC 2047); line breaks hidden in one become blanks."""
    try:
        pieces = [
            decode_text(piece, charset or "") if isinstance(piece, bytes) else piece
            for piece, charset in decode_header(raw)
        ]
    except (MessageError, ValueError):
        pieces = [raw]
    text = _BROKEN.sub(" ", storable("".join(pieces)))
    return without_controls(text).strip()
