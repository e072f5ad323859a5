"""The parsed source of an edition: its format, its keys, its body and the files inside it."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from pressrun.message.finding import Remark
from pressrun.message.sources.front_matter import FrontMatter
from pressrun.message.wire.mime import Enclosure


class EditionFormat(StrEnum):
    """The format of an edition, by the suffix of its file."""

    MARKDOWN = "md"
    HTML = "html"
    TEXT = "txt"
    MIME = "eml"


FORMATS = {
    ".md": EditionFormat.MARKDOWN,
    ".markdown": EditionFormat.MARKDOWN,
    ".html": EditionFormat.HTML,
    ".htm": EditionFormat.HTML,
    ".txt": EditionFormat.TEXT,
    ".eml": EditionFormat.MIME,
}


class EditionFile(Struct, frozen=True, kw_only=True):
    """A source with its keys. `body_line` is the 1-based line of the body's first line.

    For MIME sources `body` is the text part or "", `html` the HTML part, and `enclosed` the rest. `notes` tells the
    author what was left out or changed.
    """

    format: EditionFormat
    keys: FrontMatter
    body: str
    body_line: int = 1
    html: str | None = None
    enclosed: tuple[Enclosure, ...] = ()
    notes: tuple[Remark, ...] = ()
