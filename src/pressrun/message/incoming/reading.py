"""Reads a mail that came in from anywhere, under caps that are checked before a parser sees it.

Whatever happens, the outcome is an IncomingMail or UnreadableMail. This runs in the sandbox, which also limits memory
and time.
"""

from __future__ import annotations

import html
import re

import msgspec

from pressrun.core.text.charsets import decode_text, storable
from pressrun.message.incoming.autoreply import machine_made, vacation_words
from pressrun.message.incoming.header_scan import find_message_id, first_value, header_fields
from pressrun.message.incoming.parser import (
    READ_AT_MOST,
    MailPart,
    check_caps,
    decode_encoded_words,
    mend_header,
    parse_mail,
    refusing_faults,
)

MAX_TEXT = 64 * 1024

_BLANKS = re.compile(r"\s+")
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]{0,20})", re.ASCII)
_BLOCKS = frozenset("address blockquote br dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre table td th tr ul".split())
_UNSEEN = frozenset("head script style title template".split())


class IncomingMail(msgspec.Struct, frozen=True, kw_only=True, tag="mail"):
    """What services need of a mail: decoded, cut to size, its ids without brackets.

    `automatic` is the sign that a machine wrote it, or None.
    """

    subject: str = ""
    message_id: str | None = None
    automatic: str | None = None
    text: str = ""


def read_mail(content: bytes) -> IncomingMail:
    """Read a mail. Raises UnreadableMail when it is malformed or exceeds the caps."""
    content = content[:READ_AT_MOST]
    check_caps(content)
    with refusing_faults():
        content = mend_header(content)
        message = parse_mail(content)
        fields = header_fields(content)
        text = _text(message)[:MAX_TEXT]
        return IncomingMail(
            subject=decode_words(first_value(fields, "subject"))[:1000],
            message_id=find_message_id(fields),
            automatic=machine_made([(name, _shown(name, value)) for name, value in fields]) or vacation_words(text),
            text=text,
        )


def _shown(name: str, value: str) -> str:
    return decode_words(value) if name == "subject" else value


def decode_words(raw: str) -> str:
    """Decode encoded-words (RFC 2047) of a value, cut to size; line breaks hidden in one become blanks."""
    return decode_encoded_words(storable(raw[:2000]))


def _text(message: MailPart) -> str:
    """The first text part that says something, or the text of the first HTML part."""
    page = None
    for part in leaves(message):
        if part.get_content_disposition() == "attachment":
            continue
        media_type = part.get_content_type()
        if media_type == "text/plain" and (text := decoded(part)).strip():
            return text
        if media_type == "text/html" and page is None:
            page = part
    return "" if page is None else html_text(decoded(page))


def leaves(message: MailPart) -> list[MailPart]:
    """The parts that hold no others, in order; enclosed mails are not opened."""
    without_children: list[MailPart] = []
    pending = [message]
    while pending:
        part = pending.pop()
        children = part.children()
        if children is None:
            without_children.append(part)
        elif part.get_content_maintype() == "multipart":
            pending += reversed(children)
    return without_children


def decoded(part: MailPart) -> str:
    """The text of a part with LF line ends, as far as its charset is known."""
    return re.sub(r"\r\n?", "\n", decode_text(part.octets(), part.charset)).replace("\0", "")


def html_text(source: str) -> str:
    """The lines of an HTML mail that a reader would see, without quotations; in linear time, unlike a parser."""
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
        if end < 0:  # the rest is not text
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
