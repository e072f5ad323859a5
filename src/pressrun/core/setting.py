"""How a settings type declares its keys of config.toml: each field once, with its kind, default, help and reason.

    @dataclass(frozen=True, slots=True, kw_only=True)
    class DeliverySettings:
        rates: tuple[Rate, ...] = setting(kinds.rates(), default="100/s", key="rate", help="Copies per window.")

The loader, `pressrun init`, config.example.toml and docs/configuration.md read these declarations (config/).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING
from types import MappingProxyType
from typing import Any, Generic, TypeVar, cast

from msgspec import Struct, field

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")

Toml = str | int | float | bool | list[str]
_NONE: Mapping[str, Any] = MappingProxyType({})


class BadValue(Exception):
    """A value that a key does not accept; `actual` describes it where showing it would say too little or too much."""

    def __init__(self, expected: str, *, actual: str | None = None) -> None:
        super().__init__(expected)
        self.expected = expected
        self.actual = actual


class BadMembers(Exception):
    """A list with members that are not accepted: all of them, by index from 0."""

    def __init__(self, members: dict[int, BadValue]) -> None:
        super().__init__("; ".join(problem.expected for problem in members.values()))
        self.members = members


class Kind(Struct, Generic[T_co], frozen=True, kw_only=True):
    """`expected` describes the kind to a person, with an example; `read` returns the value or raises an error above.

    `former_words` maps words that were once accepted to today's.
    """

    expected: str
    read: Callable[[object], T_co]
    former_words: Mapping[str, str] = field(default_factory=dict)


class Setting(Struct, frozen=True, kw_only=True):
    """One key. `default` and `example` are values as the file has them; without a default the key is off.

    `field` is the name in the settings type. `reason` says why the default is what it is. `formerly` maps former names
    to the kind of their values, or to None where that is the same.
    """

    field: str
    key: str
    kind: Kind[Any]
    help: str
    reason: str
    default: Toml | None
    example: Toml | None
    is_required: bool
    needs_restart: bool
    table: str
    is_secret: bool
    formerly: Mapping[str, Kind[Any] | None]


def setting(  # noqa: PLR0913 - a declaration: each argument is one column of the reference
    kind: Kind[T],
    *,
    help: str,  # noqa: A002 - the word that every command line uses
    default: Toml | None = None,
    example: Toml | None = None,
    key: str = "",
    reason: str = "",
    required: bool = False,
    restart: bool = False,
    secret: bool = False,
    table: str = "",
    absent: object = None,
    formerly: Mapping[str, Kind[Any] | None] = _NONE,
) -> T:
    """Declare a field of a settings type as a key of config.toml, by the field's own name unless `key` is given.

    `default` is written as in the file and read by `kind`. Without one the field is `absent` unless the key is given,
    or has no default where the key is `required`. What is `secret` stays out of the `repr` of its type and of
    `config show`. `table` names another table than that of the type.
    """
    declared = {
        "key": key,
        "kind": kind,
        "help": help,
        "reason": reason,
        "default": default,
        "example": example,
        "is_required": required,
        "needs_restart": restart,
        "table": table,
        "is_secret": secret,
        "formerly": formerly,
    }
    value: Any = kind.read(default) if default is not None else MISSING if required else absent
    return cast("T", dataclasses.field(default=value, repr=not secret, metadata={"setting": declared}))


def settings_of(kind: type[Any]) -> Iterator[Setting]:
    """The keys that a settings type declares, in its order. With `NEEDS_RESTART` all of them need one."""
    all_need_restart = getattr(kind, "NEEDS_RESTART", False)
    for each in dataclasses.fields(kind):
        declared = each.metadata.get("setting")
        if declared is not None:
            needs_restart = all_need_restart or declared["needs_restart"]
            own = {"key": declared["key"] or each.name, "needs_restart": needs_restart}
            yield Setting(field=each.name, **{**declared, **own})


def show(value: object) -> str:
    """A value as the file spells it, shortened if long; tables and lists are named, not printed."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            text = json.dumps(value, ensure_ascii=False)
            return text if len(text) <= 80 else f'{text[:76]}…"'
        case int() if abs(value) >= 10**80:
            return f"{hex(value)[:76]}…"  # str() refuses some thousand digits
        case dict():
            return "a table"
        case list():
            return "a list of tables" if value and all(isinstance(item, dict) for item in value) else "a list"
        case _:
            return str(value)
