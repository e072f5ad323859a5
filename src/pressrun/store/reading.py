"""Reading the database beside whoever writes it: for the verbs that only look."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pressrun.core.errors import BadConfiguration, Unavailable
from pressrun.store.connection import connect
from pressrun.store.migrate import check_version, newest_version, package_steps
from pressrun.store.transaction import Transaction


def require_current_schema(path: Path) -> None:
    """Raise BadConfiguration for a database of another schema, which a reader must not step up."""
    newest = newest_version(package_steps())
    version = check_version(path, newest)
    if version < newest:
        raise BadConfiguration(f"{path} has schema {version}, but this version needs {newest}. Run `pressrun migrate`")


@contextmanager
def open_for_reading(path: Path) -> Iterator[Transaction]:
    """One consistent snapshot of a database file; raises Unavailable when it cannot be read."""
    with closing(connect(path, readonly=True)) as connection:
        try:
            connection.execute("begin")
            yield Transaction(connection)
        except sqlite3.ProgrammingError:
            raise  # a mistake of ours
        except sqlite3.DatabaseError as problem:
            raise Unavailable(f"the database {path} cannot be read: {problem}") from problem
        finally:
            if connection.in_transaction:
                connection.execute("rollback")
