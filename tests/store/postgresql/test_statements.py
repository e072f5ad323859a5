"""The statements of the two engines: the same names, parameters, columns and types. Each can be prepared on both."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.store.engine_statements import empty_tables, parameters_of, prepare

import pressrun.store
from pressrun.store.postgresql.statements import reading_statements, writing_statements
from pressrun.store.sqlite import migrate
from pressrun.store.sqlite.connection import connect_as
from pressrun.store.sqlite.statements import statements
from pressrun.store.statements import read_folder

pytestmark = pytest.mark.needs("postgresql")

STORE = Path(pressrun.store.__file__).parent
OWN = {engine: read_folder(STORE / engine / "sql") for engine in ("sqlite", "postgresql")}
MOST = 32  # statements that an engine has of its own

# What Python sends as text, number, octets or fraction; a parameter of another type would need a cast.
TYPES_OF_PARAMETERS = {"text", "bigint", "bytea", "double precision", "json", "jsonb"}
# `integer` is only compared with, or cast to.
CAST = {"integer"}
TYPES_OF_COLUMNS = {"text", "bigint", "bytea", "double precision", "json", "integer", "boolean", "numeric"}


@pytest.fixture(scope="module")
def server() -> Iterator[psycopg.Connection[Any]]:
    with empty_tables("statements") as connection:
        yield connection


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("statements") / "db"
    migrate.create(path, migrate.package_schema(), 1)
    with closing(connect_as(sqlite3.Connection, path)) as connection:
        yield connection


def test_few_statements_differ_and_both_engines_have_them() -> None:
    assert set(OWN["sqlite"]) == set(OWN["postgresql"])
    assert len(OWN["sqlite"]) <= MOST
    assert set(OWN["sqlite"]).isdisjoint(read_folder(STORE / "sql"))


def test_both_engines_take_the_same_parameters() -> None:
    """A table of rows is a single parameter on a server, and one for each value in a file."""
    with_rows = {name for name, text in read_folder(STORE / "sql").items() if "{rows of " in text}
    here = {
        name: {"rows"}
        if name in with_rows
        else set(re.findall(r"(?<![:\w]):([a-z_][a-z0-9_]*)", re.sub(r"'[^']*'", "''", text)))
        for name, text in statements().items()
    }
    assert here == {name: set(parameters_of(text)) for name, text in writing_statements().items()}
    assert here == {name: set(parameters_of(text)) for name, text in reading_statements().items()}


def test_a_server_prepares_every_statement(server: psycopg.Connection[Any]) -> None:
    """With the types that our driver says, which are those of Python's values."""
    others: dict[str, set[str]] = {}
    for statements_of in (writing_statements(), reading_statements()):
        for name, text in statements_of.items():
            _, types = prepare(server, name, text)
            others[name] = set(types) - TYPES_OF_PARAMETERS - CAST
            server.execute("deallocate prepared")
    assert {} == {name: types for name, types in others.items() if types}


def test_a_file_prepares_every_statement(file: sqlite3.Connection) -> None:
    for text in statements().values():
        parameters = dict.fromkeys(re.findall(r":(\w+)", text), None)
        assert file.execute(f"explain {text}", parameters).fetchone() is not None


def test_columns_have_the_same_names_and_come_as_the_same_types(
    file: sqlite3.Connection, server: psycopg.Connection[Any]
) -> None:
    """`sum` is numeric and comes as an int, a comparison is a boolean and comes as 0 or 1 (test_connection.py)."""
    other: dict[str, set[str]] = {}
    for name in writing_statements():
        prepare(server, name)
        described = server.pgconn.describe_prepared(b"prepared")
        columns = {
            (described.fname(place) or b"").decode(): name_of(described.ftype(place))
            for place in range(described.nfields)
        }
        other[name] = set(columns.values()) - TYPES_OF_COLUMNS
        server.execute("deallocate prepared")
        text = statements()[name]
        if name in OWN["sqlite"] and columns and not text.startswith("update"):  # sequences are set by functions
            parameters = dict.fromkeys(re.findall(r":(\w+)", text), None)
            description = file.execute(f"select * from ({text}) limit 0", parameters).description
            assert len(columns) == len(description), name
            if len(columns) > 1:  # a single one is read by its place
                assert (name, list(columns)) == (name, [column[0] for column in description])
    assert {} == {name: types for name, types in other.items() if types}


def name_of(oid: int) -> str:
    type_info = psycopg.postgres.types.get(oid)
    assert type_info is not None
    return type_info.regtype
