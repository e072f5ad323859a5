"""Parsing an edition file: keys and a body, or a complete MIME message.

Nothing is fetched here: `referenced_paths` names the files that belong to the edition, and the caller reads them.
A path is relative to the edition file and never leaves its folder.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from msgspec import Struct

from pressrun.core.errors import EditionError
from pressrun.core.text.controls import without_controls
from pressrun.message.content.html import clean_html
from pressrun.message.content.markdown import render_markdown
from pressrun.message.content.tree import parse_tree
from pressrun.message.sources.edition_source import FORMATS, EditionFile, EditionFormat
from pressrun.message.sources.front_matter import FrontMatter, Value, find_fences, parse_front_matter
from pressrun.message.sources.mime_source import parse_mime_source

__all__ = [
    "EditionFile",
    "EditionFormat",
    "Reference",
    "is_relative",
    "line_of",
    "parse_edition",
    "referenced_paths",
    "relative_path",
]

_FIELD = "q0mergefield0q"


class Reference(Struct, frozen=True, order=True):
    """A file beside the edition: its `path` with `/` and without `..`, and the line that names it."""

    path: str
    line: int | None


def parse_edition(source: bytes, suffix: str) -> EditionFile:
    """Parse a source by its file's suffix (`.md`, `.html`, `.txt`, `.eml`). Raises EditionError with the line."""
    edition_format = FORMATS.get(suffix.lower())
    if edition_format is None:
        raise EditionError(f"an edition file must end in .md, .html, .txt or .eml, not {suffix or 'nothing'!r}")
    if edition_format is EditionFormat.MIME:
        return parse_mime_source(source)
    text = _decode(source)
    lines = text.split("\n")
    fences = find_fences(lines)
    if fences is None:
        return EditionFile(format=edition_format, keys=FrontMatter(), body=text)
    first, last = fences
    keys = parse_front_matter("\n".join(lines[first + 1 : last]), first_line=first + 2)
    return EditionFile(format=edition_format, keys=keys, body="\n".join(lines[last + 1 :]), body_line=last + 2)


def _decode(source: bytes) -> str:
    try:
        text = source.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as problem:
        line = source.count(b"\n", 0, problem.start) + 1
        raise EditionError("the file is not UTF-8. Save it as UTF-8", line=line) from None
    if "\0" in text:
        raise EditionError("the file contains a NUL character", line=text.count("\n", 0, text.index("\0")) + 1)
    return without_controls(re.sub(r"\r\n?", "\n", text))


def referenced_paths(file: EditionFile) -> tuple[Reference, ...]:
    """The files that the edition needs from beside it, each path once. Raises EditionError for a bad path."""
    references: dict[str, Reference] = {}
    for value in (*file.keys.attachments, *filter(None, [file.keys.text]), *_relative_images(file)):
        path = relative_path(value.text, value.line)
        references.setdefault(path, Reference(path, value.line))
    return tuple(references.values())


def _relative_images(file: EditionFile) -> list[Value]:
    match file.format:
        case EditionFormat.MARKDOWN:
            page = render_markdown(file.body)
        case EditionFormat.HTML:
            page = file.body
        case _:
            return []
    # A merge field is not a path, and its quotes or blanks must not break the markup around it.
    page = re.sub(r"\{\{[^{}\n]*\}\}", _FIELD, page)
    sources = [image.attributes.get("src", "") for image in parse_tree(clean_html(page).body).find_all("img")]
    return [
        Value(unquote(re.split(r"[?#]", source, maxsplit=1)[0]), line_of(file, source) or file.body_line)
        for source in sources
        if source and _FIELD not in source and is_relative(source)
    ]


def is_relative(url: str) -> bool:
    """Whether a URL means a file beside the edition: it has no scheme or host, and is not just a fragment."""
    return not re.match(r"[A-Za-z][A-Za-z0-9+.-]+:|//|#|\Z", url, re.ASCII)


def line_of(file: EditionFile, *needles: str) -> int | None:
    """The first line of the edition file that has one of these texts, or its percent-decoded form."""
    for needle in needles:
        for spelling in (needle, unquote(needle), needle.replace("&", "&amp;")):
            position = file.body.find(spelling) if spelling else -1
            if position >= 0 and file.format is not EditionFormat.MIME:
                return file.body_line + file.body.count("\n", 0, position)
    return None


def relative_path(path: str, line: int | None) -> str:
    """`path` in its plain spelling. Raises EditionError when it is absolute or above the edition file."""
    if "\\" in path or re.match(r"[A-Za-z]:|[A-Za-z][A-Za-z0-9+.-]+:", path) or any(ord(c) < 32 for c in path):
        raise EditionError(f"{path!r} is not a relative path. Write parts joined by /", line=line)
    if path.startswith("/"):
        raise EditionError(f"{path!r} is an absolute path. Write it relative to the edition file", line=line)
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                raise EditionError(f"{path!r} is above the edition file. Put the file beside it", line=line)
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    if not parts:
        raise EditionError(f"{path!r} does not name a file", line=line)
    return "/".join(parts)
