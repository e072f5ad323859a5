"""What a key and a table of config.toml are; the keys themselves stand in keys_serving.py and keys_sending.py."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pressrun.config.kinds import Kind


class Shape(Enum):
    """How often a table may stand in the file."""

    TOP = "top"  # the keys before the first table
    ONE = "one"  # [http]
    MANY = "many"  # [[relay]]
    ONE_OR_MANY = "one or many"  # [dkim] or [[dkim]]
    NAMED = "named"  # [delivery.domain."…"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key. `field` is its name in the settings type; `default` and `example` are TOML as the file spells it.

    Without a default the key is off until it is given; `required` ones must be given. `restart` marks those that a
    reload cannot change.
    """

    name: str
    kind: Kind
    help: str
    field: str = ""
    default: str | None = None
    example: str | None = None
    required: bool = False
    restart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table and its keys, in the order in which the documentation shows them."""

    name: str
    shape: Shape
    help: str
    keys: tuple[Key, ...]

    def find(self, name: str) -> Key | None:
        """The key of that name, if the table has it."""
        return next((key for key in self.keys if key.name == name), None)
