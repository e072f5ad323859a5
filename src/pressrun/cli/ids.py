"""Ids as verbs take them: one kind of argument for each thing that has a number.

A number that no row can have is unknown as any other is that no row has; the database could not even be asked for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from pressrun.core.errors import NotFound

if TYPE_CHECKING:
    _ParamType = click.ParamType[int]
else:
    _ParamType = click.ParamType  # older ones are not generic

LARGEST_ID = (1 << 63) - 1  # of a row
_DIGITS = len(str(LARGEST_ID))
_NUMBER = re.compile(r"-?0*([0-9]+)", re.ASCII)


class Id(_ParamType):
    """The id of a row; `unknown` is what is said, with `{}` for the number, where nothing has it."""

    name = "id"

    def __init__(self, unknown: str) -> None:
        self._unknown = unknown

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = _NUMBER.fullmatch(str(value))
        if found is None:
            self.fail(f"invalid number {value!r}", param, ctx)
        if len(found[1]) > _DIGITS or abs(int(value)) > LARGEST_ID:
            raise NotFound(self._unknown.format(value))
        return int(value)


EDITION = Id("no such edition: {} (see `pressrun edition ls`)")
KEPT_MAIL = Id("no such kept mail: {} (see `pressrun inbound ls`)")
HELD_SIGN_UP = Id("no such held sign-up: {} (see `pressrun held ls`)")
