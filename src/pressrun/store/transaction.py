"""The first argument of every store function: runs named statements inside a transaction that its caller opened.

The statements are in `sql/FILE.sql`: `-- name: NAME`, a line with the purpose, and the statement.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import msgspec

Row = sqlite3.Row
P = ParamSpec("P")
T = TypeVar("T")

_NAME = re.compile(r"^-- name: ([a-z_]+)$", re.MULTILINE)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


@cache
def load_queries() -> dict[str, str]:
    """All statements as `"file.name"`, without their comments."""
    queries: dict[str, str] = {}
    for entry in sorted((Path(__file__).parent / "sql").iterdir()):
        if not entry.name.endswith(".sql"):
            continue
        pieces = _NAME.split(entry.read_text(encoding="utf-8"))
        for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
            statement = "\n".join(line for line in body.splitlines() if not line.lstrip().startswith("--"))
            queries[f"{entry.name.removesuffix('.sql')}.{name}"] = statement.strip().rstrip(";")
    return queries


def in_json(values: Any) -> str:
    """Values as one JSON text, which a statement for many rows reads by json_each."""
    return _encode(values).decode()


def parse_row(row: Row, kind: type[T], *json_columns: str) -> T:
    """A row as a dataclass with a field for each column; enums and booleans become what the fields say."""
    values = {**dict(row), **{name: _decode(row[name]) for name in json_columns}}
    return msgspec.convert(values, kind, strict=False)


def columns_of(value: Any) -> dict[str, Any]:
    """The fields of a dataclass by name, as a statement takes them."""
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


class Transaction:
    """Runs named statements on one connection; never begins, commits or rolls back by itself.

    A unit of work may run twice, and may be undone, so it changes nothing but the database. It returns what else has to
    change (counters, events, what memory holds), or hands it to `after_commit`.
    """

    __slots__ = ("_connection", "_effects", "_queries")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._effects: list[Callable[[], object]] = []
        self._queries = load_queries()

    def after_commit(self, effect: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> None:
        """Call `effect` once when this transaction is committed, in the event loop if there is one.

        The call comes before the task that awaits the transaction goes on, and also when that task was cancelled. What
        is undone has no effect.
        """
        self._effects.append(partial(effect, *args, **kwargs))

    def hand_over_effects(self, later: Callable[[Callable[[], object]], object]) -> None:
        """After the commit: give each function that waited for it to `later`, in order."""
        for effect in self._effects:
            later(effect)

    def run(self, name: str, /, **parameters: Any) -> int:
        """Run a statement; returns how many rows it changed."""
        return self._connection.execute(self._queries[name], parameters).rowcount

    def insert(self, name: str, /, **parameters: Any) -> int:
        """Run an insert; returns the id of the new row."""
        row_id = self._connection.execute(self._queries[name], parameters).lastrowid
        assert row_id is not None
        return row_id

    def run_many(self, name: str, rows: Iterable[Mapping[str, Any]], /) -> int:
        """Run a statement once for each of these rows; returns how many rows it changed in all."""
        return self._connection.executemany(self._queries[name], rows).rowcount

    def rows(self, name: str, /, **parameters: Any) -> list[Row]:
        """All rows of a query."""
        return self._connection.execute(self._queries[name], parameters).fetchall()

    def each(self, name: str, /, **parameters: Any) -> Iterator[Row]:
        """The rows of a query one at a time, for large rows."""
        return iter(self._connection.execute(self._queries[name], parameters))

    def row(self, name: str, /, **parameters: Any) -> Row | None:
        """The only row of a query, or None."""
        row: Row | None = self._connection.execute(self._queries[name], parameters).fetchone()
        return row

    def parsed(self, kind: type[T], name: str, /, **parameters: Any) -> T | None:
        """The only row of a query as a value of its type, or None."""
        row = self.row(name, **parameters)
        return None if row is None else parse_row(row, kind)

    def value(self, name: str, /, **parameters: Any) -> Any:
        """The first column of the only row of a query, or None without a row."""
        row = self._connection.execute(self._queries[name], parameters).fetchone()
        return None if row is None else row[0]

    def attempt(self, work: Callable[[], object]) -> Exception | None:
        """Run `work` in a savepoint: an exception undoes its changes and is returned, and the transaction goes on.

        Errors of the database itself, such as a full disk or a lock, are raised: what follows would fail as well.
        """
        before = len(self._effects)
        self._connection.execute("savepoint attempt")
        try:
            work()
        except sqlite3.OperationalError:
            raise
        except Exception as problem:  # noqa: BLE001 - the caller handles it
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
    """Run `work` inside BEGIN IMMEDIATE: commit when it returns, roll back when it raises.

    `later` gets each function that `work` handed to `after_commit`.
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
    tx.hand_over_effects(later)
    return result
