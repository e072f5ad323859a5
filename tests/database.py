"""How tests make and reach a database.

A new one is made once in each process and then written from memory. Tests reach it by plain SQL beside the code under
test, and with every unit of work run twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from functools import cache, wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Concatenate, ParamSpec, TypeVar

from pressrun.core.keys import KeyRing
from pressrun.store.database import Database
from pressrun.store.datadir import DataDir, prepare
from pressrun.store.location import Location
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.transaction import Transaction

P = ParamSpec("P")
T = TypeVar("T")
Item = TypeVar("Item")


def new_data_dir(root: Path) -> tuple[DataDir, KeyRing]:
    """What `prepare` makes of a new folder, with the same keys each time, or what it finds in one that exists."""
    data = DataDir(root)
    if root.exists():
        return data, prepare(data)
    root.mkdir(mode=0o700, parents=True)
    data.keys.mkdir(mode=0o700)
    files, keys = _prepared()
    for path, content in files.items():
        (root / path).touch(mode=0o600)
        (root / path).write_bytes(content)
    return data, KeyRing(dict(keys.link_keys), keys.suppression_key)


def new_database(path: Path) -> None:
    """An empty database with the newest schema."""
    files, _ = _prepared()
    path.write_bytes(files[Path("pressrun.sqlite3")])


@cache
def _prepared() -> tuple[dict[Path, bytes], KeyRing]:
    with TemporaryDirectory(prefix="pressrun-tests-") as name:
        root = Path(name) / "data"
        keys = prepare(DataDir(root))
        return {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}, keys


def file_of(location: Location) -> Path:
    """The file of a database of SQLite."""
    assert isinstance(location, SqliteFile)
    return location.path


def connection_of(tx: Transaction) -> sqlite3.Connection:
    """The connection of a transaction: the one place where tests go behind what is public of it."""
    connection: sqlite3.Connection = tx._connection
    return connection


def select_in(tx: Transaction, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    """What a query finds within a transaction. `?` stands for each parameter."""
    return [tuple(row) for row in connection_of(tx).execute(sql, parameters)]


def execute_in(tx: Transaction, sql: str, *parameters: object) -> int:
    """Carry out a statement within a transaction; returns how many rows it changed. `?` stands for each parameter."""
    return connection_of(tx).execute(sql, parameters).rowcount


async def select(database: Database, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    """What a query finds. `?` stands for each parameter."""
    return await database.read(select_in, sql, *parameters)


async def execute(database: Database, sql: str, *parameters: object) -> int:
    """Carry out a statement; returns how many rows it changed. `?` stands for each parameter."""
    return await database.write(execute_in, sql, *parameters)


# What a statement ends in that a constraint or a trigger forbids.
REFUSALS = (sqlite3.IntegrityError,)


async def columns_of(database: Database, table: str) -> list[str]:
    """The columns of a table, in order."""
    return await database.read(
        lambda tx: [one[0] for one in connection_of(tx).execute(f"select * from {table} limit 0").description]
    )


async def drop_triggers(database: Database, table: str) -> None:
    """Take away what guards a table, as somebody can who owns the database."""
    sql = "select name from sqlite_schema where type = 'trigger' and tbl_name = ?"
    for (name,) in await select(database, sql, table):
        await execute(database, f"drop trigger {name}")


@asynccontextmanager
async def refused_updates(database: Database, table: str) -> AsyncIterator[None]:
    """Meanwhile each update of a table ends in an error that says "no updates"."""
    refuse = f"create trigger broken before update on {table} begin select raise(abort, 'no updates'); end"
    await execute(database, refuse)
    yield
    await execute(database, "drop trigger broken")


@asynccontextmanager
async def watched(database: Database) -> AsyncIterator[list[str]]:
    """Collects what the connection that writes says meanwhile, with its values."""
    said: list[str] = []
    await database.write(lambda tx: connection_of(tx).set_trace_callback(said.append))
    said.clear()
    yield said
    before = said[:]
    await database.write(lambda tx: connection_of(tx).set_trace_callback(None))
    said[:] = before


@contextmanager
def held_by_another(database: Database) -> Iterator[None]:
    """Somebody else writes to the file meanwhile, and changes nothing."""
    with closing(sqlite3.connect(file_of(database.location), isolation_level=None)) as other:
        other.execute("begin immediate")
        yield
        other.execute("rollback")


class TwiceDatabase(Database):
    """Runs every unit of work twice: the first run is undone, as when another caller's error undoes a group.

    Work that changes nothing but the database leaves the same behind as if it had run once. So the tests of services
    and deliveries, which see events, metrics and counters, hold with this database as with any other.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._twice: dict[Any, Any] = {}  # the same for the same work: a group is carried out by its work

    async def write(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await super().write(twice(work), *args, **kwargs)

    async def record(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await super().record(twice(work), *args, **kwargs)

    async def read(self, work: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await super().read(twice(work), *args, **kwargs)

    async def share_set(self, work: Callable[[Transaction, Sequence[Item]], Sequence[T]], item: Item) -> T:
        return await super().share_set(self._twice.setdefault(work, twice(work)), item)


class _Undone(Exception):
    """Ends the first run."""


def twice(work: Callable[Concatenate[Transaction, P], T]) -> Callable[Concatenate[Transaction, P], T]:
    """The work, run once in a savepoint that is rolled back, and then for real."""

    @wraps(work)
    def run(tx: Transaction, /, *args: P.args, **kwargs: P.kwargs) -> T:
        def undone() -> None:
            work(tx, *args, **kwargs)
            raise _Undone

        tx.attempt(undone)
        return work(tx, *args, **kwargs)

    return run
