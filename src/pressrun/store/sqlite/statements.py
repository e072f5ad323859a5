"""The statements as SQLite takes them, and its exceptions."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from pressrun.store.statements import Macros, load_statements
from pressrun.store.transaction import RESTORE, Dialect

# The values of rows are parameters, of which SQLite takes 32,766 in a statement. It is for this many rows, or a smaller
# power of two of which the last ones may be empty: so only few different statements have to be prepared and kept, and
# none takes much memory. An import writes four times as many at once.
MOST_ROWS = 625
_NAMED_ROW = re.compile(r"\(values \(([^)]*)\)\)")
_IDS = "(select value from json_each(:{}))"
MACROS: Macros = {
    "in": lambda argument: "in {}".format(argument if argument[0] == "(" else _IDS.format(argument)),
    "each": lambda argument: "json_each(:{}) as {}".format(*argument.split(" as ")),
    "rows of": lambda argument: _named_row(*argument.split(": ")),
    "arrays of": "json_group_array(json_array({}))".format,
    "keys of": lambda argument: "json_each({}) as {}".format(*argument.split(" as ")),
    "year of": "cast(strftime('%Y', {}, 'unixepoch') as integer)".format,
    "time of": "strftime('%Y-%m-%dT%H:%M:%SZ', {}, 'unixepoch')".format,
    "indexed by": "indexed by {}".format,
    "not indexed": "not indexed{}".format,
    "+": "+{}".format,
    "lock": lambda _: "",  # one transaction writes at a time
    "share": lambda _: "",
    "id": lambda _: "integer primary key",
    "json": lambda _: "text",
    "clock": lambda _: "cast(strftime('%s', 'now') as integer)",
}
REBUILD = (
    "rebuild the index for searches in archives: in data_dir, run `sqlite3 pressrun.sqlite3 "
    "\"insert into archive_search (archive_search) values ('rebuild')\"`"
)


def _named_row(table: str, columns: str) -> str:
    """The statement for one row, by which it can be explained. A row whose first column is null is an empty one."""
    names = [column.split()[0] for column in columns.split(",")]
    row = ", ".join(f":{name}" for name in names)
    return f"with {table} ({', '.join(names)}) as (select * from (values ({row})) where column1 is not null)"  # noqa: S608 - ours


def _run_rows(connection: sqlite3.Connection, statement: str, rows: Sequence[Sequence[Any]]) -> int:
    changed = 0
    for start in range(0, len(rows), MOST_ROWS):
        chosen = rows[start : start + MOST_ROWS]
        number = min(1 << (len(chosen) - 1).bit_length(), MOST_ROWS)
        empty = repeat(None, (number - len(chosen)) * len(chosen[0]))
        values = (*chain.from_iterable(chosen), *empty)
        changed += connection.execute(_with_rows(statement, number), values).rowcount
    return changed


@cache
def _with_rows(statement: str, number: int) -> str:
    """The statement for this many rows."""

    def repeated(named: re.Match[str]) -> str:
        row = f"({', '.join('?' * (named[1].count(',') + 1))})"
        return f"(values {', '.join([row] * number)})"

    return _NAMED_ROW.sub(repeated, statement)


@cache
def statements() -> Mapping[str, str]:
    """The statements as SQLite runs them."""
    return load_statements(Path(__file__).parent / "sql", MACROS)


def is_damage(problem: Exception) -> bool:
    """Whether SQLite has found damaged pages in the file. Python's own errors have no code."""
    code = getattr(problem, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return isinstance(problem, sqlite3.DatabaseError) and code & 0xFF == sqlite3.SQLITE_CORRUPT


def mend(problem: Exception) -> str:
    """What to do about damage. The search index can be rebuilt from its own copy of the texts."""
    is_of_index = getattr(problem, "sqlite_errorcode", None) == sqlite3.SQLITE_CORRUPT_VTAB
    return REBUILD if is_of_index else RESTORE


def dialect() -> Dialect:
    """SQLite's spelling and exceptions. Others can only be in the way of the beginning of a write, which waits."""
    return Dialect(
        statements=statements(),
        stream=lambda connection, statement, parameters: iter(connection.execute(statement, parameters)),
        errors=sqlite3.DatabaseError,
        mistakes=sqlite3.ProgrammingError,
        run_rows=_run_rows,
        mend_statistics=lambda _connection: False,  # plans are pinned, or made without statistics
        outages=(sqlite3.OperationalError,),
        is_damage=is_damage,
        mend=mend,
        conflicts=(),
        has_locks=False,
    )
