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
from pressrun.message.incoming.autoreply import machine_made, vacation_words
from pressrun.message.incoming.caps import MAX_DEPTH, MAX_PARTS, PARSER_FAULTS, READ_AT_MOST, check_caps
from pressrun.message.incoming.header_block import mended
from pressrun.message.incoming.trace import header_fields

MAX_TEXT = 64 * 1024

_ID = re.compile(r"<([!-;=?-~]{1,250})>")
_BLANKS = re.compile(r"\s+")
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]{0,20})", re.ASCII)
_BLOCKS = frozenset("address blockquote br dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre table td th tr ul".split())
_UNSEEN = frozenset("head script style title template".split())
_BROKEN = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


class IncomingMail(msgspec.Struct, frozen=True, kw_only=True, tag="mail"):
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
    check_caps(content)
    try:
        content = mended(content)
        message = message_from_bytes(content, policy=policy.compat32)
        fields = header_fields(content)
        text = _text(message)[:MAX_TEXT]
        return IncomingMail(
            subject=decode_words(_first(fields, "subject"))[:1000],
            message_id=_message_id(_first(fields, "message-id")),
            automatic=machine_made([(name, _shown(name, value)) for name, value in fields]) or vacation_words(text),
            text=text,
        )
    except PARSER_FAULTS as problem:
        raise UnreadableMail(f"the mail cannot be parsed ({type(problem).__name__})") from None
    except MemoryError:
        raise UnreadableMail("the mail needs too much memory to be parsed") from None


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
    for part in leaves(message):
        if part.get_content_disposition() == "attachment":
            continue
        media_type = part.get_content_type()
        if media_type == "text/plain":
            return decoded(part)
        if media_type == "text/html" and page is None:
            page = part
    return "" if page is None else html_text(decoded(page))


def leaves(message: Message) -> list[Message]:
    """The parts that hold no others, in their order; enclosed mails are not opened."""
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


def decoded(part: Message) -> str:
    """The text of a part, its lines ended by LF; in an unknown charset as far as it can be read."""
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
