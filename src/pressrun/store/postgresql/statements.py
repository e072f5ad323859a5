"""The statements as PostgreSQL and psycopg take them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pressrun.store.statements import Macros, load_statements

_IDS = "(select cast(id as bigint) from json_array_elements_text(cast(:{} as json)) as listed (id))"
_ROWS = """(select value, cast(place - 1 as integer) as key
    from json_array_elements(cast(:{} as json)) with ordinality as listed (value, place)) as {}"""
_MACROS: Macros = {
    "in": lambda argument: f"= any(array{argument if argument[0] == '(' else _IDS.format(argument)})",  # of some ten
    "each": lambda argument: _ROWS.format(*argument.split(" as ")),
    "indexed by": lambda _: "",  # the planner chooses, and a test reads its plans
    "not indexed": lambda _: "",
    "+": lambda _: "",
    "clock": lambda _: "cast(floor(extract(epoch from clock_timestamp())) as bigint)",
}
_WRITING: Macros = {**_MACROS, "lock": " for no key update {}".format, "share": " for share {}".format}
_READING: Macros = {**_MACROS, "lock": lambda _: "", "share": lambda _: ""}

_QUOTED = re.compile(r"('(?:[^']|'')*')")
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)")


@cache
def writing_statements() -> Mapping[str, str]:
    """The statements of a transaction that may write: what its decisions are based on is locked."""
    return _load(_WRITING)


@cache
def reading_statements() -> Mapping[str, str]:
    """The statements of a transaction that only reads, where PostgreSQL forbids locks."""
    return _load(_READING)


def _load(macros: Macros) -> Mapping[str, str]:
    statements = load_statements(Path(__file__).parent / "sql", macros)
    return {name: with_psycopg_parameters(text) for name, text in statements.items()}


def with_psycopg_parameters(statement: str) -> str:
    """`:name` as `%(name)s`, and each percent sign as two, as psycopg reads them."""
    pieces = _QUOTED.split(statement.replace("%", "%%"))
    pieces[::2] = [_PARAMETER.sub(r"%(\1)s", piece) for piece in pieces[::2]]
    return "".join(pieces)
