"""What tests of moves share: a database to move, somebody who serves it, and an empty one on a server."""

from __future__ import annotations

import hashlib
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from msgspec.structs import replace
from psycopg.conninfo import conninfo_to_dict
from tests import postgresql
from tests.engines import kept_folder
from tests.store.every_table import fill_every_table

from pressrun.core.signing.tokens import suppression_digest
from pressrun.operations.move_database import MoveReport, Switch, move_database
from pressrun.store.location import Location
from pressrun.store.postgresql.location import PostgresDatabase
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.table_store import MoveMark, MoveState, TableStore
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.preparing import prepare

Step = Callable[[], None]


@dataclass
class Alone:
    """Serves a database that nobody else uses. A test puts its own steps in between, by when they come: `noted`,
    `stopping`, `switching` and `switched`, before the answer to the switch arrives.
    """

    location: Location
    steps: Mapping[str, Step] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def _step(self, when: str) -> None:
        self.steps.get(when, lambda: None)()

    def track_changes(self) -> None:
        self.calls.append("note")
        self._write(lambda tables: tables.track_changes())
        self._step("noted")

    @contextmanager
    def stopped(self) -> Iterator[Switch]:
        self._step("stopping")
        self.calls.append("stop")
        yield self._switch

    def _switch(self, place: str, move: str) -> None:
        self._step("switching")
        self.calls.append("switch")
        self._write(lambda tables: tables.set_mark(MoveMark(MoveState.GONE, place, move)))
        self._step("switched")

    def untrack_changes(self) -> None:
        self.calls.append("forget")
        self._write(lambda tables: tables.untrack_changes())

    def _write(self, work: Callable[[TableStore], None]) -> None:
        with closing(self.location.connect()) as connection:
            tables = connection.tables()
            with tables.transaction():
                work(tables)


def filled(folder: Path, seed: int = 1) -> DataDir:
    """A data_dir whose file has rows in every table: those and the keys of one seed are the same in each."""
    return copied(_filled_once(seed), folder)


@cache
def _filled_once(seed: int) -> DataDir:
    data = DataDir(kept_folder() / "data")
    keys = prepare(data)
    assert isinstance(data.database, SqliteFile)
    fill_every_table(data.database.path, seed)
    with closing(sqlite3.connect(data.database.path)) as connection, connection:  # the readers of these keys
        connection.create_function("digest_of", 1, lambda key: suppression_digest(keys, key))
        connection.execute("update subscriber set suppression_digest = digest_of(address_key)")
    return data


def copied(data: DataDir, folder: Path) -> DataDir:
    """A data_dir like another that nobody uses."""
    return DataDir(shutil.copytree(data.root, folder))


def move(data: DataDir, destination: Location, served: Alone | None = None) -> tuple[DataDir, MoveReport]:
    """Move the data; returns them where they are then, and the report."""
    report = move_database(data, destination, served or Alone(data.database), lambda _: None, lambda _: None)
    return DataDir(data.root, None if isinstance(destination, SqliteFile) else destination), report


def content(location: Location) -> dict[str, str]:
    """A digest of each table, by its name, and the ids that were drawn."""
    with closing(location.connect(readonly=True)) as connection:
        tables = connection.tables()
        with tables.snapshot():
            digests = {
                name: hashlib.sha256(repr(list(tables.rows(table))).encode()).hexdigest()
                for name, table in tables.tables().items()
            }
            drawn = {f"ids of {name}": str(last) for name, last in tables.last_ids().items()}
            for name in ("consent", "audit"):
                drawn.pop(f"ids of {name}", None)  # SQLite goes on after the last row, as none is ever deleted
            return digests | drawn


def leftovers(location: Location) -> list[str]:
    """What moves have left in a database."""
    with closing(location.connect(readonly=True)) as connection:
        tables = connection.tables()
        with tables.snapshot():
            if isinstance(location, SqliteFile):
                sql = "select name from sqlite_schema where name like 'move%'"
            else:
                sql = (
                    "select relname from pg_class where relname like 'move%' union all"
                    " select tgname from pg_trigger where tgname like 'move%' union all"
                    " select proname from pg_proc where proname like 'move%'"
                )
            return sorted(row[0] for row in tables.execute(sql).fetchall())


@contextmanager
def moved_copy(moved: DataDir, folder: Path) -> Iterator[DataDir]:
    """What a move to a server has left in both places: a copy of data that were moved, and that nobody uses."""
    assert isinstance(moved.database, PostgresDatabase)
    template = conninfo_to_dict(moved.database.address)["dbname"]
    with _new_database(f"owner {postgresql.ROLE} template {template} strategy file_copy") as database:
        left = copied(moved, folder)
        with closing(left.database.connect()) as connection:
            tables = connection.tables()
            mark = tables.mark()
            assert mark is not None
            with tables.transaction():
                tables.set_mark(replace(mark, place=str(database)))
        yield DataDir(folder, database)


@contextmanager
def empty_database(*, encoding: str = "UTF8", owner: str = postgresql.ROLE) -> Iterator[PostgresDatabase]:
    """A database without tables on the server of this run."""
    with _new_database(f"owner {owner} encoding '{encoding}' template template0") as database:
        yield database


@contextmanager
def _new_database(options: str) -> Iterator[PostgresDatabase]:
    server = postgresql.shared_server()
    name = f"move_{secrets.token_hex(6)}"
    with server.connect() as connection:
        connection.execute(f"create database {name} {options}")
    try:
        yield PostgresDatabase(server.url(name))
    finally:
        with server.connect() as connection:
            connection.execute(f"drop database {name} with (force)")


def execute(location: Location, *statements: str) -> None:
    """Change something, as the service would."""
    with closing(location.connect()) as connection:
        tables = connection.tables()
        with tables.transaction():
            for statement in statements:
                tables.execute(statement)
