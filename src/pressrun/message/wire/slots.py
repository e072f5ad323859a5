"""The places in a message where a reader's own values go, and how a value is escaped for each.

A value may hold anything: quotes, markup, line breaks, control characters. The kind of the slot, which says where the
value goes, makes it safe. The kind is chosen when the message is built, never from the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import IntEnum
from urllib.parse import quote

import msgspec

from pressrun.core.text.controls import without_controls
from pressrun.message.wire.headers import clean_value


class SlotKind(IntEnum):
    """Where a value goes. The numbers are stored, so never reuse one."""

    TEXT = 1  # plain text, as it is
    TEXT_URL_PART = 2  # inside a URL in plain text: percent-encoded
    HTML = 3  # text between tags
    ATTRIBUTE = 4  # inside a double-quoted attribute
    URL_PART = 5  # inside the URL of an attribute: percent-encoded
    URL = 6  # at the start of the URL of an attribute: its scheme is checked
    TEXT_URL = 7  # the URL of a link in plain text: its scheme is checked
    SUBJECT = 20  # the whole subject field
    TO = 21
    DATE = 22
    MESSAGE_ID = 23
    UNSUBSCRIBE_URL = 24  # inside the brackets of List-Unsubscribe
    UNSUBSCRIBE_MAILTO = 25  # the second item of List-Unsubscribe; `default` holds the address around `%s`
    COPY_TOKEN = 26
    BASE64_BEGIN = 30  # the text between these two is encoded for each copy, together with its values
    BASE64_END = 31


class Slot(msgspec.Struct, frozen=True, array_like=True):
    """One place. `field` names the value, `default` replaces a missing one."""

    kind: SlotKind
    field: str = ""
    default: str = ""


Piece = str | Slot

URL_FIELDS = frozenset({"unsubscribe_url", "preferences_url", "archive_url", "latest_url"})

_UNFIT_FOR_HTML = re.compile(r'[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff&<>"]')
_SCHEME = re.compile(r"(?:https?://|mailto:|tel:)", re.ASCII | re.IGNORECASE)
_READY_URL = re.compile(r"https?://[!#$%()*+,./0-9:;=?@A-Z\[\]_a-z~-]*", re.ASCII)  # nothing in it to escape
_NOT_URL = re.compile(r"[^!#$%&'()*+,./0-9:;=?@A-Z\[\]_a-z~-]", re.ASCII)


def _plain(value: str) -> str:
    if value.isprintable():
        return value
    return without_controls(value)


def _html(value: str) -> str:
    if not _UNFIT_FOR_HTML.search(value):
        return value
    value = without_controls(value)
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _attribute(value: str) -> str:
    return _html(value).replace("'", "&#39;").replace("\r", " ").replace("\n", " ")


def _url_part(value: str) -> str:
    return quote(without_controls(value), safe="", errors="replace")


def _text_url(value: str) -> str:
    """A whole URL, or nothing where a mail may not link to its scheme."""
    if _READY_URL.fullmatch(value):
        return value
    value = without_controls(value).strip()
    if not _SCHEME.match(value):
        return ""
    return _NOT_URL.sub(lambda match: quote(match[0], safe="", errors="replace"), value)


def _url(value: str) -> str:
    """The same URL in an attribute."""
    return _attribute(_text_url(value))


ESCAPES: dict[SlotKind, Callable[[str], str]] = {
    SlotKind.TEXT: _plain,
    SlotKind.TEXT_URL_PART: _url_part,
    SlotKind.HTML: _html,
    SlotKind.ATTRIBUTE: _attribute,
    SlotKind.URL_PART: _url_part,
    SlotKind.URL: _url,
    SlotKind.TEXT_URL: _text_url,
    SlotKind.SUBJECT: clean_value,
}


def render(pieces: Sequence[Piece], fields: dict[str, str]) -> str:
    """The pieces as one text with these values, or the slot's default for a missing or empty value."""
    return "".join(
        [
            piece if isinstance(piece, str) else ESCAPES[piece.kind](fields.get(piece.field) or piece.default)
            for piece in pieces
        ]
    )
