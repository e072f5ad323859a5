"""The one argument of every store function: statements by name inside a transaction that somebody else opens."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from importlib import resources
from typing import Any, ParamSpec, TypeVar

import msgspec

Row = sqlite3.Row
P = ParamSpec("P")
T = TypeVar("T")

_NAME = re.compile(r"^-- name: ([a-z_]+)$", re.MULTILINE)
_encode = msgspec.json.Encoder().encode


@cache
def load_queries() -> dict[str, str]:
    """All statements as `"file.name"`; the comments are left out of what SQLite gets to see."""
    found: dict[str, str] = {}
    for entry in sorted(resources.files("pressrun.store").joinpath("sql").iterdir(), key=lambda path: path.name):
        if not entry.name.endswith(".sql"):
            continue
        pieces = _NAME.split(entry.read_text(encoding="utf-8"))
        for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
            statement = "\n".join(line for line in body.splitlines() if not line.lstrip().startswith("--"))
            found[f"{entry.name.removesuffix('.sql')}.{name}"] = statement.strip().rstrip(";")
    return found


def in_json(values: Any) -> str:
    """What a statement for many reads by json_each: all in one text, so that it is one step."""
    return _encode(values).decode()


class Transaction:
    """Runs named statements on one connection; never begins, commits or rolls back by itself.

    A unit of work may run twice, and may be undone, so it changes nothing but the database. What it has to change
    elsewhere (a counter, an event, what is kept in memory) it returns, or hands to `after_commit`.
    """

    __slots__ = ("_connection", "_effects", "_queries")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._effects: list[Callable[[], object]] = []
        self._queries = load_queries()

    def after_commit(self, effect: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> None:
        """Have `effect` called once when this transaction is committed, in the event loop where there is one.

        It is called before whoever awaits the transaction goes on, even when that task is cancelled; and not at all for
        what is undone.
        """
        self._effects.append(partial(effect, *args, **kwargs))

    def hand_over_effects(self, later: Callable[[Callable[[], object]], object]) -> None:
        """Once the transaction is committed: give each function that waited for that to `later`, in their order."""
        for effect in self._effects:
            later(effect)

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
        before = len(self._effects)
        self._connection.execute("savepoint attempt")
        try:
            work()
        except sqlite3.OperationalError:
            raise
        except Exception as problem:  # noqa: BLE001 - whoever asked deals with it
            del self._effects[before:]
            self._connection.execute("rollback to attempt")
            self._connection.execute("release attempt")
            return problem
        self._connection.execute("release attempt")
        return None


def _call(effect: Callable[[], object]) -> None:
    effect()


def in_transaction(
    connection: sqlite3.Connection,
    work: Callable[[Transaction], T],
    later: Callable[[Callable[[], object]], object] = _call,
) -> T:
    """Run `work` inside BEGIN IMMEDIATE: committed whole when it returns, rolled back when it raises.

    `later` gets each function that `work` gave to `after_commit`.
    """
    tx = Transaction(connection)
    connection.execute("begin immediate")
    try:
        result = work(tx)
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise
    for effect in tx._effects:  # noqa: SLF001
        later(effect)
    return result
