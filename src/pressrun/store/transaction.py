"""The first argument of every store function: runs named statements inside a transaction that its caller opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any, ParamSpec, Protocol, TypeVar, get_origin

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from pressrun.core.errors import NoRoom, Unavailable
from pressrun.store.disk_faults import hint

P = ParamSpec("P")
T = TypeVar("T")
Item = TypeVar("Item")

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Row(Protocol):
    """A row of a result: its values by the names of the columns and by their places, in their order."""

    def __getitem__(self, key: Any, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...

    def __len__(self) -> int: ...

    def keys(self) -> list[str]:
        """The names of the columns."""
        ...


class NamedRow(tuple[Any, ...]):
    """A row whose values are found by place and by the name of the column."""

    __slots__ = ()
    places: dict[str, int] = {}  # noqa: RUF012 - each result has a class of its own

    def __getitem__(self, key: Any) -> Any:
        return tuple.__getitem__(self, self.places[key] if isinstance(key, str) else key)

    def keys(self) -> list[str]:
        return list(self.places)


@cache
def row_class(names: tuple[str, ...]) -> type[NamedRow]:
    """The class for the rows with these columns; of two with one name, the first is found by it."""
    places = {name: place for place, name in reversed(tuple(enumerate(names)))}
    return type("NamedRow", (NamedRow,), {"__slots__": (), "places": {name: places[name] for name in names}})


RESTORE = "restore a backup"  # what to do about damage that nothing else can mend


class Dialect(Struct, frozen=True):
    """How an engine spells the statements, and what its driver raises."""

    statements: Mapping[str, str]
    stream: Callable[[Any, str, Mapping[str, Any]], Iterator[Row]]  # the rows of a query one at a time
    run_rows: Callable[[Any, str, Sequence[Sequence[Any]]], int]  # a statement with the rows that it is about
    mend_statistics: Callable[[Any], bool]  # see Transaction.mend_statistics
    errors: type[Exception]  # all that concerns the database
    mistakes: type[Exception]  # those among them that are ours
    outages: tuple[type[Exception], ...]  # the database is in trouble: what follows would fail as well
    is_damage: Callable[[Exception], bool]  # a file of the database is damaged, which is an outage, too
    mend: Callable[[Exception], str]  # what to do about such damage
    conflicts: tuple[type[Exception], ...]  # another transaction is in the way: the unit of work may run again
    has_locks: bool  # several transactions write at a time, and lock rows

    def is_outage(self, problem: Exception) -> bool:
        """Whether the database itself is in trouble."""
        return isinstance(problem, self.outages) or self.is_damage(problem)

    def unavailable(self, problem: Exception) -> Unavailable:
        """The error for an outage."""
        if self.is_damage(problem):
            return Unavailable(f"the database is damaged ({problem}): {self.mend(problem)}")
        words = f"the database is unavailable: {problem}"
        if "disk is full" in str(problem):
            return NoRoom(f"{words}. Make room on its disk; the service then continues by itself")
        return Unavailable(f"{words}{hint(str(problem))}")


DeferredWork = Callable[["Transaction", Sequence[Any]], object]


def in_json(values: Any) -> str:
    """Values as one JSON text, which a statement for many rows takes apart."""
    return _encode(values).decode()


def parse_row(row: Row, kind: type[T]) -> T:
    """A row as a struct with a field for each column; enums and booleans become what the fields say.

    No column can hold a mapping or a tuple, so the text of such a field is JSON.
    """
    parsed: T = _parse(zip(row.keys(), row, strict=True), kind)  # dict(row) would look for each column by its name
    return parsed


def parse_join(row: Iterable[Any], *kinds: type[Any]) -> tuple[Any, ...]:
    """The structs that a row holds one after the other, each with its columns in the order of its fields."""
    values = iter(row)
    parsed = tuple(_parse(zip(kind.__struct_fields__, values), kind) for kind in kinds)  # noqa: B905 - the rest follows
    assert not [*values]  # each column belongs to one of them
    return parsed


def _parse(columns: Iterable[tuple[str, Any]], kind: Any) -> Any:
    values = dict(columns)
    for name in _json_fields(kind):
        if name in values:
            values[name] = _decode(values[name])
    return msgspec.convert(values, kind, strict=False)


@cache
def _json_fields(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if get_origin(field.type) in (Mapping, tuple))


class Conflict(Exception):
    """Another transaction changed what this one relies on: the unit of work has to run again."""


class Transaction:
    """Runs named statements on one connection; never begins, commits or rolls back by itself.

    A unit of work may run twice, and may be undone, so it changes nothing but the database. It returns what else has to
    change (counters, events, what memory holds), or hands it to `after_commit`.
    """

    __slots__ = (
        "_connection",
        "_deferred",
        "_dialect",
        "_effects",
        "_is_last",
        "_ranks",
        "_run_deferred",
        "_statements",
    )

    def __init__(self, connection: Any, dialect: Dialect, *, is_last: bool = False) -> None:
        self._connection = connection
        self._dialect = dialect
        self._is_last = is_last  # the unit of work will not run again
        self._statements = dialect.statements
        self._effects: list[Callable[[], object]] = []
        self._deferred: list[tuple[DeferredWork, Any]] = []
        self._ranks: dict[DeferredWork, int] = {}
        self._run_deferred = 0  # how many of them have been carried out

    def after_commit(self, effect: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> None:
        """Call `effect` once when this transaction is committed, in the event loop if there is one.

        The call comes before the task that awaits the transaction goes on, and also when that task was cancelled. What
        is undone has no effect.
        """
        self._effects.append(partial(effect, *args, **kwargs))

    def hand_over_effects(self, later: Callable[[Callable[[], object]], object]) -> None:
        """After the commit: give what waited for it to `later`, as one function: each one would wake the event loop."""
        if self._effects:
            later(partial(_carry_out, self._effects))

    def before_commit(
        self, work: Callable[[Transaction, Sequence[Item]], object], item: Item, *, rank: int = 0
    ) -> None:
        """Have `work` called right before the commit, once with the items of all such calls, in order.

        This is for what keeps other transactions waiting from then on. What all wait for has a higher `rank` and comes
        later: then two transactions never lock such rows in different orders. What is undone takes its items along.
        """
        self._deferred.append((work, item))
        self._ranks[work] = rank

    def deferred(self, work: Callable[[Transaction, Sequence[Item]], object]) -> list[Item]:
        """The items that still wait for the commit."""
        return [item for queued_work, item in self._deferred[self._run_deferred :] if queued_work is work]

    def run_deferred(self) -> None:
        """Carry out now what waits for the commit: before it, or where something else depends on it."""
        while pending := self._deferred[self._run_deferred :]:
            self._run_deferred = len(self._deferred)
            for work in sorted(dict.fromkeys(work for work, _ in pending), key=self._ranks.__getitem__):
                work(self, [item for queued_work, item in pending if queued_work is work])

    def knows(self, name: str) -> bool:
        """Whether there is a statement of that name."""
        return name in self._statements

    def run(self, name: str, /, **parameters: Any) -> int:
        """Run a statement; returns how many rows it changed."""
        changed: int = self._connection.execute(self._statements[name], parameters).rowcount
        return changed

    def update(self, name: str, /, **parameters: Any) -> None:
        """Run a guarded update of one row that was read; raises Conflict if somebody has changed the row since."""
        if not self.run(name, **parameters):
            raise Conflict(name)

    def lock(self, name: str, /, **parameters: Any) -> None:
        """Run a statement that locks rows and says nothing, on an engine where others could write at the same time."""
        if self._dialect.has_locks:
            self._connection.execute(self._statements[name], parameters)

    def insert(self, name: str, /, **parameters: Any) -> int:
        """Run an insert that returns the id of the new row; the last one if there are several."""
        row_id: int = self._connection.execute(self._statements[name], parameters).fetchall()[-1][0]
        return row_id

    def run_many(self, name: str, rows: Iterable[Mapping[str, Any]], /) -> int:
        """Run a statement once for each of these rows; returns how many rows it changed in all."""
        cursor = self._connection.cursor()
        cursor.executemany(self._statements[name], rows)
        changed: int = cursor.rowcount
        return changed

    def run_rows(self, name: str, rows: Sequence[Sequence[Any]], /) -> int:
        """Run a statement about a table of values, `{rows of …}`, in their order; returns how many rows it changed.

        It costs less than rows as JSON, and takes octets. SQLite runs it once for each 625 rows.
        """
        return self._dialect.run_rows(self._connection, self._statements[name], rows)

    def rows(self, name: str, /, **parameters: Any) -> list[Row]:
        """All rows of a query."""
        rows: list[Row] = self._connection.execute(self._statements[name], parameters).fetchall()
        return rows

    def each(self, name: str, /, **parameters: Any) -> Iterator[Row]:
        """The rows of a query one at a time, for large rows."""
        return self._dialect.stream(self._connection, self._statements[name], parameters)

    def row(self, name: str, /, **parameters: Any) -> Row | None:
        """The only row of a query, or None."""
        row: Row | None = self._connection.execute(self._statements[name], parameters).fetchone()
        return row

    def parsed(self, kind: type[T], name: str, /, **parameters: Any) -> T | None:
        """The only row of a query as a value of its type, or None."""
        row = self.row(name, **parameters)
        return None if row is None else parse_row(row, kind)

    def parsed_rows(self, kind: type[T], name: str, /, **parameters: Any) -> list[T]:
        """All rows of a query as values of their type."""
        return [parse_row(row, kind) for row in self.rows(name, **parameters)]

    def value(self, name: str, /, **parameters: Any) -> Any:
        """The first column of the only row of a query, or None without a row."""
        row = self._connection.execute(self._statements[name], parameters).fetchone()
        return None if row is None else row[0]

    def mend_statistics(self) -> None:
        """Before a statement about very many rows, correct what the planner knows of tables that it takes for small."""
        self._dialect.mend_statistics(self._connection)

    def is_of_database(self, problem: Exception) -> bool:
        """Whether an exception is about the database itself or another transaction, not about this unit of work.

        A constraint that is still violated in the last run was not violated by another transaction.
        """
        conflicts = () if self._is_last else self._dialect.conflicts
        return isinstance(problem, (Conflict, *conflicts)) or self._dialect.is_outage(problem)

    def attempt(self, work: Callable[[], object]) -> Exception | None:
        """Run `work` in a savepoint: an exception undoes its changes and is returned, and the transaction goes on.

        What is about the database itself, such as a full disk or a lock, is raised: what follows would fail as well.
        """
        effects, deferred, run_deferred = len(self._effects), len(self._deferred), self._run_deferred
        self._connection.execute("savepoint attempt")
        try:
            work()
        except Exception as problem:
            if self.is_of_database(problem):
                raise
            del self._effects[effects:], self._deferred[deferred:]
            self._run_deferred = run_deferred
            self._connection.execute("rollback to savepoint attempt")
            self._connection.execute("release savepoint attempt")
            return problem
        self._connection.execute("release savepoint attempt")
        return None


def _carry_out(effects: Sequence[Callable[[], object]]) -> None:
    """Carry out all of them, in order, also those after one that raises."""
    problems: list[Exception] = []
    for effect in effects:
        try:
            effect()
        except Exception as problem:  # noqa: BLE001 - it is raised below
            problems.append(problem)
    if problems:
        raise ExceptionGroup("after a commit", problems)
