"""The settings of a list as an operator writes them, KEY=VALUE, and as they are stored.

Every value is checked here, once, before it can reach a header: no line break or control character passes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches

from pressrun.core.addresses.address import parse_address
from pressrun.core.colour import Colour
from pressrun.core.errors import BadInput, InvalidFields, UsageError
from pressrun.core.names import parse_family_name
from pressrun.core.pacing.opening_hours import format_hours, parse_hours
from pressrun.locales.all_languages import is_known
from pressrun.locales.languages import LANGUAGES
from pressrun.message.layouts.built_in import LAYOUT_NAMES
from pressrun.message.wire.mailbox import parse_mailbox
from pressrun.services.editions.sending_hours import parse_time_zone

Value = str | bool | None

APPROVAL = "approval"  # the setting that only operators may change
LONGEST_LINE = 200
LONGEST_TEXT = 2000

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*", re.ASCII)
_LAYOUT = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
_REMOTE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_YES = frozenset({"true", "yes", "on", "1"})
_NO = frozenset({"false", "no", "off", "0"})


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
    if word not in _YES | _NO:
        raise BadInput(f"{text!r} is neither true nor false")
    return word in _YES


def _read_layout(text: str) -> str:
    """A name; the caller checks that an operator's own layout of that name exists."""
    if _LAYOUT.fullmatch(text.strip()) is None:
        raise BadInput(f"{text!r} cannot name a layout. Use {', '.join(LAYOUT_NAMES)}, or one of your own")
    return text.strip()


def _read_logo_name(text: str) -> str | None:
    """The name of a file, whose content comes beside the settings."""
    if _REMOTE.match(text.strip()):
        raise BadInput("is a web address. Emails load nothing from elsewhere, so give a local file")
    return read_line(text).rstrip("/").rpartition("/")[2] or None


def _read_welcome_name(text: str) -> str | None:
    """The name of a file, whose content comes beside the settings; None for `off`."""
    return None if text.strip().lower() in ("", *_NO) else read_line(text).rpartition("/")[2]


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.strip() not in words:
            raise BadInput(f"{text!r} is not one of {', '.join(words)}")
        return text.strip()

    return read


def _or_none(read: Callable[[str], str]) -> Callable[[str], str | None]:
    """The same, but None for an empty value."""
    return lambda text: read(text) if text.strip() else None


KEYS: Mapping[str, Callable[[str], Value]] = {
    "title": _read_title,
    "from": _read_mailbox,
    "owner": _or_none(lambda text: parse_address(text).typed),
    "description": _read_text,
    "postal_address": _read_text,
    "language": _read_list_language,
    "family": _or_none(lambda text: parse_family_name(text.strip())),
    "archive": _one_of("public", "members", "off"),
    "reply_to": _or_none(_read_mailbox),
    "listed": _read_flag,
    "closed": _read_flag,
    "post_by_mail": _one_of("approve", "direct", "off"),
    APPROVAL: _one_of("none", "second-person"),
    "layout": _read_layout,
    "colour": _or_none(lambda text: str(Colour.parse(text))),
    "logo": _read_logo_name,
    "footer": _read_text,
    "hours": _or_none(lambda text: format_hours(*parse_hours(text))),
    "timezone": lambda text: parse_time_zone(text).key,
    "relay": _or_none(read_line),
    "leaving_note": _read_flag,
    "welcome": _read_welcome_name,
    "front": _one_of("full", "teaser"),
    "cadence": read_line,
    "ask_name": _read_flag,
    "typeface": _one_of("sans", "serif", "mono"),
    "require_postal_address": _read_flag,
}
"""What can be set, each with the parser of its value; `list set --help` explains them."""
_COLUMNS = {"from": "from_address"}  # every other key has the name of its column


def plain_key(name: str) -> str:
    """A key as it is known, however it was typed."""
    return name.strip().lower().replace("-", "_")


def read_settings(settings: Mapping[str, str]) -> dict[str, Value]:
    """The values by their column names; raises UsageError for an unknown key, and InvalidFields for all bad values."""
    values: dict[str, Value] = {}
    faults: list[tuple[str, str]] = []
    for name, text in settings.items():
        key = plain_key(name)
        if key not in KEYS:
            near = get_close_matches(key, KEYS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"keys are {', '.join(KEYS)}"
            raise UsageError(f"unknown setting {name!r}; {hint}")
        try:
            values[_COLUMNS.get(key, key)] = KEYS[key](text)
        except BadInput as problem:
            faults.append((key, str(problem)))
    if faults:
        raise InvalidFields(faults)
    return values
