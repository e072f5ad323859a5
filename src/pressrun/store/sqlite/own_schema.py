"""Whether a database file has our schema, and nothing in it that acts by itself: for files from elsewhere."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from pressrun.store.sqlite.connection import connect
from pressrun.store.sqlite.migrate import package_schema

_COMMENT = re.compile(r"--[^\n]*")
_ACTING = ("trigger", "view")  # others of these kinds could change or hide rows; more tables and indexes do no harm

Shapes = dict[tuple[str, str], object]


def find_strange(path: Path) -> str | None:
    """What a database of the newest schema has that is not ours, or lacks, such as `trigger x`; None where all is well.

    Tables are compared by their columns, as steps may have written them differently; all else by its text.
    """
    with closing(sqlite3.connect(":memory:")) as fresh, closing(connect(path, readonly=True)) as connection:
        fresh.executescript(package_schema())
        ours, theirs = _shapes(fresh), _shapes(connection)
    strange = [key for key in ours if theirs.get(key) != ours[key]]
    strange += [key for key in theirs if key not in ours and key[0] in _ACTING]
    return " ".join(min(strange)) if strange else None


def _shapes(connection: sqlite3.Connection) -> Shapes:
    rows = connection.execute("select type, name, tbl_name, sql from sqlite_schema where sql is not null").fetchall()
    return {
        (kind, name): _columns(connection, name) if _is_plain_table(kind, sql) else (table, _plain(sql))
        for kind, name, table, sql in rows
    }


def _is_plain_table(kind: str, sql: str) -> bool:
    return kind == "table" and not sql.lower().startswith("create virtual")


def _columns(connection: sqlite3.Connection, table: str) -> set[tuple[object, ...]]:
    sql = 'select name, type, "notnull", pk, hidden from pragma_table_xinfo(?)'
    return {tuple(row) for row in connection.execute(sql, (table,))}


def _plain(sql: str) -> str:
    """Without comments and blanks."""
    return "".join(_COMMENT.sub("", sql).split())
