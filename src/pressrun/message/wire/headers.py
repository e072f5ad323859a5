"""Header fields as bytes, built by hand (RFC 5322 §2.2, RFC 2047), because the standard library mangles some.

Every function returns whole fields with their CRLF, 7-bit except for an address that needs SMTPUTF8. A value can never
end its field, because control characters become blanks before anything else happens. URIs are verbatim and unbroken
inside their angle brackets, whatever their length (RFC 2369 §2), and never encoded-words.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote

from pressrun.core.text.charsets import storable
from pressrun.message.wire.mailbox import Mailbox

LINE = 76  # a line with an encoded-word, RFC 2047 §2
_WORD = 75  # an encoded-word, RFC 2047 §2
_OVERHEAD = len("=?utf-8?Q??=")
_LONGEST_PLAIN_WORD = 60
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_PRINTABLE = re.compile(r"[ -~]*", re.ASCII)
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_WITH_BLANKS = re.compile(r" *[^ ]+")  # a word and the blanks before it, where a line may be folded
_Q_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_URI = re.compile(r"[!#-;=?-\[\]_a-z~]*", re.ASCII)
_NOT_URI = re.compile(r"[^!#-;=?-\[\]_a-z~]", re.ASCII)
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")
_ID = re.compile(r"[!#-'*+/-9=?@A-Z^-~.-]*", re.ASCII)
_NOT_ID = re.compile(r"[^!#-'*+/-9=?@A-Z^-~.-]", re.ASCII)


def clean_value(text: str) -> str:
    """`text` made safe for a header: runs of control characters, CR and LF among them, become one blank."""
    if text.isascii() and text.isprintable():
        return text.strip(" ")
    return storable(_CONTROL.sub(" ", text)).strip(" ")


def subject_field(value: str) -> bytes:
    """The field Subject: plain and folded at blanks, or as encoded-words."""
    value = clean_value(value)
    room = LINE - len("Subject: ")
    if len(value) <= min(room, _LONGEST_PLAIN_WORD) and value.isascii() and "=?" not in value:
        return f"Subject: {value}\r\n".encode("ascii")
    if not _is_plain(value):
        return f"Subject: {_encode_words(value, room)}\r\n".encode("ascii")
    lines, line = [], ""
    for token in _WITH_BLANKS.findall(value):
        if line and len(line) + len(token) > room:
            lines.append(line)
            line, room = "", LINE
        line += token
    folded = "\r\n".join([*lines, line])
    return f"Subject: {folded}\r\n".encode("ascii")


def _is_plain(value: str) -> bool:
    if not _PRINTABLE.fullmatch(value) or "=?" in value:
        return False
    return max(map(len, _WITH_BLANKS.findall(value)), default=0) <= _LONGEST_PLAIN_WORD


def _encode_words(value: str, room: int) -> str:
    """`value` as encoded-words, one a line, none of which cuts a character (RFC 2047 §5)."""
    data = value.encode("utf-8")
    q_length = sum(1 if octet in _Q_SAFE or octet == 0x20 else 3 for octet in data)
    use_q = q_length <= (len(data) + 2) // 3 * 4
    words: list[str] = []
    limit = min(_WORD, room) - _OVERHEAD
    current, size = bytearray(), 0
    for character in value:
        octets = character.encode("utf-8")
        cost = sum(1 if octet in _Q_SAFE or octet == 0x20 else 3 for octet in octets) if use_q else len(octets)
        if current and size + cost > (limit if use_q else limit // 4 * 3):
            words.append(_encode_word(bytes(current), use_q=use_q))
            limit, size = _WORD - _OVERHEAD, 0
            current.clear()
        current += octets
        size += cost
    words.append(_encode_word(bytes(current), use_q=use_q))
    return "\r\n ".join(words)


def _encode_word(data: bytes, *, use_q: bool) -> str:
    if not use_q:
        return f"=?utf-8?B?{base64.b64encode(data).decode('ascii')}?="
    body = "".join(chr(octet) if octet in _Q_SAFE else "_" if octet == 0x20 else f"={octet:02X}" for octet in data)
    return f"=?utf-8?Q?{body}?="


def phrase(text: str, *, room: int, prefer_atoms: bool = False) -> str:
    """A display name: bare words if `prefer_atoms` and possible, else a quoted string or encoded-words."""
    text = clean_value(text)
    if not _PRINTABLE.fullmatch(text) or "=?" in text or len(text) > _LONGEST_PLAIN_WORD:
        return _encode_words(text, room)
    if prefer_atoms and _ATOMS.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def mailbox_field(name: str, mailbox: Mailbox) -> bytes:
    """A field with one mailbox, such as From or Reply-To."""
    address = mailbox.address.wire
    if not mailbox.name:
        return f"{name}: {address}\r\n".encode()
    shown = phrase(mailbox.name, room=LINE - len(name) - 2)
    return _before_bracket(f"{name}: {shown}", address)


def list_id_field(title: str, identifier: str) -> bytes:
    """`List-Id: Title <news.D>`: the phrase follows RFC 5322, the identifier is verbatim (RFC 2919 §3)."""
    shown = phrase(title, room=LINE - len("List-Id: "), prefer_atoms=True) if clean_value(title) else ""
    return _before_bracket(f"List-Id: {shown}" if shown else "List-Id:", identifier)


def _before_bracket(start: str, inside: str) -> bytes:
    last_line = start.rpartition("\r\n")[2]
    blank = " " if len(last_line) + len(inside) + 3 <= LINE else "\r\n "
    return f"{start}{blank}<{inside}>\r\n".encode()


def uri_field(name: str, *uris: str) -> bytes:
    """`<URI>` items, best first, folded only between items (RFC 2369 §2).

    Bytes are escaped in lower case, which means the same (RFC 3986 §6.2.2.1), because filters take `%AB` for a field of
    a template that was not filled.
    """
    shown = (_ESCAPED.sub(lambda match: match[0].lower(), clean_uri(uri)) for uri in uris)
    return (f"{name}: " + ",\r\n ".join(f"<{uri}>" for uri in shown) + "\r\n").encode("ascii")


def clean_uri(uri: str) -> str:
    """A URI made safe for angle brackets: whatever could end it is percent-encoded."""
    if _URI.fullmatch(uri):
        return uri
    return _NOT_URI.sub(lambda match: quote(match[0], safe="", errors="replace"), uri)


def clean_id(message_id: str) -> str:
    """The inside of a Message-ID's `<…>`, without characters that could end it."""
    return message_id if _ID.fullmatch(message_id) else _NOT_ID.sub("", message_id)


def id_field(name: str, *message_ids: str) -> bytes:
    """A field of message ids, such as Message-ID or In-Reply-To."""
    return (f"{name}: " + "\r\n ".join(f"<{clean_id(value)}>" for value in message_ids) + "\r\n").encode("ascii")


def plain_field(name: str, value: str) -> bytes:
    """A field with a plain value that we chose."""
    return f"{name}: {value}\r\n".encode("ascii")


@lru_cache(maxsize=64)
def format_date(at: int) -> str:
    """UTC seconds as `Thu, 01 Jan 1970 00:00:00 +0000` (RFC 5322 §3.3)."""
    when = datetime.fromtimestamp(at, UTC)
    return (
        f"{_DAYS[when.weekday()]}, {when.day:02d} {_MONTHS[when.month - 1]} {when.year:04d} "
        f"{when.hour:02d}:{when.minute:02d}:{when.second:02d} +0000"
    )
