"""MIME entities as streams: bytes that are the same in every copy, and slots between them (RFC 2045, RFC 2046).

Everything is 7-bit: text is quoted-printable or base64, whichever is shorter, and the rest is base64. A boundary holds
`=_`, which neither encoding can produce, so no content and no reader's value can ever end a part.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from msgspec import Struct

from pressrun.message.wire.base64_text import encode_lines, encoded_size
from pressrun.message.wire.headers import clean_value
from pressrun.message.wire.quoted_printable import encode_piece, normalise_lines
from pressrun.message.wire.slots import Piece, Slot, SlotKind

Stream = list[bytes | Slot]

_MEDIA_TYPES = {
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
    "pdf": "application/pdf", "zip": "application/zip", "ics": "text/calendar", "csv": "text/csv", "txt": "text/plain",
    "md": "text/markdown", "json": "application/json", "epub": "application/epub+zip", "odt":
    "application/vnd.oasis.opendocument.text", "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "mp3": "audio/mpeg", "vcf": "text/vcard",
}  # fmt: skip
_UNKNOWN = "application/octet-stream"
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,80}", re.ASCII)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # the markers of JPEG that hold a size, ITU-T T.81 §B.1.1.3
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers that nothing belongs to
_PLAIN_NAME = re.compile(r"[A-Za-z0-9 ._()+,-]{1,60}", re.ASCII)


class Enclosure(Struct, frozen=True, kw_only=True):
    """A file in a mail: shown inside the HTML if it has a `content_id`, else an attachment."""

    name: str
    media_type: str
    content: bytes
    content_id: str | None = None


def media_type_of(name: str, content: bytes) -> str:
    """The media type of a file: images by their first bytes, the rest by suffix."""
    return image_type(content) or _MEDIA_TYPES.get(name.rpartition(".")[2].lower(), _UNKNOWN)


def image_type(content: bytes) -> str | None:
    """The media type of an image that mail programs show, by its first bytes; None for anything else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


def image_size(content: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of a PNG, GIF or JPEG, read from its first bytes; None for anything else."""
    size: tuple[int, int] | None = None
    match image_type(content):
        case "image/png" if len(content) >= 24:
            size = struct.unpack(">II", content[16:24])
        case "image/gif" if len(content) >= 10:
            size = struct.unpack("<HH", content[6:10])
        case "image/jpeg":
            size = _jpeg_size(content)
    return size if size is not None and all(size) else None


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Skip from segment to segment to the frame, which may be far into the file."""
    place = 2
    while place + 9 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker == 0xFF or marker in _ALONE:
            place += 1 if marker == 0xFF else 2
            continue
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", content[place + 5 : place + 9])
            return width, height
        place += 2 + int.from_bytes(content[place + 2 : place + 4])
    return None


def text_entity(subtype: str, pieces: Sequence[Piece], *, parameters: str = "") -> Stream:
    """A text part, its last line ended, in the shorter encoding, which is base64 for most scripts except Latin."""
    if not pieces or isinstance(pieces[-1], Slot) or not pieces[-1].endswith(("\n", "\r")):
        pieces = [*pieces, "\n"]
    content = _quoted_printable(pieces)
    raw = [piece if isinstance(piece, Slot) else normalise_lines(piece).encode("utf-8", "replace") for piece in pieces]
    encoding = "quoted-printable"
    if encoded_size(_fixed_size(raw)) < _fixed_size(content):
        encoding, content = "base64", _base64(raw)
    head = f"Content-Type: text/{subtype}; charset=utf-8{parameters}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return [head.encode("ascii"), *content]


def _quoted_printable(pieces: Sequence[Piece]) -> Stream:
    """Each piece encoded; the value of a slot will be an encoded piece that ends in a soft line break."""
    joined: list[Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if isinstance(piece, str) and isinstance(last, str):
            joined[-1] = last + piece
        else:
            joined.append(piece)
    return [piece if isinstance(piece, Slot) else encode_piece(piece) for piece in joined]


def _base64(raw: Stream) -> Stream:
    """The finished lines or, if there are slots, the text as it is, which the skeleton encodes with the values."""
    if any(isinstance(piece, Slot) for piece in raw):
        return [Slot(SlotKind.BASE64_BEGIN), *raw, Slot(SlotKind.BASE64_END)]
    return [encode_lines(joined_octets(raw))]


def joined_octets(stream: Stream) -> bytes:
    """A stream without slots in one piece."""
    return b"".join(piece for piece in stream if isinstance(piece, bytes))


def _fixed_size(stream: Stream) -> int:
    return sum(len(piece) for piece in stream if isinstance(piece, bytes))


def enclosure_entity(enclosure: Enclosure) -> Stream:
    """A file as a base64 part."""
    media_type = enclosure.media_type if _MEDIA_TYPE.fullmatch(enclosure.media_type) else _UNKNOWN
    if media_type.startswith(("multipart/", "message/")):
        media_type = _UNKNOWN
    disposition = "attachment" if enclosure.content_id is None else "inline"
    head = f"Content-Type: {media_type}\r\nContent-Transfer-Encoding: base64\r\n"
    head += f"Content-Disposition: {disposition};\r\n {_file_name(enclosure.name)}\r\n"
    if enclosure.content_id is not None:
        head += f"Content-ID: <{enclosure.content_id}>\r\n"
    return [head.encode("ascii") + b"\r\n" + encode_lines(enclosure.content)]


def _file_name(name: str) -> str:
    """The parameter for a file's name, percent-encoded unless it is plain (RFC 2231 §4)."""
    name = clean_value(name).replace("/", "_").replace("\\", "_") or "file"
    if _PLAIN_NAME.fullmatch(name):
        return f'filename="{name}"'
    stem, dot, suffix = name.rpartition(".")
    short = name if len(name) <= 80 else stem[:70] + dot + suffix[:9]
    return f"filename*=utf-8''{quote(short, safe='')}"


def multipart_entity(subtype: str, parts: Sequence[Stream], *, seed: str, parameters: str = "") -> Stream:
    """Parts with one boundary, which is derived from `seed` and the subtype."""
    boundary = "=_" + hashlib.sha256(f"{seed}/{subtype}".encode()).hexdigest()[:24]
    head = f'Content-Type: multipart/{subtype};{parameters}\r\n boundary="{boundary}"\r\n\r\n'
    stream: Stream = [head.encode("ascii")]
    for part in parts:
        stream.append(f"--{boundary}\r\n".encode("ascii"))
        stream.extend(part)
        stream.append(b"\r\n")
    stream.append(f"--{boundary}--\r\n".encode("ascii"))
    return stream


def boundary_seed(parts: tuple[object, ...], enclosures: Iterable[Enclosure]) -> str:
    """A digest of the parts and files of a message, so that the same message has the same boundaries."""
    digest = hashlib.sha256(repr(parts).encode("utf-8", "replace"))
    for enclosure in enclosures:
        digest.update(hashlib.sha256(enclosure.content).digest())
    return digest.hexdigest()


def message_body(
    text: Sequence[Piece],
    html: Sequence[Piece] | None,
    enclosures: Iterable[Enclosure],
    *,
    seed: str,
    text_parameters: str = "",
) -> Stream:
    """The content fields and body of a message: text and HTML as alternatives, images inside the HTML, attachments."""
    enclosures = tuple(enclosures)
    inline = [enclosure_entity(item) for item in enclosures if item.content_id is not None and html is not None]
    attached = [enclosure_entity(item) for item in enclosures if item.content_id is None]
    body = text_entity("plain", text, parameters=text_parameters)
    if html is not None:
        shown = text_entity("html", html)
        if inline:
            shown = multipart_entity("related", [shown, *inline], seed=seed, parameters=' type="text/html";')
        body = multipart_entity("alternative", [body, shown], seed=seed)
    return multipart_entity("mixed", [body, *attached], seed=seed) if attached else body


def with_crlf(text: str) -> str:
    """`text` with CRLF line ends, the last line ended, as a mail program reads it back."""
    text = normalise_lines(text)
    return text if text.endswith("\r\n") else text + "\r\n"
