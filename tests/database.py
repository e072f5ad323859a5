"""How tests reach a database beside the code under test, on whichever engine it is: by plain SQL, and by other ways
that each engine has of its own. And a database that runs every unit of work twice.

The SQL of a test is what both engines understand; `?` stands for each parameter, and `x'00'` for octets.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from functools import cache, wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar
from unittest.mock import patch

import psycopg
from msgspec.structs import replace
from tests.engines import IS_THOROUGH
from tests.guards import Guarded

from pressrun.store.connection import EngineConnection
from pressrun.store.database import Database
from pressrun.store.location import Location
from pressrun.store.postgresql.connection import PostgresConnection
from pressrun.store.sqlite.connection import SqliteConnection
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.sqlite.statements import MOST_ROWS
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep import sessions
from pressrun.store.upkeep.sessions import Process

P = ParamSpec("P")
T = TypeVar("T")
Item = TypeVar("Item")

# What a statement ends in that a constraint or a trigger forbids.
REFUSALS = (sqlite3.IntegrityError, psycopg.IntegrityError, psycopg.errors.RaiseException)

# Where each sequence is, by its number; -1 before its first value.
_SEQUENCES = """select json_object_agg(seqrelid::bigint, coalesce(pg_sequence_last_value(seqrelid), -1))::text
    from pg_sequence"""
_PUT_BACK = """select setval(seqrelid, greatest(value::bigint, 1), value::bigint > 0)
    from json_each_text(%(before)s::json) as kept (number, value) join pg_sequence on seqrelid = number::bigint::oid
    where coalesce(pg_sequence_last_value(seqrelid), -1) <> value::bigint"""
_QUOTED = re.compile(r"('(?:[^']|'')*')")


def file_of(location: Location) -> Path:
    """The file of a database of SQLite."""
    assert isinstance(location, SqliteFile)
    return location.path


def connection_of(tx: Transaction) -> Any:
    """The connection of a transaction: the one place where tests go behind what is public of it."""
    return tx._connection


def _is_sqlite(tx: Transaction) -> bool:
    return issubclass(tx._dialect.errors, sqlite3.Error)


@cache
def _for_psycopg(sql: str) -> str:
    pieces = _QUOTED.split(re.sub(r"\bx'([0-9a-f]*)'", r"'\\x\1'::bytea", sql).replace("%", "%%"))
    pieces[::2] = [piece.replace("?", "%s") for piece in pieces[::2]]
    return "".join(pieces)


def _execute(tx: Transaction, sql: str, parameters: Sequence[object]) -> Any:
    return connection_of(tx).execute(sql if _is_sqlite(tx) else _for_psycopg(sql), parameters)


def select_in(tx: Transaction, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    """What a query finds within a transaction."""
    return [tuple(row) for row in _execute(tx, sql, parameters)]


def execute_in(tx: Transaction, sql: str, *parameters: object) -> int:
    """Carry out a statement within a transaction; returns how many rows it changed."""
    changed: int = _execute(tx, sql, parameters).rowcount
    return changed


async def select(database: Database, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    """What a query finds."""
    return await database.read(select_in, sql, *parameters)


async def execute(database: Database, sql: str, *parameters: object) -> int:
    """Carry out a statement; returns how many rows it changed."""
    return await database.write(execute_in, sql, *parameters)


def select_at(place: Path | str, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    """What a query finds from outside, whoever uses the database: at the path of a file or the address of a server."""
    if isinstance(place, Path):
        with closing(sqlite3.connect(f"file:{place}?mode=ro", uri=True)) as connection:
            return connection.execute(sql, parameters).fetchall()
    with psycopg.connect(place) as server:
        return server.execute(_for_psycopg(sql), parameters).fetchall()


async def begin_session(database: Database) -> int:
    """A process begins: the one before it is gone."""
    process = Process(host="here", pid=1, lock="here", version="0", config="{}", keys="")
    session = await database.write(sessions.begin, process, is_alone=True)
    assert isinstance(session, int)
    return session


def execute_at(place: Path | str, sql: str, *parameters: object) -> None:
    """Carry out a statement from outside."""
    if isinstance(place, Path):
        with closing(sqlite3.connect(place)) as connection, connection:
            connection.execute(sql, parameters)
        return
    with psycopg.connect(place) as server:
        server.execute(_for_psycopg(sql), parameters)


def columns_in(tx: Transaction, table: str) -> list[str]:
    """The columns of a table, in order."""
    return [column[0] for column in _execute(tx, f"select * from {table} limit 0", ()).description]


async def drop_triggers(database: Database, table: str) -> None:
    """Take away what guards a table, as somebody can who owns the database."""
    await database.write(_drop_triggers, table)


def drop_triggers_at(location: Location, table: str) -> None:
    """The same from outside."""
    with closing(location.connect()) as connection:
        connection.write(lambda tx: _drop_triggers(tx, table))


def _drop_triggers(tx: Transaction, table: str) -> None:
    if not _is_sqlite(tx):
        execute_in(tx, f"alter table {table} disable trigger user")
        return
    sql = "select name from sqlite_schema where type = 'trigger' and tbl_name = ?"
    for (name,) in select_in(tx, sql, table):
        execute_in(tx, f"drop trigger {name}")


async def empty_guarded(database: Database, table: str) -> None:
    """Delete the rows of a table whose triggers forbid that."""
    await database.write(_empty_guarded, table)


def _empty_guarded(tx: Transaction, table: str) -> None:
    if not _is_sqlite(tx):
        execute_in(tx, f"alter table {table} disable trigger user")
        execute_in(tx, f"delete from {table}")
        execute_in(tx, f"alter table {table} enable trigger user")
        return
    guards = select_in(tx, "select sql from sqlite_schema where type = 'trigger' and tbl_name = ?", table)
    _drop_triggers(tx, table)
    execute_in(tx, f"delete from {table}")
    for (sql,) in guards:
        execute_in(tx, sql)


@asynccontextmanager
async def refused_updates(database: Database, table: str) -> AsyncIterator[None]:
    """Meanwhile each update of a table ends in an error that says "no updates"."""
    await database.write(_refuse_updates, table)
    yield
    await database.write(_allow_updates, table)


def _refuse_updates(tx: Transaction, table: str) -> None:
    if _is_sqlite(tx):
        say = "select raise(abort, 'no updates')"
        execute_in(tx, f"create trigger refuse before update on {table} begin {say}; end")
        return
    body = "begin raise exception 'no updates'; end"
    execute_in(tx, f"create function refuse() returns trigger language plpgsql as $${body}$$")
    execute_in(tx, f"create trigger refuse before update on {table} for each row execute function refuse()")


def _allow_updates(tx: Transaction, table: str) -> None:
    if _is_sqlite(tx):
        execute_in(tx, "drop trigger refuse")
        return
    execute_in(tx, f"drop trigger refuse on {table}")
    execute_in(tx, "drop function refuse")


@contextmanager
def watched() -> Iterator[list[str]]:
    """Collects what transactions that write begin with and say meanwhile, with its values."""
    said: list[str] = []
    with ExitStack() as stack:
        for engine in (SqliteConnection, PostgresConnection):
            stack.enter_context(patch.object(engine, "begin", _watched_begin(engine.begin, said)))
        yield said


def _watched_begin(begin: Callable[..., Any], said: list[str]) -> Callable[..., Any]:
    def watched_begin(connection: EngineConnection, *, durable: bool) -> Any:
        said.append("begin")
        return _Watched(begin(connection, durable=durable), said)

    return watched_begin


class _Watched:
    """A connection that notes what it is told."""

    def __init__(self, connection: Any, said: list[str]) -> None:
        self._connection = connection
        self._said = said

    def execute(self, statement: str, *parameters: Any) -> Any:
        if statement not in (_SEQUENCES, _PUT_BACK):
            self._said.append(f"{statement} {parameters}")
        return self._connection.execute(statement, *parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


@contextmanager
def held_by_another(file: Path) -> Iterator[None]:
    """Somebody else writes to a database of SQLite meanwhile, and changes nothing."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("begin immediate")
        yield
        other.execute("rollback")


class TwiceDatabase(Database):
    """Runs every unit of work twice: the first run is undone, as when another caller's error undoes a group.

    Work that changes nothing but the database leaves the same behind as if it had run once. So the tests of services
    and deliveries, which see events, metrics and counters, hold with this database as with any other.

    What it asks of the work is the same on every engine. The same tests ask it on SQLite, where that costs least, so on
    PostgreSQL they do in the thorough run alone.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._twice_over: dict[Any, Any] = {}  # the same for the same work: a group is carried out by its work

    async def write(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await super().write(self._twice(work), *args, **kwargs)

    async def record(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await super().record(self._twice(work), *args, **kwargs)

    async def read(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await super().read(_twice(work, _keep_nothing), *args, **kwargs)

    async def share(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await super().share(self._twice(work), *args, **kwargs)

    async def share_set(self, work: Callable[[Transaction, Sequence[Item]], Sequence[T]], item: Item) -> T:
        return await super().share_set(self._twice_over.setdefault(work, self._twice(work)), item)

    def _twice(self, work: Callable[Concatenate[Transaction, P], T]) -> Callable[Concatenate[Transaction, P], T]:
        return twice(work)


class OneOfSeveralDatabases(TwiceDatabase):
    """The same for one of several handles: it never puts back sequences, which others take ids from meanwhile."""

    def _twice(self, work: Callable[Concatenate[Transaction, P], T]) -> Callable[Concatenate[Transaction, P], T]:
        return _twice(work, _keep_nothing)


class _Undone(Exception):
    """Ends the first run."""


def twice(work: Callable[Concatenate[Transaction, P], T]) -> Callable[Concatenate[Transaction, P], T]:
    """The work, run once in a savepoint that is rolled back, and then for real."""
    return _twice(work, _keep_sequences)


def _twice(
    work: Callable[Concatenate[Transaction, P], T], keep: Callable[[Transaction], Callable[[], object]]
) -> Callable[Concatenate[Transaction, P], T]:
    @wraps(work)
    def run(tx: Transaction, /, *args: P.args, **kwargs: P.kwargs) -> T:
        tx._statements = Guarded(tx._statements)
        if not (IS_THOROUGH or _is_sqlite(tx)):
            return work(tx, *args, **kwargs)

        def undone() -> None:
            work(tx, *args, **kwargs)
            raise _Undone

        put_back = keep(tx)
        tx.attempt(undone)
        put_back()
        return work(tx, *args, **kwargs)

    return run


def undone(tx: Transaction, work: Callable[[Transaction], T]) -> T:
    """What a unit of work returns; all that it has changed is undone."""
    values: list[T] = []

    def run() -> None:
        values.append(work(tx))
        raise _Undone

    put_back = _keep_sequences(tx)
    problem = tx.attempt(run)
    put_back()
    if not isinstance(problem, _Undone):
        assert problem is not None
        raise problem
    return values[0]


def _keep_nothing(_: Transaction) -> Callable[[], object]:
    return lambda: None


def _keep_sequences(tx: Transaction) -> Callable[[], object]:
    """Where ids come from sequences, which no rollback puts back: let the second run get the ids of the first."""
    if _is_sqlite(tx):
        return lambda: None
    connection = connection_of(tx)
    [(before,)] = connection.execute(_SEQUENCES).fetchall()
    return lambda: connection.execute(_PUT_BACK, {"before": before}).fetchall()


class CountingDatabase(Database):
    """Collects the names of the statements that units of work run, and those that wait for their commit."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.statements: list[str] = []
        self._counted: dict[Any, Any] = {}  # the same for the same work: a group is carried out by its work

    async def write(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await super().write(self._counting(work), *args, **kwargs)

    async def record(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await super().record(self._counting(work), *args, **kwargs)

    async def read(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await super().read(self._counting(work), *args, **kwargs)

    async def share(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await super().share(self._counting(work), *args, **kwargs)

    async def share_set(self, work: Callable[[Transaction, Sequence[Item]], Sequence[T]], item: Item) -> T:
        return await super().share_set(self._counted.setdefault(work, self._counting(work)), item)

    def _counting(self, work: Callable[Concatenate[Transaction, P], T]) -> Callable[Concatenate[Transaction, P], T]:
        @wraps(work)
        def run(tx: Transaction, /, *args: P.args, **kwargs: P.kwargs) -> T:
            tx._statements = _Named(tx._statements, self.statements)
            if _is_sqlite(tx):
                tx._dialect = replace(tx._dialect, run_rows=self._noting_repeats(tx._dialect.run_rows))
            return work(tx, *args, **kwargs)

        return run

    def _noting_repeats(self, run_rows: Callable[[Any, str, Sequence[Any]], int]) -> Callable[..., int]:
        def noting(connection: Any, statement: str, rows: Sequence[Any]) -> int:
            self.statements += ["more rows"] * ((len(rows) - 1) // MOST_ROWS)
            return run_rows(connection, statement, rows)

        return noting


class _Named(dict[str, str]):
    """Statements that note their names when they are looked up."""

    def __init__(self, statements: Mapping[str, str], names: list[str]) -> None:
        super().__init__(statements)
        self._names = names

    def __getitem__(self, name: str) -> str:
        self._names.append(name)
        return super().__getitem__(name)
