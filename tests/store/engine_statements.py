"""The statements as a server prepares them, and a database with the tables to do so."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from tests import postgresql

from pressrun.store.postgresql.location import package_schema
from pressrun.store.postgresql.statements import writing_statements

_PARAMETER = re.compile(r"%\((\w+)\)s")
# Parameters whose type does not follow from the statement; psycopg says it of all octets.
_OCTETS = frozenset({"octets", "secrets", "mailbox_digest", "suppression_digest"})


@contextmanager
def empty_tables(name: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection, with all rights, to a database that nobody shares and that nothing has been done to."""
    server = postgresql.shared_server()
    database = f"{name}_{os.getpid()}"
    with server.connect() as anybody:
        anybody.execute(f"create database {database}")
        try:
            with server.connect(database) as connection:
                connection.execute(package_schema())
                yield connection
        finally:
            anybody.execute(f"drop database {database}")


def parameters_of(statement: str) -> list[str]:
    """The names of its parameters, each once, in their order."""
    return list(dict.fromkeys(_PARAMETER.findall(statement)))


def prepare(
    connection: psycopg.Connection[Any], name: str, statement: str | None = None
) -> tuple[list[str], list[str]]:
    """Prepare a statement as `prepared`; returns the names of its parameters and the types that the server sees."""
    text = writing_statements()[name] if statement is None else statement
    names = parameters_of(text)
    numbered = _PARAMETER.sub(lambda match: f"${names.index(match[1]) + 1}", text).replace("%%", "%")
    types = ", ".join("bytea" if parameter in _OCTETS else "unknown" for parameter in names)
    connection.execute(f"prepare prepared {f'({types})' if names else ''} as {numbered}")
    row = connection.execute(
        "select parameter_types::text[] from pg_prepared_statements where name = 'prepared'"
    ).fetchone()
    assert row is not None
    return names, row[0]
