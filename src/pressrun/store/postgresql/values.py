"""Values between Python and PostgreSQL, as SQLite has them: numbers are integers, truth is 0 or 1, JSON is text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

import psycopg
from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper, Loader
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumperUnknown, TextLoader

from pressrun.store.transaction import NamedRow, in_json, row_class


class _TruthDumper(Dumper):
    """A boolean as the bigint that our columns are."""

    oid = psycopg.postgres.types["int8"].oid

    def dump(self, obj: bool) -> bytes:
        return b"1" if obj else b"0"


class _TruthLoader(Loader):
    """A comparison as 0 or 1."""

    def load(self, data: Any) -> int:
        return int(bytes(data) == b"t")


class _NumberLoader(Loader):
    """What `sum` of bigint columns gives: a whole number, though PostgreSQL calls it numeric."""

    def load(self, data: Any) -> int | float:
        text = bytes(data).decode()
        return float(text) if "." in text else int(text)


def adapt(context: AdaptContext) -> None:
    """Let a connection carry values as SQLite has them."""
    adapters = context.adapters
    assert adapters is not None
    adapters.register_dumper(bool, _TruthDumper)
    adapters.register_dumper(int, Int8Dumper)  # one type for all, so that a statement is prepared once
    adapters.register_dumper(StrEnum, StrDumperUnknown)
    adapters.register_loader("bool", _TruthLoader)
    adapters.register_loader("numeric", _NumberLoader)
    adapters.register_loader("json", TextLoader)


def row_factory(cursor: psycopg.Cursor[Any]) -> Callable[[Sequence[Any]], NamedRow]:
    """Makes the rows of a result; for psycopg."""
    return row_class(tuple(column.name for column in cursor.description or ()))


def run_rows(connection: psycopg.Connection[Any], statement: str, rows: Sequence[Sequence[Any]]) -> int:
    """Run a statement about a table of values, which are its only parameter."""
    return connection.execute(statement, {"rows": in_json(rows)}).rowcount if rows else 0


@contextmanager
def open_server_cursor(connection: psycopg.Connection[Any], name: str) -> Iterator[psycopg.ServerCursor[Any]]:
    """A cursor on the server. If it cannot be closed, the connection is; psycopg would leave it open, and warn."""
    cursor = connection.cursor(name)
    try:
        yield cursor
    finally:
        try:
            cursor.close()
        except psycopg.Error:
            connection.close()
            cursor.close()
            raise


def stream(connection: psycopg.Connection[Any], statement: str, parameters: Mapping[str, Any]) -> Iterator[Any]:
    """The rows of a query, some at a time; other statements may run in between."""
    with open_server_cursor(connection, f"rows_{id(parameters):x}") as cursor:
        cursor.itersize = 16  # rows may be large
        cursor.execute(statement, parameters)
        yield from cursor
