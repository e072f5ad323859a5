"""Lists as programs see them: what is shown of one, and the settings that a request may have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, cast

import msgspec
from msgspec import UNSET, Meta, UnsetType

from pressrun.acts.arguments import Arguments, Known
from pressrun.acts.http import LANGUAGE, EmailAddress, Line, PageLength, described, written
from pressrun.message.layouts.built_in import LAYOUT_NAMES
from pressrun.services.lists import setting_kinds as kinds
from pressrun.services.lists.list_settings import LIST_SETTINGS
from pressrun.services.lists.setting_kinds import ValueKind

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
Name = Annotated[
    str,
    written(
        _NAME,
        "1 to 24 of a-z, 0-9 and '-', with a letter or digit first and last",
        extra_json_schema={"format": "list-name"},
    ),
]


_TYPES: Mapping[ValueKind, Any] = {
    kinds.TITLE: Title,
    kinds.LINE: Line,
    kinds.TEXT: Text,
    kinds.MAILBOX: Mailbox,
    kinds.ADDRESS: EmailAddress,
    kinds.LANGUAGE: ListLanguage,
    kinds.FAMILY: Name,
    kinds.FLAG: bool,
    kinds.LAYOUT: Layout,
    kinds.COLOUR: Annotated[str, Meta(pattern="^#[0-9A-Fa-f]{6}$")],
    kinds.HOURS: Hours,
    kinds.TIME_ZONE: Zone,
}
"""What programs write for a setting of each kind; a choice takes one of its words."""


def _member(key: str) -> tuple[str, Any, Any]:
    """A setting as an optional member of a request."""
    setting = LIST_SETTINGS[key]
    type_ = Literal[setting.kind.words] if setting.kind.words else _TYPES[setting.kind]
    name = "from_" if key == "from" else key
    return name, type_ | UnsetType | None if setting.is_optional else type_ | UnsetType, UNSET


_MEMBERS = [_member(key) for key, setting in LIST_SETTINGS.items() if setting.in_requests]


class _Settings(msgspec.Struct):
    """Settings that a program writes."""

    def arguments(self) -> Mapping[str, Any]:
        """The settings as they are typed in a shell, with the name apart from them."""
        settings = _as_typed(self)
        return {"list": settings.pop("name"), "settings": settings} if "name" in settings else {"settings": settings}


def _settings_type(name: str, doc: str, members: Sequence[tuple[Any, ...]]) -> type[_Settings]:
    kind = msgspec.defstruct(
        name,
        members,
        bases=(_Settings,),
        namespace={"__doc__": doc},
        kw_only=True,
        forbid_unknown_fields=True,
        rename={"from_": "from"},
    )
    return cast("type[_Settings]", kind)


ListFields = _settings_type("ListFields", "Settings of a list; what is left out stays as it is.", _MEMBERS)
NewListFields = _settings_type(
    "NewListFields",
    "A list to create: its name, its title, and any settings.",
    [("name", Name), ("title", Title), *(member for member in _MEMBERS if member[0] != "title")],
)


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
