"""The tables of a database file."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pressrun.store.sqlite.connection import dialect
from pressrun.store.table_store import NOTES, StoredTable, TableStore, Values, is_copied, quoted

_DRAWS_IDS = re.compile(r"integer primary key autoincrement")
_CHANGES = (("insert", ("new",)), ("update", ("old", "new")), ("delete", ("old",)))


class SqliteTables(TableStore):
    """The tables of an open file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection, dialect())

    def execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        cursor: sqlite3.Cursor = self._connection.execute(sql, values)
        return cursor

    def stream(self, sql: str) -> Generator[Values]:
        cursor = self._connection.cursor()
        cursor.row_factory = None
        self._connection.text_factory = _decode  # for good: no service reads by a connection that moves do
        yield from cursor.execute(sql)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with self._transaction("begin"):
            yield

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._transaction("begin immediate"):
            yield

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        self.execute(begin)
        try:
            yield
            self.execute("commit")
        except BaseException:
            if self._connection.in_transaction:
                self.execute("rollback")
            raise

    def tables(self) -> dict[str, StoredTable]:
        made = self.execute("select name, sql from sqlite_schema where type = 'table' order by name").fetchall()
        return {name: self._table(name, sql) for name, sql in made if is_copied(name)}

    def _table(self, name: str, sql: str) -> StoredTable:
        columns = self.execute("select name, pk from pragma_table_info(?) order by cid", (name,)).fetchall()
        key = sorted((place, column) for column, place in columns if place)
        return StoredTable(
            name=name,
            columns=tuple(column for column, _ in columns),
            key=tuple(column for _, column in key),
            draws_ids=_DRAWS_IDS.search(sql) is not None,
        )

    def has(self, table: str) -> bool:
        sql = "select 1 from sqlite_schema where name = ? union all select 1 from temp.sqlite_schema where name = ?"
        return self.execute(sql, (table, table)).fetchone() is not None

    def last_ids(self) -> dict[str, int]:
        drawn = dict(tuple(row) for row in self.execute("select name, seq from sqlite_sequence").fetchall())
        return {table.name: int(drawn.get(table.name, 0)) for table in self.tables().values() if table.draws_ids}

    def track_changes(self) -> None:
        self.untrack_changes()
        for table in self.tables().values():
            notes = quoted([NOTES + table.name])
            self.execute(f"create table {notes} as select {quoted(table.key)} from {quoted([table.name])} limit 0")
            for change, rows in _CHANGES:
                values = " ".join(f"insert into {notes} values ({quoted(table.key, f'{row}.')});" for row in rows)
                name = quoted([f"{NOTES}{table.name}_{change}"])
                self.execute(f"create trigger {name} after {change} on {quoted([table.name])} begin {values} end")

    def untrack_changes(self) -> None:
        for kind in ("trigger", "table"):
            sql = "select name from sqlite_schema where type = ? and substr(name, 1, ?) = ?"
            for (name,) in self.execute(sql, (kind, len(NOTES), NOTES)).fetchall():
                self.execute(f"drop {kind} {quoted([name])}")

    def close(self) -> None:
        self._connection.close()


def _decode(octets: bytes) -> str:
    """A text as stored; octets that are not UTF-8 become surrogates, which a target can name."""
    return octets.decode("utf-8", "surrogateescape")
