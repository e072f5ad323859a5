"""An edition in the form of a complete MIME message (`.eml`), without its route and its list.

Subject, From and Reply-To are read. All other headers are dropped, above all those that speak for somebody else
(List-*, DKIM-Signature, Received, Bcc, Return-Path). The message is parsed like incoming mail, under caps.
"""

from __future__ import annotations

import codecs
import re
from email.message import Message

from pressrun.core.errors import EditionError, MalformedAddress, UnreadableMail
from pressrun.message.incoming.parser import (
    MAX_FIELD_BYTES,
    MAX_HEADER_BYTES,
    PARSER_FAULTS,
    decode_encoded_words,
    mend_header,
    parse_mail,
)
from pressrun.message.incoming.parts import MailContents, gather, joined_page, joined_text
from pressrun.message.sources.edition_source import EditionFile, EditionFormat
from pressrun.message.sources.front_matter import FrontMatter, Value
from pressrun.message.wire.headers import clean_value
from pressrun.message.wire.mailbox import Mailbox, parse_mailbox
from pressrun.message.wire.mime import Enclosure

_FIELD = re.compile(rb"(?m)^([A-Za-z0-9-]+):[^\n]*(?:\n[ \t][^\n]*)*")


def parse_mime_source(source: bytes) -> EditionFile:
    """Parse a MIME message. Raises EditionError when it is malformed or exceeds the caps."""
    source = source.removeprefix(codecs.BOM_UTF8)
    _check_size(source)
    try:
        return _read(source)
    except UnreadableMail as problem:
        raise EditionError(f"the message cannot be an edition: {problem}") from None
    except PARSER_FAULTS as problem:
        raise EditionError(f"the message cannot be read: {type(problem).__name__}") from None


def _read(source: bytes) -> EditionFile:
    message = parse_mail(mend_header(source))
    contents = gather(message)
    ids = _content_ids(contents)
    page = joined_page(contents.blocks, lambda image: ids[id(image)])
    enclosed = [
        Enclosure(
            name=file.name,
            media_type=file.media_type,
            content=file.content,
            content_id=ids.get(id(file), file.content_id),
        )
        for file in contents.files
    ]
    subject = clean_value(decode_encoded_words(next(iter(_values(message, "subject")), "")))
    return EditionFile(
        format=EditionFormat.MIME,
        keys=FrontMatter(
            subject=Value(subject, _line_of_field(source, b"subject")) if subject else None,
            from_=_mailbox_of(message, "From", source),
            reply_to=_mailbox_of(message, "Reply-To", source),
        ),
        body=joined_text(contents.blocks, has_page=page is not None),
        html=page,
        enclosed=tuple(enclosed),
        notes=tuple(contents.notes),
    )


def _content_ids(contents: MailContents) -> dict[int, str]:
    """A Content-ID for each picture between pieces of the text that has none, as Apple Mail writes them."""
    pictures = [block.image for block in contents.blocks if block.image is not None]
    return {id(picture): f"picture-{number}" for number, picture in enumerate(pictures, 1)}


def _check_size(source: bytes) -> None:
    """Refuse what would slow down the parser: long headers."""
    header = re.split(rb"\r?\n\r?\n", source[: 2 * MAX_HEADER_BYTES], maxsplit=1)[0]
    if len(header) > MAX_HEADER_BYTES:
        raise EditionError(f"the headers are longer than {MAX_HEADER_BYTES // 1024} KiB", line=1)
    for match in _FIELD.finditer(source):
        if len(match[0]) > MAX_FIELD_BYTES and match.start() < len(header):
            raise EditionError(
                f"a header is longer than {MAX_FIELD_BYTES // 1024} KiB", line=source.count(b"\n", 0, match.start()) + 1
            )
        if match.start() >= len(header):
            break
    if re.search(rb"(?im)^content-[a-z-]+:[^\n]{8192}", source):
        raise EditionError(f"a header of a part is longer than {MAX_FIELD_BYTES // 1024} KiB")


def _values(message: Message, name: str) -> list[str]:
    """The values of a field, each in one line."""
    return [re.sub(r"\r?\n(?=[ \t])", "", str(value)).strip() for value in message.get_all(name, [])]


def _mailbox_of(message: Message, name: str, source: bytes) -> Mailbox | None:
    values = _values(message, name.lower())
    if not values:
        return None
    line = _line_of_field(source, name.lower().encode("ascii"))
    if len(values) > 1:
        raise EditionError(f"{name} appears {len(values)} times", line=line)
    raw = values[0]
    start, bracket, rest = raw.rpartition("<")
    shown = start.strip()
    if bracket and "=?" in shown:
        shown = '"' + re.sub(r'["\\]', "", decode_encoded_words(shown.strip('"'))) + '"'
    try:
        mailbox = parse_mailbox(f"{shown} <{rest}" if bracket else raw)
    except MalformedAddress as problem:
        raise EditionError(f"{name}: {problem.reason}", line=line) from None
    if mailbox.address.needs_smtputf8:
        raise EditionError(f"{name}: the part before the @ must be ASCII", line=line)
    return mailbox


def _line_of_field(source: bytes, name: bytes) -> int:
    match = re.search(rb"(?im)^" + re.escape(name) + rb"[ \t]*:", source)
    return source.count(b"\n", 0, match.start()) + 1 if match else 1
