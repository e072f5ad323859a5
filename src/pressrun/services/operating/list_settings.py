"""The settings of a list as an operator writes them, KEY=VALUE, and as they are stored.

Every value is checked here, once, before it can reach a header: no line break or control character passes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from pressrun.core.address import parse_address
from pressrun.core.colour import Colour
from pressrun.core.errors import BadInput, UsageError
from pressrun.core.names import parse_family_name
from pressrun.core.opening_hours import format_hours, parse_hours
from pressrun.locales.known import is_known
from pressrun.locales.languages import LANGUAGES
from pressrun.message.layouts.built_in import LAYOUT_NAMES
from pressrun.message.wire.mailbox import parse_mailbox
from pressrun.services.editions.sending_hours import parse_time_zone

Value = str | bool | None

LONGEST_LINE = 200
LONGEST_TEXT = 2000

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*", re.ASCII)
_LAYOUT = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
_REMOTE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_YES = frozenset({"true", "yes", "on", "1"})
_NO = frozenset({"false", "no", "off", "0"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    """One setting: the column it is stored in, how its value is read, and what is right."""

    column: str
    read: Callable[[str], Value]
    help: str


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


def _read_list_language(text: str) -> str:
    tag = read_language(text)
    if not is_known(tag):
        raise BadInput(
            f"{tag!r} is not a known language. Pages and mails speak {', '.join(LANGUAGES)}; "
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
    """For fields of every copy, whichever relay it goes through."""
    mailbox = parse_mailbox(text)
    if mailbox.address.needs_smtputf8:
        raise BadInput(f"{text!r}: the part before the @ must be ASCII, because many mail servers accept nothing else")
    return str(mailbox)


def _read_mailbox_or_none(text: str) -> str | None:
    return _read_mailbox(text) if text.strip() else None


def _read_owner(text: str) -> str | None:
    return parse_address(text).typed if text.strip() else None


def _read_flag(text: str) -> bool:
    word = text.strip().lower()
    if word not in _YES | _NO:
        raise BadInput(f"{text!r} is neither true nor false")
    return word in _YES


def _read_name_or_none(text: str) -> str | None:
    return read_line(text) or None


def _read_family(text: str) -> str | None:
    """A name; whether it is in the way of a list is looked up within the transaction."""
    return parse_family_name(text.strip()) if text.strip() else None


def _read_layout(text: str) -> str:
    """A name; whether there is a layout of that name is looked up by whoever knows the operator's own."""
    if _LAYOUT.fullmatch(text.strip()) is None:
        raise BadInput(f"{text!r} cannot name a layout. Use {', '.join(LAYOUT_NAMES)}, or one of your own")
    return text.strip()


def _read_colour(text: str) -> str | None:
    return str(Colour.parse(text)) if text.strip() else None


def _read_logo_name(text: str) -> str | None:
    """The name of the file; what is in it comes beside the settings, see `read_logo`."""
    if _REMOTE.match(text.strip()):
        raise BadInput("is a web address. Mails load nothing from elsewhere, so give a local file")
    return read_line(text).rstrip("/").rpartition("/")[2] or None


def _read_welcome(text: str) -> str | None:
    """The name of the file; what is in it comes beside the settings."""
    return None if text.strip().lower() in ("", *_NO) else read_line(text).rpartition("/")[2]


def _read_hours(text: str) -> str | None:
    return format_hours(*parse_hours(text)) if text.strip() else None


def _read_zone(text: str) -> str:
    return parse_time_zone(text).key


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.strip() not in words:
            raise BadInput(f"{text!r} is not one of {', '.join(words)}")
        return text.strip()

    return read


_KEYS: dict[str, _Key] = {
    "title": _Key(column="title", read=_read_title, help="the name that readers see"),
    "from": _Key(column="from_address", read=_read_mailbox, help='"Name" <address> of the From field'),
    "owner": _Key(column="owner", read=_read_owner, help="address that answers for the list; empty: the operator"),
    "description": _Key(column="description", read=_read_text, help="a few sentences for the list's page"),
    "postal_address": _Key(column="postal_address", read=_read_text, help="shown in every edition, as the law asks"),
    "language": _Key(column="language", read=_read_list_language, help="tag such as en"),
    "family": _Key(
        column="family",
        read=_read_family,
        help="lists of one family are one newsletter in several languages; empty: none",
    ),
    "archive": _Key(column="archive", read=_one_of("public", "members", "off"), help="public, members or off"),
    "reply_to": _Key(column="reply_to", read=_read_mailbox_or_none, help="instead of NAME-owner@D; empty: that"),
    "listed": _Key(column="listed", read=_read_flag, help="true or false: shown on the front page"),
    "closed": _Key(column="closed", read=_read_flag, help="true or false; true is `list close`"),
    "post_by_mail": _Key(
        column="post_by_mail", read=_one_of("approve", "direct", "off"), help="approve, direct or off"
    ),
    "layout": _Key(
        column="layout",
        read=_read_layout,
        help=f"how editions look: {', '.join(LAYOUT_NAMES)}, or a layout of your own",
    ),
    "colour": _Key(column="colour", read=_read_colour, help="#rrggbb, the list's colour; empty: the layout's own"),
    "logo": _Key(column="logo", read=_read_logo_name, help="a PNG, JPEG or GIF in place of the title; empty: none"),
    "footer": _Key(column="footer", read=_read_text, help="a few lines below every edition, in plain text"),
    "hours": _Key(column="hours", read=_read_hours, help="08:00-20:00, when editions go out; empty: at any hour"),
    "timezone": _Key(column="timezone", read=_read_zone, help="of those hours, such as Europe/Berlin"),
    "relay": _Key(column="relay", read=_read_name_or_none, help="name of the [[relay]] to go through; empty: any"),
    "leaving_note": _Key(
        column="leaving_note", read=_read_flag, help="true or false: who leaves or pauses is mailed a link to undo it"
    ),
    "welcome": _Key(
        column="welcome", read=_read_welcome, help="an edition file that each new reader is mailed once; off: none"
    ),
    "front": _Key(
        column="front", read=_one_of("full", "teaser"), help="full or teaser: the latest edition on the list's page"
    ),
    "cadence": _Key(column="cadence", read=read_line, help="how often editions come, such as Every Thursday"),
    "ask_name": _Key(column="ask_name", read=_read_flag, help="true or false: the sign-up form asks for a name"),
    "typeface": _Key(
        column="typeface",
        read=_one_of("sans", "serif", "mono"),
        help="sans, serif or mono, on the list's pages and in its mails",
    ),
    "require_postal_address": _Key(
        column="require_postal_address", read=_read_flag, help="true or false: a send without one is refused"
    ),
}
KEYS: Mapping[str, str] = {name: key.help for name, key in _KEYS.items()}
"""What can be set, each with its explanation."""


def read_settings(given: Mapping[str, str]) -> dict[str, Value]:
    """The values by their column names; raises UsageError for an unknown key, BadInput for a bad value."""
    found: dict[str, Value] = {}
    for name, text in given.items():
        plain = name.strip().lower().replace("-", "_")
        key = _KEYS.get(plain)
        if key is None:
            near = get_close_matches(plain, _KEYS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"keys are {', '.join(_KEYS)}"
            raise UsageError(f"unknown setting {name!r}; {hint}")
        try:
            found[key.column] = key.read(text)
        except BadInput as problem:
            raise BadInput(f"{plain}: {problem}") from None
    return found
