"""What a use case shows to operators and programs: plain values that can be printed as JSON; times are RFC 3339."""

from __future__ import annotations

from typing import Any

import msgspec

from pressrun.store.transaction import Row

Answer = dict[str, Any]


def picked(row: Row, *columns: str) -> Answer:
    """These columns of a row by their names, unchanged and in this order."""
    return {name: row[name] for name in columns}


def fields_of(value: msgspec.Struct, *names: str) -> Answer:
    """The same for the fields of a struct."""
    return {name: getattr(value, name) for name in names}
