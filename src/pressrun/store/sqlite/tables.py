"""The tables of a database file."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from pressrun.core.errors import Refused
from pressrun.store.sqlite.statements import dialect
from pressrun.store.table_store import NOTES, StoredTable, TableStore, Values, is_copied, quoted

_DRAWS_IDS = re.compile(r"integer primary key autoincrement")
COPIED_PAGES = 1024  # in one step: others have the disk in between, and wait for no more than these to reach it
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

    def copy_file(self, target: Path, progress: Callable[[int, int], object]) -> None:
        """Copy the whole file, as the snapshot of the caller has it, to a new one; `progress` gets pages left and all.

        Others go on writing. As the snapshot stays the same, no step begins anew, however much they write. Each step
        goes to the disk at once: a commit of theirs would otherwise have to wait for all that was copied so far.
        Raises Refused when the file cannot be read or the copy not written, as on a full disk.
        """
        descriptor = os.open(target, os.O_RDWR | os.O_CLOEXEC | os.O_CREAT, 0o600)

        def end_step(_: int, left: int, total: int) -> None:
            os.fdatasync(descriptor)
            progress(left, total)

        try:
            with closing(sqlite3.connect(target, isolation_level=None)) as copy:
                for pragma in ("locking_mode = exclusive", "journal_mode = off", "synchronous = off"):
                    copy.execute(f"pragma {pragma}")
                self._connection.backup(copy, pages=COPIED_PAGES, progress=end_step)
                copy.execute("pragma journal_mode = delete")  # the copy is a single file
            os.fsync(descriptor)
        except sqlite3.Error as problem:
            place = target.parent.resolve()  # not the name of an open descriptor
            raise Refused(f"the database could not be copied to {place}: {problem}") from problem
        finally:
            os.close(descriptor)

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

    def raise_ids(self, last_ids: Mapping[str, int]) -> None:
        self.execute("delete from sqlite_sequence")
        for table in self.tables().values():
            if table.draws_ids and (last := max(last_ids.get(table.name, 0), self.highest_id(table))):
                self.execute("insert into sqlite_sequence (name, seq) values (?, ?)", (table.name, last))

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
