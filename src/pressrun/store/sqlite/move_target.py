"""A new database file that a move fills beside the place where it belongs."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from pathlib import Path

from pressrun.core.errors import BadConfiguration, OutputExists, Refused
from pressrun.store.files import make_directory, sync_directory
from pressrun.store.sqlite import migrate
from pressrun.store.sqlite.connection import connect
from pressrun.store.sqlite.tables import SqliteTables
from pressrun.store.table_store import DRAFT, STAGED, Also, MoveMark, MoveState, MoveTarget, StoredTable, Values, quoted

CACHE_KIB = 64 * 1024  # for the file that is filled: its indexes fit in for some million rows


class SqliteTarget(SqliteTables, MoveTarget):
    """A file that is filled under another name, and gets its own when it is complete."""

    def __init__(self, path: Path) -> None:
        super().__init__(sqlite3.connect(":memory:", isolation_level=None))  # until there is a file
        self._path = path
        self._draft = path.with_name(f".{path.name}{DRAFT}")
        self._later: list[str] = []  # what the schema creates once the rows are there: indexes, then triggers

    def find_mark(self) -> MoveMark | None:
        if not self._path.exists():
            return None
        with closing(connect(self._path, readonly=True)) as connection:
            migrate.require_ours(connection, self._path)
            return SqliteTables(connection).mark()

    def require_empty(self, source: str) -> None:
        if not os.access(self._path.parent, os.W_OK | os.X_OK, effective_ids=True):
            raise BadConfiguration(f"{self._path.parent} is not a folder that the owner of the data can write to")
        if not self._path.exists():
            return
        try:
            mark = self.find_mark()
        except BadConfiguration:  # another file altogether
            mark = None
        if mark is None or mark.place != source:
            raise OutputExists(f"{self._path} exists. Name another file, or move it away")

    def prepare(self, mark: MoveMark) -> None:
        self.discard()
        migrate.create(self._draft, migrate.package_schema(), migrate.newest_version())
        self._open(connect(self._draft))
        # A file that a kill leaves behind is worth nothing, so only what `publish` does has to survive one.
        for pragma in ("journal_mode = off", "synchronous = off", "secure_delete = off", "foreign_keys = off"):
            self.execute(f"pragma {pragma}")
        self.execute(f"pragma cache_size = -{CACHE_KIB}")
        self.set_mark(mark)
        sql = "select type, name, sql from sqlite_schema where type = ? and sql is not null order by name"
        made = [row for kind in ("index", "trigger") for row in self.execute(sql, (kind,)).fetchall()]
        for kind, name, _ in made:
            self.execute(f"drop {kind} {quoted([name])}")
        self._later = [definition for _, _, definition in made]
        for table in self.tables():
            self.execute(f"delete from {quoted([table])}")

    def _open(self, connection: sqlite3.Connection) -> None:
        self._connection.close()
        super().__init__(connection)

    def insert(self, table: StoredTable, rows: Iterable[Values]) -> None:
        places = ", ".join("?" * len(table.columns))
        sql = f"insert into {quoted([table.name])} ({quoted(table.columns)}) values ({places})"
        self._connection.executemany(sql, rows)

    def unusable(self, table: StoredTable, row: Values) -> str | None:
        """Nothing: whatever PostgreSQL stores can be stored."""
        del table, row
        return None

    def build_indexes(self) -> None:
        self._create("create index", "create unique index")

    def _create(self, *kinds: str) -> None:
        chosen = [sql for sql in self._later if sql.lower().startswith(kinds)]
        for sql in chosen:
            self.execute(sql)
            self._later.remove(sql)

    def stage(self, table: StoredTable, keys: Iterable[Values]) -> None:
        name = quoted([STAGED + table.name])
        self.execute(f"create temp table {name} as select {quoted(table.key)} from {quoted([table.name])} limit 0")
        self._connection.executemany(f"insert into {name} values ({', '.join('?' * len(table.key))})", keys)

    def complete(self, last_ids: Mapping[str, int]) -> None:
        self._create("create trigger")
        self.raise_ids(last_ids)
        broken = self.execute("pragma foreign_key_check").fetchall()
        if broken:
            raise Refused(f"{len(broken)} rows would be without those that they refer to, as in {broken[0][0]}")

    def publish(self, mark: MoveMark) -> None:
        self.set_mark(mark)
        self.execute("pragma journal_mode = wal")  # as migrate.create
        self._open(sqlite3.connect(":memory:", isolation_level=None))
        with self._draft.open("rb") as handle:
            os.fsync(handle.fileno())
        _empty_wal(self._path)
        self._draft.replace(self._path)
        sync_directory(self._path.parent)

    def release(self, also: Also) -> None:
        with closing(SqliteTables(connect(self._path))) as tables, tables.transaction():
            tables.remove_mark()
            also(tables.tx)
            tables.tx.run_deferred()

    def discard(self) -> None:
        self._open(sqlite3.connect(":memory:", isolation_level=None))
        for path in (self._draft, *migrate.logs_of(self._draft)):
            path.unlink(missing_ok=True)
        with suppress(BadConfiguration):
            mark = self.find_mark()
            if mark is not None and mark.state is MoveState.READY:
                self._path.unlink()


def left_for(path: Path) -> str | None:
    """Where the data went whose rows are still in this file; None if it is in use, has no rows left, or is missing."""
    if not path.exists():
        return None
    with closing(SqliteTables(connect(path, readonly=True))) as tables:
        mark = tables.mark()
        is_left = mark is not None and mark.state is MoveState.GONE and _has_rows(tables)
    return mark.place if mark is not None and is_left else None


def _has_rows(tables: SqliteTables) -> bool:
    """Whether it was ever in use: what is put in the place of such a file has no key."""
    return tables.execute("select 1 from keyring limit 1").fetchone() is not None


def set_aside(path: Path, kept: Path) -> None:
    """Keep a file that was left at `kept`, and put one in its place that has its mark and no rows.

    Nobody may have it open. A kill leaves either of the two in place, and the second one stays as it is.
    """
    with closing(SqliteTables(connect(path))) as tables:
        mark = tables.mark()
        if mark is None or mark.state is not MoveState.GONE:
            raise Refused(f"{path} was not left by a move")
        if not _has_rows(tables):
            return
    draft = path.with_name(f".{path.name}.left")
    migrate.create(draft, migrate.package_schema(), migrate.newest_version())
    with closing(connect(draft)) as connection:
        SqliteTables(connection).set_mark(mark)
    _empty_wal(path)
    make_directory(kept.parent)
    kept.unlink(missing_ok=True)
    kept.hardlink_to(path)
    sync_directory(kept.parent)  # before the other name is gone
    draft.replace(path)
    sync_directory(path.parent)


def _empty_wal(path: Path) -> None:
    """Remove the logs of a file that is about to be replaced: SQLite would apply them to the new one."""
    if path.exists():
        with closing(connect(path)) as connection:
            connection.execute("pragma wal_checkpoint(truncate)")
    for log in migrate.logs_of(path):
        log.unlink(missing_ok=True)
