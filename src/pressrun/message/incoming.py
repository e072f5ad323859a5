"""Reading a mail that came in from anywhere: under caps that are checked before any parser sees it.

The standard library's parser burns seconds on folded semicolons, long address fields, very many parts and deep nests;
what is beyond the caps is refused first, in linear time. The old `compat32` policy reads, because the newer ones raise
odd exceptions on hostile headers. Whatever happens, the outcome is an IncomingMail or UnreadableMail. This runs in the
helper process, which limits memory and time besides.
"""

from __future__ import annotations

import html
import re
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import decode_header
from email.message import Message

import msgspec

from pressrun.core.errors import UnreadableMail
from pressrun.message.autoreply import machine_made

READ_AT_MOST = 2 * 1024 * 1024  # no command stands beyond
MAX_HEADER_BYTES = 64 * 1024
MAX_FIELDS = 1000
MAX_FIELD_BYTES = 8 * 1024
MAX_LINE_BYTES = 64 * 1024
MAX_PARTS = 100
MAX_DEPTH = 20
MAX_TEXT = 64 * 1024

_PARSER_FAULTS = (
    MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError, AssertionError,
)  # fmt: skip
_LONG_LINE = re.compile(rb"[^\n]{%d}" % MAX_LINE_BYTES)
_PART_FIELD = re.compile(rb"(?im)^content-[a-z-]{1,40}:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*")
_BOUNDARY = re.compile(rb"(?i)boundary(?:\*0?\*?)?[ \t]*=[ \t]*\"?([^\";\r\n]{1,200})")
_ENCLOSED = re.compile(rb"(?im)^content-type[ \t]*:[ \t\r\n]*message/rfc822")
_ID = re.compile(r"<([!-;=?-~]{1,250})>")
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_BLANKS = re.compile(r"\s+")
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]{0,20})", re.ASCII)
_BLOCKS = frozenset("address blockquote br dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre table td th tr ul".split())
_UNSEEN = frozenset("head script style title template".split())
_BROKEN = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


class IncomingMail(msgspec.Struct, frozen=True, kw_only=True):
    """What services need of a mail: decoded, cut to size, its ids without brackets.

    `automatic` names what says that a machine wrote it.
    """

    subject: str = ""
    message_id: str | None = None
    automatic: str | None = None
    text: str = ""


def read_mail(content: bytes) -> IncomingMail:
    """Read a mail; raises UnreadableMail when it is malformed or beyond the caps."""
    content = content[:READ_AT_MOST]
    _check_header(content)
    _check_body(content)
    try:
        message = message_from_bytes(content, policy=policy.compat32)
        fields = [(name.lower(), _unfold(value)) for name, value in message.items()]
        return IncomingMail(
            subject=decode_words(_first(fields, "subject"))[:1000],
            message_id=_message_id(_first(fields, "message-id")),
            automatic=machine_made([(name, _shown(name, value)) for name, value in fields]),
            text=_text(message)[:MAX_TEXT],
        )
    except _PARSER_FAULTS as problem:
        raise UnreadableMail(f"the mail cannot be parsed ({type(problem).__name__})") from None
    except MemoryError:
        raise UnreadableMail("the mail needs too much memory to be parsed") from None


def _check_header(content: bytes) -> None:
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


def _check_body(content: bytes) -> None:
    if _LONG_LINE.search(content):
        raise UnreadableMail(f"a line is longer than {MAX_LINE_BYTES // 1024} KiB")
    if any(len(found[0]) > MAX_FIELD_BYTES for found in _PART_FIELD.finditer(content)):
        raise UnreadableMail(f"a header field of a part is longer than {MAX_FIELD_BYTES // 1024} KiB")
    boundaries = {found.strip() for found in _BOUNDARY.findall(content)}
    if len(boundaries) > MAX_DEPTH or len(_ENCLOSED.findall(content)) > MAX_DEPTH:
        raise UnreadableMail(f"the parts are nested more than {MAX_DEPTH} deep")
    lines = sum(content.count(b"\n--" + boundary) for boundary in boundaries)
    if lines > MAX_PARTS + 2 * MAX_DEPTH:
        raise UnreadableMail(f"there are more than {MAX_PARTS} parts")


def _unfold(value: object) -> str:
    return _FOLD.sub("", str(value))


def _first(fields: list[tuple[str, str]], name: str) -> str:
    return next((value for found, value in fields if found == name), "")


def _shown(name: str, value: str) -> str:
    return decode_words(value) if name == "subject" else value


def _message_id(value: str) -> str | None:
    found = _ID.search(value)
    return found[1] if found else None


def decode_words(raw: str) -> str:
    """Encoded-words decoded (RFC 2047); line breaks that one may hide become blanks."""
    raw = raw[:2000].encode("utf-8", "replace").decode("utf-8")
    try:
        pieces = [
            piece.decode(charset or "ascii", "replace") if isinstance(piece, bytes) else piece
            for piece, charset in decode_header(raw)
        ]
    except (MessageError, LookupError, ValueError):
        pieces = [raw]
    return _BROKEN.sub(" ", "".join(pieces).encode("utf-8", "replace").decode("utf-8")).strip()


def _text(message: Message) -> str:
    """The first text part; without one, the text of the first HTML part."""
    page = None
    for part in _leaves(message):
        if part.get_content_disposition() == "attachment":
            continue
        media_type = part.get_content_type()
        if media_type == "text/plain":
            return _decoded(part)
        if media_type == "text/html" and page is None:
            page = part
    return "" if page is None else html_text(_decoded(page))


def _leaves(message: Message) -> list[Message]:
    found: list[Message] = []
    pending: list[tuple[Message, int]] = [(message, 0)]
    while pending:
        part, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise UnreadableMail(f"the parts are nested more than {MAX_DEPTH} deep")
        payload = part.get_payload()
        if not isinstance(payload, list):
            found.append(part)
        elif part.get_content_maintype() == "multipart":
            pending += [(child, depth + 1) for child in reversed(payload) if isinstance(child, Message)]
        if len(found) + len(pending) > MAX_PARTS + MAX_DEPTH:
            raise UnreadableMail(f"there are more than {MAX_PARTS} parts")
    return found


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    charset = str(part.get_content_charset() or "utf-8")
    try:
        text = data.decode("utf-8" if charset in ("us-ascii", "ascii") else charset, "replace")
    except (LookupError, ValueError):
        text = data.decode("latin-1")
    return re.sub(r"\r\n?", "\n", text).replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def html_text(source: str) -> str:
    """The lines that a reader would see of an HTML mail, without what is quoted; in linear time, unlike a parser."""
    source = source[: 4 * MAX_TEXT]
    lower = source.lower() if len(source.lower()) == len(source) else source
    pieces: list[str] = []
    position, quoted = 0, 0
    while (start := source.find("<", position)) >= 0:
        if not quoted:
            pieces.append(_BLANKS.sub(" ", source[position:start]))
        if source.startswith("<!--", start):
            end = source.find("-->", start)
            position = end + 3
        else:
            end = source.find(">", start)
            position = end + 1
        if end < 0:  # what follows is no text any more
            return html.unescape("".join(pieces))
        tag = _TAG.match(lower, start)
        if tag is None:
            continue
        is_end, name = bool(tag[1]), tag[2]
        if name == "blockquote":
            quoted = max(0, quoted + (-1 if is_end else 1))
        if name in _UNSEEN and not is_end:
            position = lower.find(f"</{name}", position)
            if position < 0:
                return html.unescape("".join(pieces))
        if name in _BLOCKS:
            pieces.append("\n")
    if not quoted:
        pieces.append(_BLANKS.sub(" ", source[position:]))
    return html.unescape("".join(pieces))
