"""The one argument of every store function: statements by name inside a transaction that somebody else opens."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from pressrun.store.queries import load_queries

Row = sqlite3.Row
T = TypeVar("T")

_encode = msgspec.json.Encoder().encode


def in_json(values: Any) -> str:
    """What a statement for many reads by json_each: all in one text, so that it is one step."""
    return _encode(values).decode()


class Transaction:
    """Runs named statements on one connection; never begins, commits or rolls back by itself."""

    __slots__ = ("_connection", "_queries")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._queries = load_queries()

    def run(self, name: str, /, **parameters: Any) -> int:
        """Carry out a statement; returns how many rows it changed."""
        return self._connection.execute(self._queries[name], parameters).rowcount

    def insert(self, name: str, /, **parameters: Any) -> int:
        """Carry out an insert; returns the new row's id."""
        found = self._connection.execute(self._queries[name], parameters).lastrowid
        assert found is not None
        return found

    def run_many(self, name: str, rows: Iterable[Mapping[str, Any]], /) -> int:
        """Carry out one statement for each row; returns how many rows were changed in all."""
        return self._connection.executemany(self._queries[name], rows).rowcount

    def rows(self, name: str, /, **parameters: Any) -> list[Row]:
        """All rows of a query."""
        return self._connection.execute(self._queries[name], parameters).fetchall()

    def each(self, name: str, /, **parameters: Any) -> Iterator[Row]:
        """The rows of a query, one at a time: for those that hold much."""
        return iter(self._connection.execute(self._queries[name], parameters))

    def row(self, name: str, /, **parameters: Any) -> Row | None:
        """The only row of a query, or None."""
        found: Row | None = self._connection.execute(self._queries[name], parameters).fetchone()
        return found

    def value(self, name: str, /, **parameters: Any) -> Any:
        """The first column of the only row of a query, or None without a row."""
        found = self._connection.execute(self._queries[name], parameters).fetchone()
        return None if found is None else found[0]

    def attempt(self, work: Callable[[], object]) -> Exception | None:
        """Carry out `work`; where it raises, what it changed is undone, the transaction goes on; gives the error.

        What the database raises for want of room, of the disk or of a lock passes: the rest would fare no better.
        """
        self._connection.execute("savepoint attempt")
        try:
            work()
        except sqlite3.OperationalError:
            raise
        except Exception as problem:  # noqa: BLE001 - whoever asked deals with it
            self._connection.execute("rollback to attempt")
            self._connection.execute("release attempt")
            return problem
        self._connection.execute("release attempt")
        return None


def in_transaction(connection: sqlite3.Connection, work: Callable[[Transaction], T]) -> T:
    """Run `work` inside BEGIN IMMEDIATE: committed whole when it returns, rolled back when it raises."""
    connection.execute("begin immediate")
    try:
        result = work(Transaction(connection))
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise
    return result
