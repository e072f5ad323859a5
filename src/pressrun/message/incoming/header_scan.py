"""What the header of an incoming mail says, without parsing it: bounded and linear, so safe in the event loop.

Only the first 64 KiB are read, by lines. Here are the count of hops (RFC 5321 §6.3), the ids that a mail answers, its
author and date, the lists it came through, what makes two deliveries the same mail, and the trace field that a
forwarded mail gets on top.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from email.utils import parsedate_to_datetime

from msgspec import Struct

from pressrun.core.addresses.address import Address, find_address
from pressrun.core.text.charsets import decode_unnamed
from pressrun.core.timestamps import seconds_of
from pressrun.message.wire.headers import format_date

LOOKED_AT = 64 * 1024
LONGEST_VALUE = 8 * 1024

# Fields that each hop puts on top, so that they differ when one mail is delivered twice.
_TRACE = frozenset(b"return-path received delivered-to x-original-to envelope-to authentication-results".split())
FIELD_NAME = re.compile(rb"([!-9;-~]{1,100})[ \t]*:")
_ID = re.compile(r"<([!-;=?-~]{1,250})>")
# Fields whose values are kept: the author, and the marks that lists and our own systems write into their mails.
_KEPT = frozenset(b"from list-id feedback-id cfbl-address x-loop".split())


class HeaderScan(Struct, frozen=True, kw_only=True):
    """How many Received fields there are, the ids in In-Reply-To and References, and where the content begins.

    `own_start` is where the first field begins that no hop put on top. `values` holds the unfolded values of From and
    of the marks of lists and ourselves, None for one that can be read in two ways or is longer than 8 KiB. `is_sound`
    means that the header ends within the first 64 KiB and that each of its lines belongs to a field.
    """

    received: int
    has_message_id: bool
    answers: tuple[str, ...]
    own_start: int
    values: tuple[tuple[str, str | None], ...] = ()
    is_sound: bool = True

    def all(self, *names: str) -> tuple[str | None, ...]:
        """The values of these fields, in the order of the header."""
        return tuple(value for name, value in self.values if name in names)


def scan_header(content: bytes) -> HeaderScan:
    """Scan the header of a mail, whatever it is."""
    received, has_message_id, own_start = 0, False, None
    answers: list[str] = []
    kept: list[tuple[bytes, list[bytes]]] = []
    is_sound, has_ended = True, len(content) <= LOOKED_AT
    name, position = b"", 0
    for line in content[:LOOKED_AT].split(b"\r\n"):
        if not line:
            has_ended = True
            break
        if line[:1] not in (b" ", b"\t"):
            match = FIELD_NAME.match(line)
            name = match[1].lower() if match else b""
            is_sound = is_sound and match is not None
            received += name == b"received"
            if match and name in _KEPT:
                kept.append((name, [line[match.end() :]]))
            has_message_id = has_message_id or name == b"message-id"
            if own_start is None and name not in _TRACE:
                own_start = position
        elif name in _KEPT:
            kept[-1][1].append(line)
        is_sound = is_sound and bool(name)
        if name in (b"in-reply-to", b"references"):
            answers += _ID.findall(line.decode("latin-1"))
        position += len(line) + 2
    return HeaderScan(
        received=received,
        has_message_id=has_message_id,
        answers=tuple(answers),
        own_start=position if own_start is None else own_start,
        values=tuple((field.decode("ascii"), _text(b"".join(lines))) for field, lines in kept),
        is_sound=is_sound and has_ended,
    )


def header_fields(content: bytes) -> list[tuple[str, str]]:
    """The fields of the first 64 KiB, names in lower case and values unfolded; values are cut at 8 KiB.

    Letters without an encoding are UTF-8 (RFC 6532 §3.2), or the windows-1252 of an old program. NUL is left out: no
    valid header has it (RFC 5322 §2.2), and no database of PostgreSQL stores it.
    """
    fields: list[tuple[bytes, list[bytes]]] = []
    for line in content[:LOOKED_AT].split(b"\r\n"):
        if not line:
            break
        match = None if line[:1] in (b" ", b"\t") else FIELD_NAME.match(line)
        if match is not None:
            fields.append((match[1].lower(), [line[match.end() :]]))
        elif fields and line[:1] in (b" ", b"\t"):
            fields[-1][1].append(line)
    return [(name.decode("ascii"), _shown(_without_nul(b"".join(lines))).strip(" \t")) for name, lines in fields]


def first_value(fields: Sequence[tuple[str, str]], name: str) -> str:
    """The value of the first field of that name, or ""."""
    return next((value for field, value in fields if field == name), "")


def find_message_id(fields: Sequence[tuple[str, str]]) -> str | None:
    """The id of a mail, without brackets."""
    match = _ID.search(first_value(fields, "message-id"))
    return match[1] if match else None


def _shown(value: bytes) -> str:
    if len(value) > LONGEST_VALUE:  # it may be cut within a letter
        return value[:LONGEST_VALUE].decode("utf-8", "replace")
    return decode_unnamed(value)


def _without_nul(value: bytes) -> bytes:
    return value.replace(b"\0", b"")


def _text(value: bytes) -> str | None:
    try:
        return _without_nul(value).decode("utf-8").strip(" \t") if len(value) <= LONGEST_VALUE else None
    except UnicodeDecodeError:
        return _with_unknown_letters(value)


def _with_unknown_letters(value: bytes) -> str | None:
    """A value whose letters before a bracket are in some other charset; None if they could hide what follows.

    In no charset does a letter end like one of the delimiters; in some it ends like a backslash.
    """
    name, bracket, rest = value.rpartition(b"<")
    if not bracket or b"\\" in name or not rest.isascii():
        return None
    return _without_nul(value).decode("ascii", "replace").strip(" \t")


def own_digest(content: bytes, seen: HeaderScan) -> bytes:
    """A digest of a mail that does not depend on what the hops put on top.

    Without a Message-ID a mail has no identity of its own, so the trace fields count too.
    """
    return hashlib.sha256(memoryview(content)[seen.own_start if seen.has_message_id else 0 :]).digest()


def same_mail_digest(own: bytes, *, mail_from: str, recipient: str) -> bytes:
    """A digest that is equal only for deliveries of one mail (`own_digest`) from one sender to one recipient."""
    envelope = hashlib.sha256(f"{mail_from}\0{recipient}".encode("utf-8", "surrogateescape")).digest()
    return hashlib.sha256(envelope + own).digest()


def received_field(*, peer: str, by: str, number: int, at: int) -> bytes:
    """The trace field for a mail that we forward: from whom it came, and when (RFC 5321 §4.4)."""
    literal = f"IPv6:{peer}" if ":" in peer else peer
    origin = f"[{literal}]" if peer[:1].isdigit() or ":" in peer else "localhost"
    return f"Received: from {origin}\r\n by {by} (Pressrun) id {number};\r\n {format_date(at)}\r\n".encode("ascii")


_LONGEST_DATE = 100


def find_written_at(content: bytes) -> int | None:
    """UTC seconds of the first Date field (RFC 5322 §3.6.1), or None. A date without a zone is in UTC."""
    date = first_value(header_fields(content), "date")
    if len(date) > _LONGEST_DATE:
        return None
    try:
        return seconds_of(parsedate_to_datetime(date))
    except (ValueError, OverflowError):
        return None


_LONGEST_FROM = 2000
_BARE = re.compile(r"[ \t]*([^\s<>()\[\]\\,;:\"]{3,320})[ \t]*")
# Words before the address: quoted strings and plain characters, each of which matches in one way only.
_NAMED = re.compile(
    r"(?:\"(?:[^\"\\\x00-\x1f\x7f]|\\[ -~])*\"|[^\"(),:;<>@\[\]\\\x00-\x08\x0a-\x1f\x7f])*"
    r"<([^\s<>()\[\]\\,;:\"]{3,320})>[ \t]*"
)


def sole_author(values: Sequence[str | None]) -> Address | None:
    """The author that the From fields name, or None for any doubt (RFC 5322 §3.6.2).

    A mail program may show another author than a lenient parser finds. So there must be one field with one address:
    no second field, group, comment or route, and no value that is None because it is not text or too long.
    """
    if len(values) != 1 or values[0] is None or len(values[0]) > _LONGEST_FROM:
        return None
    match = _BARE.fullmatch(values[0]) or _NAMED.fullmatch(values[0])
    if match is None:
        return None
    address = find_address(match[1])
    is_whole = address is not None and address.typed == match[1]  # nothing that nobody sees is around it
    return address if is_whole else None
