"""What a mail holds, whatever program wrote it: its text in blocks, and its files (RFC 2046, RFC 2387, RFC 1847).

Programs nest the same things differently: text split around pictures, a footer in a part of its own, pictures beside
the HTML or below it, all of it once more inside a signature. Here it becomes one sequence of blocks, which
`joined_page` and `joined_text` join again. Encrypted mail is refused. What carries nothing for a reader is left out,
with a note.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from pressrun.core.text.charsets import FALLBACK, decode_exactly, decode_text
from pressrun.core.text.controls import without_controls
from pressrun.message.content.flowed import unflow
from pressrun.message.content.html import clean_html
from pressrun.message.content.plaintext import text_from_html
from pressrun.message.finding import Remark, remark, unreadable
from pressrun.message.incoming.parser import MAX_PARTS, MailPart
from pressrun.message.incoming.reading import decode_words
from pressrun.message.incoming.unwrapped import with_data_images, without_pgp_signature
from pressrun.message.wire.mime import Enclosure, image_type

LONGEST_TEXT = 1024 * 1024

_SECRET_TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"})
_SIGNATURES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"})
_OF_A_PROGRAM = frozenset({"text/x-amp-html", "text/watch-html", "text/enriched", "text/richtext"})
_MARKDOWN = frozenset({"text/markdown", "text/x-markdown"})
_SUFFIXES = {
    "image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp", "text/calendar": ".ics",
    "application/pdf": ".pdf",
}  # fmt: skip
_PGP_MESSAGE = "-----BEGIN PGP MESSAGE-----"
_PICTURE_ID = re.compile(r"\[cid:[^\[\]\s]{1,250}\]")
_PICTURE_LINE = re.compile(rf"(?m)^(?:[ \t]{{0,20}}{_PICTURE_ID.pattern})+[ \t]*\n")
_META_CHARSET = re.compile(rb"<meta\b[^>]{0,200}\bcharset\s{0,9}=\s{0,9}[\"']?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029/\\]")


class FoundFile(Enclosure, frozen=True, kw_only=True):
    """A file of a mail. HTML may show it by its `content_id`; `is_attachment` when the sender said so."""

    is_attachment: bool = False

    @property
    def is_markdown(self) -> bool:
        """Whether it is an edition file."""
        return _is_markdown(self.media_type, self.name)


def _is_markdown(media_type: str, name: str) -> bool:
    return media_type in _MARKDOWN or name.lower().endswith((".md", ".markdown"))


class Block(Struct, frozen=True, kw_only=True):
    """A piece of the text: plain, as HTML, both, or a picture at this place.

    A `text` of None has to be made from `html`; "" means that there is none.
    """

    text: str | None = None
    html: str | None = None
    image: FoundFile | None = None


class MailContents(Struct):
    """Everything that a mail holds."""

    blocks: list[Block] = field(default_factory=list)
    files: list[FoundFile] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)


def gather(message: MailPart) -> MailContents:
    """Find text and files. Raises UnreadableMail for a mail that is encrypted or too large."""
    gatherer = _Gatherer()
    contents = gatherer.contents
    blocks = contents.blocks = gatherer.read(message)
    if any(block.image is not None for block in blocks) and all(block.html is None for block in blocks):
        contents.notes.append(remark("mail-plain-pictures"))
    return contents


class _Gatherer:
    def __init__(self) -> None:
        self.contents = MailContents()
        self._text_size = 0

    def read(self, part: MailPart) -> list[Block]:
        """The blocks of a part; its files are collected on the way."""
        if part.get_content_maintype() != "multipart":
            return self._leaf(part)
        children = part.children() or []
        match part.get_content_subtype():
            case "encrypted":
                raise unreadable("mail-encrypted")
            case "signed":
                return self.read(children[0]) if children else []  # what follows is the signature
            case "alternative":
                return _chosen([self.read(child) for child in children])
            case "related":
                return self._related(children, _root_of(part, children))
            case _:
                return [block for child in children for block in self.read(child)]

    def _related(self, parts: Sequence[MailPart], root: MailPart | None) -> list[Block]:
        """The blocks of the root, and of texts that a program has put beside it although no part refers to them."""
        blocks: list[Block] = []
        for part in parts:
            own = self.read(part)
            if part is root:
                blocks += own
            elif not any(part.get(name) for name in ("Content-ID", "Content-Location")):
                blocks += [block for block in own if block.image is None]
        return blocks

    def _leaf(self, part: MailPart) -> list[Block]:
        media_type = part.get_content_type()
        name = _name_of(part)
        if media_type in _SECRET_TYPES:
            raise unreadable("mail-encrypted")
        if media_type in _SIGNATURES or media_type in _OF_A_PROGRAM:
            return []
        if media_type == "application/ms-tnef" or name.lower() == "winmail.dat":
            self._note("mail-winmail")
            return []
        if media_type.startswith("message/"):
            self._note("mail-attached")
            return []
        is_attachment = part.get_content_disposition() == "attachment"
        if media_type in ("text/plain", "text/html") and not is_attachment and not name:
            return self._text(part, is_html=media_type == "text/html")
        return self._file(part, media_type, name, is_attachment=is_attachment)

    def _text(self, part: MailPart, *, is_html: bool) -> list[Block]:
        text = self._decoded(part)
        text = with_data_images(text, self._keep_data_image) if is_html else without_pgp_signature(text)
        self._text_size += len(text)
        if self._text_size > 2 * LONGEST_TEXT or len(text) > LONGEST_TEXT:
            raise unreadable("mail-text-long", most=LONGEST_TEXT // 1024)
        if text.lstrip()[: len(_PGP_MESSAGE)] == _PGP_MESSAGE:
            raise unreadable("mail-encrypted")
        if not text.strip():
            return []
        return [Block(html=text) if is_html else Block(text=text)]

    def _file(self, part: MailPart, media_type: str, name: str, *, is_attachment: bool) -> list[Block]:
        payload = part.octets()
        if not payload:
            return []
        if _is_markdown(media_type, name):
            payload = self._decoded(part).encode("utf-8")
        content_id = _content_id_of(part)[:200] or None
        kind = image_type(payload)
        suffix = ".md" if media_type in _MARKDOWN else _SUFFIXES.get(kind or media_type, "")
        file = FoundFile(
            name=name or f"part-{len(self.contents.files) + 1}{suffix}",
            media_type=media_type,
            content=payload,
            content_id=content_id,
            is_attachment=is_attachment,
        )
        self.contents.files.append(file)
        is_image = kind is not None or media_type.startswith("image/")
        stands_here = is_image and content_id is None and not is_attachment
        return [Block(text="", image=file)] if stands_here else []

    def _keep_data_image(self, content: bytes) -> str | None:
        """Keep an image that is written inside the HTML as a file, and return its Content-ID; None for one too many."""
        number, kind = len(self.contents.files) + 1, image_type(content)
        if kind is None or number > MAX_PARTS:
            return None
        name, content_id = f"image-{number}{_SUFFIXES[kind]}", f"data-{number}"
        self.contents.files.append(FoundFile(name=name, media_type=kind, content=content, content_id=content_id))
        return content_id

    def _decoded(self, part: MailPart) -> str:
        data = part.octets()
        text = decode_exactly(data, part.charset or _charset_inside(part, data))
        if text is None:
            text = self._guessed(data)
        text = without_controls(re.sub(r"\r\n?", "\n", text.removeprefix("\ufeff")))
        if str(part.get_param("format", "")).lower() == "flowed":
            return unflow(text, delete_blank=str(part.get_param("delsp", "")).lower() == "yes")
        return text

    def _guessed(self, data: bytes) -> str:
        """Text in an unknown encoding, or in another one than it says."""
        text = decode_exactly(data, "utf-8")
        if text is None:
            self._note("mail-encoding")
            text = decode_text(data, FALLBACK)
        return text

    def _note(self, code: str) -> None:
        if remark(code) not in self.contents.notes:
            self.contents.notes.append(remark(code))


def _charset_inside(part: MailPart, data: bytes) -> str:
    """The charset that HTML names itself, or ""."""
    match = _META_CHARSET.search(data[:4096]) if part.get_content_type() == "text/html" else None
    return "" if match is None else match[1].decode("ascii")


def _root_of(related: MailPart, children: Sequence[MailPart]) -> MailPart | None:
    """The part that shows the others: the one that `start` names, else the first text (RFC 2387 §3.2)."""
    start = related.start
    named = [child for child in children if start and _content_id_of(child) == start]
    texts = [
        child
        for child in children
        if child.get_content_type().startswith(("text/plain", "text/html", "multipart/"))
        and child.get_content_disposition() != "attachment"
    ]
    return next(iter([*named, *texts, *children]), None)


def _content_id_of(part: MailPart) -> str:
    return str(part.get("Content-ID", "")).strip().strip("<>")


def _chosen(options: list[list[Block]]) -> list[Block]:
    """The last HTML of the alternatives, with the first plain text beside it (RFC 2046 §5.1.4)."""
    pages = [option for option in options if any(block.html is not None for block in option)]
    plain = [option for option in options if option not in pages and any(block.text for block in option)]
    if not pages:
        return plain[0] if plain else [block for option in options for block in option]
    if not plain:
        return pages[-1]
    written = "\n\n".join(block.text.strip("\n") for block in plain[0] if block.text) + "\n"
    blocks = [replace(block, html=_as_html(block), text="") for block in pages[-1]]
    blocks[0] = replace(blocks[0], text=written)
    return blocks


def _as_html(block: Block) -> str | None:
    return _text_as_html(block.text) if block.html is None and block.text else block.html


def _text_as_html(text: str) -> str:
    """Plain text between pieces of HTML; its lines are kept."""
    return f'<div style="white-space: pre-wrap">{html.escape(text.strip(), quote=False)}</div>'


def _name_of(part: MailPart) -> str:
    """The name of a file, safe to show, or ""."""
    return _UNSAFE.sub("_", decode_words(str(part.get_filename() or "")))[-120:].strip(" .")


def joined_page(blocks: Sequence[Block], id_of: Callable[[FoundFile], str]) -> str | None:
    """The HTML in one piece, its pictures by the Content-ID that `id_of` gives; None for a plain mail."""
    if not any(block.html is not None for block in blocks):
        return None
    pieces = []
    for block in blocks:
        if block.image is not None:
            shown = html.escape(block.image.name.rpartition(".")[0] or block.image.name)
            pieces.append(f'<p><img src="cid:{id_of(block.image)}" alt="{shown}"></p>')
        elif block.html is not None:
            pieces.append(block.html)
        elif block.text:
            pieces.append(_text_as_html(block.text))
    return "\n".join(pieces)


def joined_text(blocks: Sequence[Block], *, has_page: bool) -> str:
    """The plain text as it was written; "" where all of it has to be made from the HTML.

    The ids that Outlook writes in place of the pictures of its HTML are left out, since they mean nothing to a reader.
    """
    if has_page and not any(block.text for block in blocks):
        return ""
    pieces = [
        text_from_html(clean_html(block.html or "").body) if block.text is None else block.text for block in blocks
    ]
    if has_page:
        pieces = [_PICTURE_ID.sub("", _PICTURE_LINE.sub("", piece)) for piece in pieces]
    return "\n\n".join(piece.strip("\n") for piece in pieces if piece.strip()) + "\n"
