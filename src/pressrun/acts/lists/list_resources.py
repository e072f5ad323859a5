"""Lists as programs see them: what is shown of one, and the settings that a request may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from pressrun.acts.arguments import Arguments, Known
from pressrun.acts.http import LANGUAGE, EmailAddress, Line, PageLength, described, written
from pressrun.message.layouts.built_in import LAYOUT_NAMES

_ADDRESS = r"[^\s@<>]+@[^\s@<>]+"
_NAME = "[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?"

Text = Annotated[
    str,
    written(r"[^\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]*", "text, none to control", max_length=2000),
]
Title = Annotated[
    str, written(r"[^\s\x00-\x1f\x7f-\x9f\u2028\u2029][^\x00-\x1f\x7f-\x9f\u2028\u2029]{0,199}", "one line, not empty")
]
Mailbox = Annotated[str, written(_ADDRESS + rf"|[^\x00-\x1f\x7f]*<{_ADDRESS}>", 'an address, or "Name" <address>')]
Layout = Annotated[
    str, written("[a-z0-9][a-z0-9-]{0,39}", f"{', '.join(LAYOUT_NAMES)}, or one of your own", examples=[*LAYOUT_NAMES])
]
Hours = Annotated[str, written("[0-2]?[0-9]:[0-5][0-9]-[0-2]?[0-9]:[0-5][0-9]", "hours such as 08:00-20:00")]
Zone = Annotated[str, described(format="time-zone")]
ListLanguage = Annotated[str, written(LANGUAGE, "a language tag such as en or pt-BR", max_length=35)]
Name = Annotated[str, written(_NAME, "1 to 24 of a-z, 0-9 and '-', with a letter or digit first and last")]


class ListFields(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Settings of a list; what is left out stays as it is."""

    title: Title | UnsetType = UNSET
    from_: Mailbox | UnsetType = UNSET
    owner: EmailAddress | UnsetType | None = UNSET
    description: Text | UnsetType = UNSET
    postal_address: Text | UnsetType = UNSET
    language: ListLanguage | UnsetType = UNSET
    family: Name | UnsetType | None = UNSET
    archive: Literal["public", "members", "off"] | UnsetType = UNSET
    reply_to: Mailbox | UnsetType | None = UNSET
    listed: bool | UnsetType = UNSET
    closed: bool | UnsetType = UNSET
    post_by_mail: Literal["approve", "direct", "off"] | UnsetType = UNSET
    layout: Layout | UnsetType = UNSET
    colour: Annotated[str, Meta(pattern="^#[0-9A-Fa-f]{6}$")] | UnsetType | None = UNSET
    footer: Text | UnsetType = UNSET
    hours: Hours | UnsetType | None = UNSET
    timezone: Zone | UnsetType = UNSET
    leaving_note: bool | UnsetType = UNSET
    front: Literal["full", "teaser"] | UnsetType = UNSET
    cadence: Line | UnsetType = UNSET
    ask_name: bool | UnsetType = UNSET
    typeface: Literal["sans", "serif", "mono"] | UnsetType = UNSET
    require_postal_address: bool | UnsetType = UNSET
    approval: Literal["none", "second-person"] | UnsetType = UNSET

    def arguments(self) -> Mapping[str, Any]:
        """The settings as they are typed in a shell."""
        return {"settings": _as_typed(self)}


class NewListFields(ListFields, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """A list to create: its name, its title, and any settings."""

    name: Name
    title: Title

    def arguments(self) -> Mapping[str, Any]:
        """The name apart from the settings."""
        settings = _as_typed(self)
        return {"list": settings.pop("name"), "settings": settings}


class ListInfo(msgspec.Struct, kw_only=True, rename={"from_": "from"}):
    """A list with its settings, and its number of readers in each state. Times are RFC 3339."""

    name: str
    title: str
    from_: str
    owner: str | None
    language: str
    family: str | None
    archive: str
    active: int
    pending: int
    suspended: int
    unsubscribed: int
    description: str
    postal_address: str
    reply_to: str | None
    listed: bool
    post_by_mail: str
    require_postal_address: bool
    relay: str | None
    layout: str
    colour: str | None
    logo: str | None
    footer: str
    hours: str | None
    timezone: str
    leaving_note: bool
    welcome: str | None
    welcome_edition: int | None
    front: str
    cadence: str
    ask_name: bool
    typeface: str
    approval: str
    created_at: str
    closed_at: str | None
    leaving_reasons: dict[str, int]
    revision: int


class ListsByName(Arguments, frozen=True, kw_only=True):
    """Lists by name."""

    limit: PageLength = 100
    after: str = ""


class ListRemoval(Arguments, frozen=True, kw_only=True):
    """`list rm`; a program repeats the name, which a person confirms."""

    list: str
    confirm: str | None = None


class ListLogo(Arguments, frozen=True, kw_only=True):
    """A picture and the name of its file; `revision` is that of the settings that the caller has seen."""

    list: str
    picture: bytes
    file_name: str = "logo"
    revision: Known | None = None


def _as_typed(fields: msgspec.Struct) -> dict[str, str]:
    settings = {field.encode_name: getattr(fields, field.name) for field in msgspec.structs.fields(fields)}
    return {name: _text(value) for name, value in settings.items() if value is not UNSET}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
