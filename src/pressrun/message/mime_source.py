"""An edition that comes as a complete MIME message (`.eml`): its content is taken, its route and its list are not.

Subject, From and Reply-To are read; every other header is left behind, above all those that would speak for somebody
else (List-*, DKIM-Signature, Received, Bcc, Return-Path). The message is read with the old `compat32` policy and under
caps, because newer ones raise odd exceptions and burn seconds on hostile headers.
"""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import decode_header
from email.message import Message

from pressrun.core.errors import EditionError, MalformedAddress
from pressrun.message.caps import PARSER_FAULTS
from pressrun.message.front_matter import FrontMatter, Value
from pressrun.message.mailbox import Mailbox, parse_mailbox
from pressrun.message.source import EditionFile, EditionFormat, EnclosedFile

MAX_PARTS = 100
MAX_DEPTH = 20
MAX_HEADER_BYTES = 64 * 1024
MAX_FIELD_BYTES = 8 * 1024

_FIELD = re.compile(rb"(?m)^([A-Za-z0-9-]+):[^\n]*(?:\n[ \t][^\n]*)*")


def parse_mime_source(source: bytes) -> EditionFile:
    """Read a MIME message; raises EditionError when it is malformed or beyond the caps."""
    _check_size(source)
    try:
        return _read(source)
    except PARSER_FAULTS as problem:
        raise EditionError(f"the message cannot be read: {type(problem).__name__}") from None


def _read(source: bytes) -> EditionFile:
    message = message_from_bytes(source, policy=policy.compat32)
    parts = _leaves(message, 0)
    if len(parts) > MAX_PARTS:
        raise EditionError(f"the message has more than {MAX_PARTS} parts")
    text = next((part for part in parts if _is_body(part, "text/plain")), None)
    html = next((part for part in parts if _is_body(part, "text/html")), None)
    enclosed = [_enclosed(part, index) for index, part in enumerate(parts) if part is not text and part is not html]
    subject = _text_of(message, "Subject")
    return EditionFile(
        format=EditionFormat.MIME,
        keys=FrontMatter(
            subject=Value(subject, _line_of_field(source, b"subject")) if subject else None,
            from_=_mailbox_of(message, "From", source),
            reply_to=_mailbox_of(message, "Reply-To", source),
        ),
        body=_decoded(text) if text is not None else "",
        html=_decoded(html) if html is not None else None,
        enclosed=tuple(part for part in enclosed if part),
    )


def _check_size(source: bytes) -> None:
    """Refuse what makes the parser slow before it sees it: long headers and very many parts."""
    header = re.split(rb"\r?\n\r?\n", source[: 2 * MAX_HEADER_BYTES], maxsplit=1)[0]
    if len(header) > MAX_HEADER_BYTES:
        raise EditionError(f"the headers are longer than {MAX_HEADER_BYTES // 1024} KiB", line=1)
    for found in _FIELD.finditer(source):
        if len(found[0]) > MAX_FIELD_BYTES and found.start() < len(header):
            raise EditionError(
                f"a header is longer than {MAX_FIELD_BYTES // 1024} KiB", line=source.count(b"\n", 0, found.start()) + 1
            )
        if found.start() >= len(header):
            break
    if len(re.findall(rb"(?im)^content-type[ \t]*:[^\n]{0,8192}", source)) > 4 * MAX_PARTS:
        raise EditionError(f"the message has more than {MAX_PARTS} parts")
    if re.search(rb"(?im)^content-[a-z-]+:[^\n]{8192}", source):
        raise EditionError(f"a header of a part is longer than {MAX_FIELD_BYTES // 1024} KiB")


def _leaves(message: Message, depth: int) -> list[Message]:
    if depth > MAX_DEPTH:
        raise EditionError(f"the parts of the message are nested more than {MAX_DEPTH} deep")
    payload = message.get_payload()
    if not isinstance(payload, list):
        return [message]
    if message.get_content_type() == "message/rfc822":
        return [message]
    found: list[Message] = []
    for part in payload:
        if isinstance(part, Message):
            found.extend(_leaves(part, depth + 1))
    return found


def _is_body(part: Message, media_type: str) -> bool:
    is_attachment = part.get_content_disposition() == "attachment" or bool(part.get_filename())
    return part.get_content_type() == media_type and not is_attachment


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    charset = part.get_content_charset() or "utf-8"
    try:
        text = data.decode("utf-8" if charset in ("us-ascii", "ascii") else charset, "replace")
    except LookupError:
        raise EditionError(f"a part of the message is in the unknown encoding {charset[:40]!r}") from None
    text = re.sub(r"\r\n?", "\n", text).replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    if str(part.get_param("format", "")).lower() == "flowed":
        return unflow(text, delete_blank=str(part.get_param("delsp", "")).lower() == "yes")
    return text


def unflow(text: str, *, delete_blank: bool) -> str:
    """Paragraphs of `format=flowed` on one line each (RFC 3676 §4)."""
    lines: list[str] = []
    flows = False
    for line in text.split("\n"):
        content = line.removeprefix(" ")
        is_soft = content.endswith(" ") and content != "-- "
        kept = content[:-1] if is_soft and delete_blank else content
        if flows and content != "-- " and not content.startswith(">"):
            lines[-1] += kept
        else:
            lines.append(kept)
        flows = is_soft and not content.startswith(">")
    return "\n".join(lines)


def _enclosed(part: Message, index: int) -> EnclosedFile | None:
    if part.get_content_type() == "message/rfc822":
        return None
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes) or not payload:
        return None
    raw_id = str(part.get("Content-ID", "")).strip().strip("<>")
    name = part.get_filename() or f"part-{index + 1}"
    safe = re.sub(r"[\x00-\x1f\x7f/\\]", "_", _decode_words(str(name)))[-120:]
    return EnclosedFile(name=safe, media_type=part.get_content_type(), content=payload, content_id=raw_id[:200] or None)


def _text_of(message: Message, name: str) -> str:
    return _decode_words(re.sub(r"\r?\n(?=[ \t])", "", str(message.get(name, "")))).strip()


def _decode_words(raw: str) -> str:
    """Encoded-words decoded (RFC 2047); the line breaks that one may hide become blanks."""
    try:
        pieces = [
            piece.decode(charset or "ascii", "replace") if isinstance(piece, bytes) else piece
            for piece, charset in decode_header(raw)
        ]
    except (MessageError, LookupError, ValueError):
        pieces = [raw]
    text = "".join(pieces).encode("utf-8", "replace").decode("utf-8")
    return re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]+", " ", text)


def _mailbox_of(message: Message, name: str, source: bytes) -> Mailbox | None:
    values = message.get_all(name, [])
    if not values:
        return None
    line = _line_of_field(source, name.lower().encode("ascii"))
    if len(values) > 1:
        raise EditionError(f"{name} stands {len(values)} times", line=line)
    raw = re.sub(r"\r?\n(?=[ \t])", "", str(values[0])).strip()
    start, bracket, rest = raw.rpartition("<")
    shown = start.strip()
    if bracket and "=?" in shown:
        shown = '"' + re.sub(r'["\\]', "", _decode_words(shown.strip('"'))).strip() + '"'
    try:
        mailbox = parse_mailbox(f"{shown} <{rest}" if bracket else raw)
    except MalformedAddress as problem:
        raise EditionError(f"{name}: {problem}", line=line) from None
    if mailbox.address.needs_smtputf8:
        raise EditionError(f"{name}: the part before the @ must be ASCII", line=line)
    return mailbox


def _line_of_field(source: bytes, name: bytes) -> int:
    found = re.search(rb"(?im)^" + re.escape(name) + rb"[ \t]*:", source)
    return source.count(b"\n", 0, found.start()) + 1 if found else 1
