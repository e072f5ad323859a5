r"""Merge fields in an edition: `{{ name }}`, `{{ name | default: friend }}`. Nothing else is evaluated.

Braces after a backslash are text: `\{{`.

Before Markdown or HTML is processed, each field becomes a placeholder of lower-case letters and digits that no step
changes. It is derived from a digest of the source and does not occur in it. In the finished part the placeholders
become slots, and what surrounds one decides how its value is escaped.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Callable, Collection, Iterable
from difflib import get_close_matches

from msgspec import Struct

from pressrun.message.content.html import ATTRIBUTE, TAG
from pressrun.message.finding import Finding, error
from pressrun.message.wire.slots import ESCAPES, Piece, Slot, SlotKind

READER_FIELDS = frozenset({"name", "email", "unsubscribe_url", "preferences_url"})
CONSTANT_FIELDS = frozenset({"list.title", "archive_url", "latest_url"})  # the same in every copy

NAMED_FIELD = re.compile(r"\{\{\s*+([^|{}]*?[^|{}\s])\s*+(?:\||\}\})")  # the name in a field, valid or not
_INSIDE = re.compile(r"([^\W\d][\w .-]*?)(?:\s*\|\s*default\s*:\s*(.*))?")
_QUOTED = re.compile(r"(?P<quote>[\"'])(.*)(?P=quote)")
_ENCODED = re.compile(
    r"(?:%7B%7B|\{\{(?=%20))(?:%20|\s)*([A-Za-z_][\w.-]*)(?:%20|\s)*(?:%7D%7D|\}\})", re.ASCII | re.IGNORECASE
)
_BRACES = re.compile(r"\{\{")
_BRACES_IN_MARKUP = re.compile(rf"{_ENCODED.pattern}|{_BRACES.pattern}", re.ASCII | re.IGNORECASE)
# Web mail puts `http://` before whatever somebody types as a link, also before a field that is a whole address.
_BEFORE_ADDRESS = re.compile(
    r"https?:/{2,3}(?=\{\{(?:\s|&nbsp;){0,9}(?:unsubscribe_url|preferences_url|archive_url|latest_url)\b)",
    re.IGNORECASE,
)
_IN_TEXT_URL = re.compile(r"(?:https?://|mailto:)[^\s<>\"]*\Z", re.IGNORECASE)
_LISTED = re.compile(r"(?:^|\n)\[[0-9]{1,5}\] \Z")  # the number of a link in the list below a text part
_LONGEST_FIELD = 300
_URL_ATTRIBUTES = frozenset({"href", "src", "cite", "background"})
_SHOWN = "{{{{ {} }}}}"

_KindAt = Callable[[str, int], SlotKind | None]


class Field(Struct, frozen=True):
    """One use of a field. `line` is 1-based in the edition file, or None for a use of ours."""

    name: str
    default: str
    line: int | None

    def __str__(self) -> str:
        return _SHOWN.format(self.name)


class FieldTable:
    """The fields of one edition: replaces them in its sources by placeholders, and finds these again in its parts."""

    def __init__(self, sources: Iterable[str], known_columns: Collection[str], constants: dict[str, str]) -> None:
        self.findings: list[Finding] = []
        self._fields: list[Field] = []
        self._known = READER_FIELDS | CONSTANT_FIELDS | frozenset(known_columns)
        self._constants = constants
        self._prefix = _absent_prefix("\0".join(sources).lower())
        self._pattern = re.compile(self._prefix + r"(\d+)q")

    def mark(self, text: str, *, first_line: int | None, is_markup: bool = False) -> str:
        """`text` with a placeholder for each field, and without the backslash before braces that are text.

        A malformed field stays, and an unknown one is empty; both are findings.
        """
        if is_markup:
            text = _ENCODED.sub(lambda match: _SHOWN.format(match[1]), text)
        text = _BEFORE_ADDRESS.sub("", text)
        done, position, line = [], 0, first_line
        while (start := text.find("{{", position)) >= 0:
            if line is not None:
                line += text.count("\n", position, start)
            if text.endswith("\\", 0, start):
                done.append(text[position : start - 1] + "{{")
                position = start + 2
                continue
            done.append(text[position:start])
            end = text.find("}}", start, start + _LONGEST_FIELD)
            inside = text[start + 2 : end] if end >= 0 else ""
            if end < 0 or "\n" in inside or "{{" in inside:
                self.findings.append(error("field-open", line))
                done.append("{{")
                position = start + 2
                continue
            done.append(self._placeholder_for(html.unescape(inside) if is_markup else inside, line))
            position = end + 2
        return "".join(done) + text[position:]

    def _placeholder_for(self, inside: str, line: int | None) -> str:
        match = _INSIDE.fullmatch(inside.replace("\xa0", " ").strip())
        if match is None:
            shown = _SHOWN.format(inside.strip())
            self.findings.append(error("field-malformed", line, field=shown))
            return shown
        default = (match[2] or "").strip()
        if quoted := _QUOTED.fullmatch(default):
            default = quoted[2]
        name = match[1].strip()
        if name not in self._known:
            close = get_close_matches(name, sorted(self._known), n=1)
            if close:
                self.findings.append(error("field-unknown-close", line, name=name, close=_SHOWN.format(close[0])))
            else:
                self.findings.append(error("field-unknown", line, name=name, known=", ".join(sorted(self._known))))
        return self.placeholder(name, default, line)

    def placeholder(self, name: str, default: str = "", line: int | None = None) -> str:
        """A new placeholder for a field."""
        self._fields.append(Field(name, default, line))
        return f"{self._prefix}{len(self._fields) - 1}q"

    def fields_in(self, text: str) -> list[Field]:
        """The fields whose placeholders are in `text`, in order."""
        return [self._fields[int(number)] for number in self._pattern.findall(text)]

    def autolinks(self, markdown: str) -> str:
        """`<{{ archive_url }}>` as a Markdown link, because with a placeholder inside it would be taken for a tag."""
        return re.sub(f"<({self._pattern.pattern})>", lambda match: f"[{match[1]}]({match[1]})", markdown)

    def show(self, text: str) -> str:
        """`text` with the fields as an author writes them, for messages."""
        return self._pattern.sub(lambda match: str(self._fields[int(match[1])]), text)

    def lost_from(self, marked: str, finished: Iterable[str]) -> list[Field]:
        """The fields of a marked source that are in none of the finished parts."""
        kept = {number for part in finished for number in self._pattern.findall(part)}
        return [self._fields[int(number)] for number in self._pattern.findall(marked) if number not in kept]

    def split_subject(self, text: str) -> list[Piece]:
        """The pieces of a header's value."""
        return self._split(text, lambda _text, _start: SlotKind.SUBJECT)

    def split_text(self, text: str) -> list[Piece]:
        """The pieces of a plain text part, where values inside a URL are percent-encoded."""
        return self._split(text, _kind_in_text)

    def split_html(self, page: str) -> tuple[list[Piece], list[Field]]:
        """The pieces of an HTML part that we serialised, and the fields where no value is allowed, which vanish."""
        places: dict[int, SlotKind | None] = {}
        for tag in TAG.finditer(page):
            for attribute in ATTRIBUTE.finditer(tag[0]):
                for match in self._pattern.finditer(attribute[2]):
                    start = tag.start() + attribute.start(2) + match.start()
                    places[start] = _kind_in_attribute(attribute[1], match.start())
        for style in re.finditer(r"<style[^>]*>(.*?)</style>", page, re.DOTALL):
            for match in self._pattern.finditer(style[1]):
                places[style.start(1) + match.start()] = None
        misplaced = [
            self._fields[int(match[1])]
            for match in self._pattern.finditer(page)
            if places.get(match.start(), SlotKind.HTML) is None
        ]
        return self._split(page, lambda _text, start: places.get(start, SlotKind.HTML)), misplaced

    def _split(self, text: str, kind_at: _KindAt) -> list[Piece]:
        pieces: list[Piece] = []
        position = 0
        for match in self._pattern.finditer(text):
            _add_text(pieces, text[position : match.start()])
            position = match.end()
            field, kind = self._fields[int(match[1])], kind_at(text, match.start())
            if kind is None:
                continue
            if field.name in self._constants:
                _add_text(pieces, ESCAPES[kind](self._constants[field.name] or field.default))
            else:
                pieces.append(Slot(kind, field.name, field.default))
        _add_text(pieces, text[position:])
        return pieces


def without_fields(source: str, *, is_markup: bool = False) -> str:
    """A source in which whatever looks like a field will be text."""
    return (_BRACES_IN_MARKUP if is_markup else _BRACES).sub(lambda match: "\\" + match[0], source)


def _add_text(pieces: list[Piece], text: str) -> None:
    if not text:
        return
    last = pieces[-1] if pieces else None
    if isinstance(last, str):
        pieces[-1] = last + text
    else:
        pieces.append(text)


def _absent_prefix(source: str) -> str:
    """Letters and digits that do not occur in `source`, the same for the same source."""
    digest = hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()
    while (prefix := f"q{digest[:16]}n") in source:
        digest = hashlib.sha256(digest.encode()).hexdigest()
    return prefix


def _kind_in_text(text: str, start: int) -> SlotKind:
    before = text[max(0, start - 2000) : start]
    if _LISTED.search(before[-10:]):
        return SlotKind.TEXT_URL
    return SlotKind.TEXT_URL_PART if _IN_TEXT_URL.search(before) else SlotKind.TEXT


def _kind_in_attribute(attribute: str, start: int) -> SlotKind | None:
    if attribute == "style":
        return None
    if attribute not in _URL_ATTRIBUTES:
        return SlotKind.ATTRIBUTE
    return SlotKind.URL if start == 0 else SlotKind.URL_PART
