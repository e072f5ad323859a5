"""The kinds of values that settings of a list have. Each reads what a person typed, or raises BadInput.

Every value is checked here, once, before it can reach a header: no line break or control character passes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from pressrun.core.addresses.address import parse_address
from pressrun.core.colour import Colour
from pressrun.core.errors import BadInput
from pressrun.core.names import parse_family_name
from pressrun.core.pacing.opening_hours import format_hours, parse_hours
from pressrun.locales.all_languages import is_known
from pressrun.locales.languages import LANGUAGES
from pressrun.message.layouts.built_in import LAYOUT_NAMES
from pressrun.message.wire.mailbox import parse_mailbox
from pressrun.services.editions.sending_hours import parse_time_zone

V = TypeVar("V")
Value = str | bool | None

LONGEST_LINE = 200
LONGEST_TEXT = 2000
OFF = frozenset({"false", "no", "off", "0"})
_ON = frozenset({"true", "yes", "on", "1"})

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*", re.ASCII)
_LAYOUT = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
_REMOTE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


class ValueKind(Struct, frozen=True, kw_only=True):
    """`form` shows a person what to type. A choice takes one of its `words`."""

    form: str
    read: Callable[[str], Value]
    words: tuple[str, ...] = ()


def read_field(name: str, read: Callable[[str], V], text: str) -> V:
    """The value of a field; an error names the field. Raises BadInput."""
    try:
        return read(text)
    except BadInput as problem:
        raise BadInput(f"{name}: {problem}") from None


def read_line(text: str) -> str:
    """One line of text without control characters; raises BadInput."""
    text = text.strip()
    if _CONTROL.search(text):
        raise BadInput("contains a line break or control character, which could end up in a header. Write one line")
    if len(text) > LONGEST_LINE:
        raise BadInput(f"has {len(text)} characters; at most {LONGEST_LINE} are allowed")
    return text


def read_language(text: str) -> str:
    """A language tag (BCP 47) such as `en` or `pt-BR`; raises BadInput."""
    if _LANGUAGE.fullmatch(text.strip()) is None or len(text.strip()) > 35:
        raise BadInput(f"invalid language {text!r}. Write a tag such as en, de or pt-BR")
    return text.strip()


def one_of(*words: str) -> ValueKind:
    """One of these words."""

    def read(text: str) -> str:
        if text.strip() not in words:
            raise BadInput(f"{text!r} is not one of {', '.join(words)}")
        return text.strip()

    return ValueKind(form="|".join(words), read=read, words=words)


def _read_known_language(text: str) -> str:
    tag = read_language(text)
    if not is_known(tag):
        raise BadInput(
            f"{tag!r} is not a known language. Pages and emails exist in {', '.join(LANGUAGES)}; "
            "for any other language, use its own tag, such as sv"
        )
    return tag


def _read_title(text: str) -> str:
    title = read_line(text)
    if not title:
        raise BadInput("must not be empty")
    return title


def _read_text(text: str) -> str:
    text = re.sub(r"\r\n?", "\n", text).strip()
    if _CONTROL.search(text.replace("\n", "")):
        raise BadInput("contains a control character")
    if len(text) > LONGEST_TEXT:
        raise BadInput(f"has {len(text)} characters; at most {LONGEST_TEXT} are allowed")
    return text


def _read_mailbox(text: str) -> str:
    """A mailbox for a field of every copy, whichever relay it goes through."""
    mailbox = parse_mailbox(text)
    if mailbox.address.needs_smtputf8:
        raise BadInput(f"{text!r}: the part before the @ must be ASCII, because many mail servers accept nothing else")
    return str(mailbox)


def _read_flag(text: str) -> bool:
    word = text.strip().lower()
    if word not in _ON | OFF:
        raise BadInput(f"{text!r} is neither true nor false")
    return word in _ON


def _read_layout(text: str) -> str:
    """A name; the caller checks that an operator's own layout of that name exists."""
    if _LAYOUT.fullmatch(text.strip()) is None:
        raise BadInput(f"{text!r} cannot name a layout. Use {', '.join(LAYOUT_NAMES)}, or one of your own")
    return text.strip()


def _read_picture_name(text: str) -> str | None:
    if _REMOTE.match(text.strip()):
        raise BadInput("is a web address. Emails load nothing from elsewhere, so give a local file")
    return read_line(text).rstrip("/").rpartition("/")[2] or None


def _read_edition_name(text: str) -> str | None:
    return None if text.strip().lower() in ("", *OFF) else read_line(text).rpartition("/")[2]


TITLE = ValueKind(form="TEXT", read=_read_title)
LINE = ValueKind(form="TEXT", read=read_line)
TEXT = ValueKind(form="TEXT", read=_read_text)
MAILBOX = ValueKind(form="MAILBOX", read=_read_mailbox)
ADDRESS = ValueKind(form="ADDRESS", read=lambda text: parse_address(text).typed)
LANGUAGE = ValueKind(form="TAG", read=_read_known_language)
FAMILY = ValueKind(form="NAME", read=lambda text: parse_family_name(text.strip()))
FLAG = ValueKind(form="true|false", read=_read_flag)
LAYOUT = ValueKind(form="NAME", read=_read_layout)
COLOUR = ValueKind(form="#RRGGBB", read=lambda text: str(Colour.parse(text)))
HOURS = ValueKind(form="HH:MM-HH:MM", read=lambda text: format_hours(*parse_hours(text)))
TIME_ZONE = ValueKind(form="ZONE", read=lambda text: parse_time_zone(text).key)
RELAY = ValueKind(form="NAME", read=read_line)
PICTURE = ValueKind(form="FILE", read=_read_picture_name)  # the name of a file, whose content comes beside the settings
EDITION = ValueKind(form="FILE|off", read=_read_edition_name)  # likewise; None for `off`
