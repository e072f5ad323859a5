"""The tables of another program's database, in SQLite: its own file, or a copy of the columns that are needed.

A dump or a server is copied once, row by row, into a temporary file without a name, so a kill leaves nothing of it.
Then every program is a few queries, and memory does not grow with it. Times become those of an import.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from pressrun.core.errors import BadInput, NoRoom, Unavailable
from pressrun.core.timestamps import rfc3339, seconds_of
from pressrun.operations.opened_files import open_source

Wanted = Mapping[str, Sequence[str]]
"""The columns that are needed, by table."""

Rows = Iterator[tuple[str, Sequence[str], Sequence[object]]]
"""A table, and columns and values of one of its rows."""

_ROWS_AT_ONCE = 1000


class SourceTables:
    """Answers queries about the tables of another program."""

    def __init__(self, connection: sqlite3.Connection, what: str) -> None:
        self._connection = connection
        self._what = what
        connection.row_factory = sqlite3.Row
        connection.text_factory = _decode

    def rows(self, query: str, **parameters: object) -> Iterator[sqlite3.Row]:
        """The rows of a query, one at a time. Raises BadInput where the database does not have what it asks for."""
        try:
            yield from self._connection.execute(query, parameters)
        except sqlite3.DatabaseError as problem:
            raise BadInput(f"{self._what}: {problem}") from None

    def close(self) -> None:
        """Close the file; a copy is gone then."""
        self._connection.close()


def open_file(path: Path, wanted: Wanted) -> SourceTables:
    """A SQLite file of another program, which is only read. Raises BadInput when it is something else."""
    with open_source(path) as file:
        if file.read(16) != b"SQLite format 3\0":
            raise BadInput(f"{path} is not a SQLite database")
    connection = sqlite3.connect(f"file:{path.absolute().as_uri()[len('file://') :]}?mode=ro", uri=True)
    tables = SourceTables(connection, str(path))
    try:
        for table, columns in wanted.items():
            present = {row["name"] for row in tables.rows("select name from pragma_table_info(:name)", name=table)}
            _require(str(path), table, columns, present)
    except BaseException:
        tables.close()
        raise
    return tables


def copy_rows(what: str, wanted: Wanted, rows: Rows, *, optional: Iterable[str] = ()) -> SourceTables:
    """A copy of the columns that are needed of all these rows. Raises NoRoom, and BadInput if one is missing.

    Tables, and columns as TABLE.COLUMN, that are `optional` stay empty when the source has none.
    """
    connection = sqlite3.connect("")  # a temporary database
    tables = SourceTables(connection, what)
    try:
        for table, columns in wanted.items():
            connection.execute(f"create table {_quoted(table)} ({', '.join(map(_quoted, columns))})")
        seen = _insert(connection, what, wanted, rows, frozenset(optional))
        for table, columns in wanted.items():
            for column in columns:
                if column.endswith("id") or column == "email":
                    name = _quoted(f"{table}.{column}")
                    connection.execute(f"create index {name} on {_quoted(table)} ({_quoted(column)})")
        for table in wanted.keys() - seen - set(optional):
            _require(what, table, (), set())
        connection.commit()
    except BaseException as problem:
        tables.close()
        if isinstance(problem, sqlite3.OperationalError):
            raise NoRoom(
                f"cannot copy {what} to a temporary file ({problem}). Make room in TMPDIR, or /var/tmp, then try again"
            ) from None
        raise
    return tables


def _insert(
    connection: sqlite3.Connection, what: str, wanted: Wanted, rows: Rows, optional: Collection[str]
) -> set[str]:
    """Insert rows by batches; returns the tables that there were, even without rows."""
    seen: dict[tuple[str, tuple[str, ...]], Callable[[Sequence[object]], list[object]]] = {}
    waiting: dict[str, list[list[object]]] = {table: [] for table in wanted}
    for table, columns, values in rows:
        if table not in wanted:
            continue
        layout = table, tuple(columns)
        if layout not in seen:
            required = [name for name in wanted[table] if f"{table}.{name}" not in optional]
            _require(what, table, required, set(columns))
            seen[layout] = _picker(columns, wanted[table])
        if values:
            waiting[table].append(seen[layout](values))
            if len(waiting[table]) == _ROWS_AT_ONCE:
                _flush(connection, table, waiting[table])
    for table, left in waiting.items():
        _flush(connection, table, left)
    return {table for table, _ in seen}


def _picker(columns: Sequence[str], wanted: Sequence[str]) -> Callable[[Sequence[object]], list[object]]:
    places = [columns.index(name) if name in columns else None for name in wanted]
    return lambda values: [None if place is None else _plain(values[place]) for place in places]


def _plain(value: object) -> object:
    """A value of a server as text or number."""
    if value is None or isinstance(value, str | int | float | bytes):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _flush(connection: sqlite3.Connection, table: str, rows: list[list[object]]) -> None:
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"insert into {_quoted(table)} values ({marks})", rows)
        rows.clear()


_COLUMNS = "select attname from pg_attribute where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped"


def read_server(dsn: str, wanted: Wanted) -> Rows:
    """The rows of a PostgreSQL server, in one snapshot, of the tables and columns that it has. Raises Unavailable."""
    try:
        import psycopg  # noqa: PLC0415 - an extra
    except ImportError:
        raise BadInput(
            "a PostgreSQL server needs psycopg: install requirements/postgresql.txt or python3-psycopg, or give a dump"
        ) from None
    try:
        with psycopg.connect(dsn, connect_timeout=10) as connection:
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            for table, needed in wanted.items():
                present = {name for (name,) in connection.execute(_COLUMNS, (_quoted(table),))}
                columns = [name for name in needed if name in present]
                if not columns:
                    continue
                with connection.cursor(name="pressrun") as cursor:
                    cursor.execute(f"select {', '.join(map(_quoted, columns))} from {_quoted(table)}".encode())
                    yield table, columns, ()
                    for row in cursor:
                        yield table, columns, [_json(value) for value in row]
    except psycopg.OperationalError as problem:
        raise Unavailable(f"the PostgreSQL server: {str(problem).strip().splitlines()[0]}") from None
    except psycopg.Error as problem:
        raise BadInput(f"the PostgreSQL server: {str(problem).strip().splitlines()[0]}") from None


def _json(value: Any) -> object:
    if isinstance(value, dict | list):
        import json  # noqa: PLC0415 - only with such columns

        return json.dumps(value)
    return value


def _require(what: str, table: str, columns: Iterable[str], present: set[str]) -> None:
    if not present:
        raise BadInput(f"{what} has no table {table}")
    missing = [name for name in columns if name not in present]
    if missing:
        raise BadInput(f"{what}: the table {table} has no column {', '.join(missing)}. Its version may be too old")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _decode(octets: bytes) -> str:
    """Text as it is, or as Latin-1 where it is not UTF-8. NUL, which no text of ours may have, becomes U+FFFD."""
    with suppress(UnicodeDecodeError):
        return octets.decode().replace("\0", "\ufffd")
    return octets.decode("latin-1").replace("\0", "\ufffd")


_OFFSET = re.compile(r"([+-]\d\d)(\d\d)?$")


def utc_of(text: object) -> str:
    """The time of a column as an RFC 3339 time in UTC, which it is in without an offset; empty where there is none."""
    plain = str(text or "").strip().replace(" ", "T", 1)
    plain = _OFFSET.sub(lambda match: f"{match[1]}:{match[2] or '00'}", plain) if "T" in plain else plain
    try:
        moment = datetime.fromisoformat(plain)
        return rfc3339(seconds_of(moment)) if moment.year >= 1970 else ""
    except (ValueError, OverflowError):
        return ""


def utc_of_epoch(text: object) -> str:
    """The same for seconds since 1970."""
    digits = str(text or "")
    if not re.fullmatch(r"[0-9]{1,11}", digits) or digits == "0":
        return ""
    return rfc3339(int(digits))


def by_name(rows: Iterable[sqlite3.Row]) -> Iterator[tuple[str, sqlite3.Row]]:
    """Rows by their `name`, with their `id` where names repeat or are empty."""
    all_rows = list(rows)
    number = Counter(row["name"].strip() for row in all_rows)
    for row in all_rows:
        name = row["name"].strip()
        yield name if name and number[name] == 1 else f"{name} ({row['id']})".strip(), row
