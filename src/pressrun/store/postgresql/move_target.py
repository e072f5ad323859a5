"""A database on a server that a move fills where it is, with a mark on it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import psycopg

from pressrun.core.errors import BadConfiguration, OutputExists
from pressrun.store.postgresql.connection import requiring_rights
from pressrun.store.postgresql.tables import HERE, PostgresTables
from pressrun.store.table_store import OURS, STAGED, Also, MoveMark, MoveTarget, StoredTable, Values, quoted
from pressrun.store.transaction import Dialect

_FOREIGN_KEYS = f"""
select conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) from pg_catalog.pg_constraint
where contype = 'f' and connamespace = {HERE} order by conname
"""
_INDEXES = f"""
select indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_catalog.pg_index
join pg_catalog.pg_class on pg_class.oid = indexrelid
where relnamespace = {HERE}
    and not exists (select from pg_catalog.pg_constraint where conindid = indexrelid and contype in ('p', 'u', 'x'))
order by relname
"""
_TRIGGERS = f"""
select tgrelid::regclass::text, quote_ident(tgname), pg_get_triggerdef(pg_trigger.oid) from pg_catalog.pg_trigger
join pg_catalog.pg_class on pg_class.oid = tgrelid
where relnamespace = {HERE} and not tgisinternal order by tgname
"""
_CREATED = re.compile(r"^create (table|view|function) (\w+)", re.MULTILINE)


class PostgresTarget(PostgresTables, MoveTarget):
    """A database that is filled where it is, with a mark on it."""

    def __init__(
        self, connection: psycopg.Connection[Any], dialect: Dialect, place: str, schema: str, version: int
    ) -> None:
        super().__init__(connection, dialect)
        self._place = place
        self._schema = schema
        self._version = version
        self._indexes: list[str] = []  # what the schema creates once the rows are there
        self._constraints: list[str] = []

    def find_mark(self) -> MoveMark | None:
        return self.mark()

    def require_empty(self, source: str) -> None:
        schema = self.execute("select current_schema()").fetchone()[0]
        if schema is None:
            raise BadConfiguration(f"{self._place}: the search_path of this role names no schema that it can use")
        kinds = "('r', 'p', 'v', 'm')"
        sql = f"select relname::text from pg_catalog.pg_class where relnamespace = {HERE} and relkind in {kinds}"
        there = [row[0] for row in self.execute(sql).fetchall()]
        mark = self.mark()
        if there and (mark is None or mark.place != source or not all(map(self._is_ours, there))):
            raise OutputExists(f"{self._place} has tables in its schema {schema}. Create a new database for the move")
        if not self.execute("select has_schema_privilege(current_schema(), 'create')").fetchone()[0]:
            raise BadConfiguration(
                f"{self._place}: the role may not create tables in the schema {schema}. Make the role its owner"
            )

    def _is_ours(self, name: str) -> bool:
        return name.startswith(OURS) or name in {made for _, made in _created(self._schema)}

    def prepare(self, mark: MoveMark) -> None:
        with requiring_rights(self._place, "the database"), self.transaction():
            self._drop_all()
            self.execute(self._schema)
            self.execute("insert into schema_version (version) values (?)", (self._version,))
            self.set_mark(mark)
            self._put_off()
            for table in self.tables():
                self.execute(f"delete from {quoted([table])}")

    def _drop_all(self) -> None:
        """Drop what the schema and moves create, and nothing else."""
        self.untrack_changes()
        for table in self.own_tables(OURS):
            self.execute(f"drop table {quoted([table])}")
        for kind, name in reversed(_created(self._schema)):
            self.execute(f"drop {kind} if exists {quoted([name])} cascade")

    def _put_off(self) -> None:
        """Drop foreign keys, triggers and indexes until the rows are there: each row would pay for them."""
        for table, name, definition in self.execute(_FOREIGN_KEYS).fetchall():
            self.execute(f"alter table {table} drop constraint {name}")
            self._constraints.append(f"alter table {table} add constraint {name} {definition}")
        for table, name, definition in self.execute(_TRIGGERS).fetchall():
            self.execute(f"drop trigger {name} on {table}")
            self._constraints.append(definition)
        for name, definition in self.execute(_INDEXES).fetchall():
            self.execute(f"drop index {name}")
            self._indexes.append(definition)

    def insert(self, table: StoredTable, rows: Iterable[Values]) -> None:
        sql = f"copy {quoted([table.name])} ({quoted(table.columns)}) from stdin (format binary)"
        self._copy(sql, [self.types[table.name][column] for column in table.columns], rows)

    def _copy(self, sql: str, types: list[str], rows: Iterable[Values]) -> None:
        with self._connection.cursor().copy(sql) as copy:
            copy.set_types(["text" if kind == "json" else kind for kind in types])  # JSON goes as the text that it is
            for row in rows:
                copy.write_row(row)

    def unusable(self, table: StoredTable, row: Values) -> str | None:
        for column, value in zip(table.columns, row, strict=True):
            if isinstance(value, str):
                problem = _unusable_text(value)
                if problem is not None:
                    return f"{column} holds {problem}"
        return None

    def build_indexes(self) -> None:
        with self.transaction():
            for definition in self._indexes:
                self.execute(definition)
        with self.transaction():
            self.execute("analyze")

    def stage(self, table: StoredTable, keys: Iterable[Values]) -> None:
        name, key = quoted([STAGED + table.name]), quoted(table.key)
        self.execute(
            f"create temp table {name} on commit drop as select {key} from {quoted([table.name])} with no data"
        )
        types = [self.types[table.name][column] for column in table.key]
        self._copy(f"copy {name} ({key}) from stdin (format binary)", types, keys)
        self.execute(f"analyze {name}")

    def complete(self, last_ids: Mapping[str, int]) -> None:
        for definition in self._constraints:
            self.execute(definition)
        self.raise_ids(last_ids)

    def publish(self, mark: MoveMark) -> None:
        with self.transaction():  # at no moment without a mark; the commit brings all that went before to the disk
            self.set_mark(mark)

    def release(self, also: Also) -> None:
        with self.transaction():
            self.remove_mark()
            also(self.tx)
            self.tx.run_deferred()

    def discard(self) -> None:
        with self.transaction():
            self._drop_all()


def _created(schema: str) -> list[tuple[str, str]]:
    """What the schema creates, as kind and name, in order."""
    return [(kind, name) for kind, name in _CREATED.findall(schema)]


def _unusable_text(value: str) -> str | None:
    if "\0" in value:
        return "a NUL character"
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return "octets that are not UTF-8, or half of a surrogate pair"
    if "\\u" in value and value[:1] in ("{", "["):
        return _unusable_json(value)
    return None


def _unusable_json(value: str) -> str | None:
    """What JSON holds that PostgreSQL cannot take out of it, though the text itself can be stored."""
    try:
        content = json.dumps(json.loads(value), ensure_ascii=False)
    except ValueError:
        return None  # a text that only looks like JSON
    return _unusable_text(content.replace("\\\\", "").replace("\\u0000", "\0").replace("\\u", ""))


RESTORING = "pressrun_restoring"  # the schema until it takes the place of the one in use


class PostgresReplacement(PostgresTarget):
    """Fills a new schema; `publish` lets it change places with the one in use, which is kept as `aside`."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        dialect: Dialect,
        place: str,
        schema: str,
        version: int,
        *,
        aside: str,
    ) -> None:
        super().__init__(connection, dialect, place, schema, version)
        self._in_use: str = self.execute("select current_schema()").fetchone()[0]
        self._aside = aside
        with requiring_rights(place, "the database"), self.transaction():
            self.execute(f"drop schema if exists {RESTORING} cascade")
            self.execute(f"create schema {RESTORING}")
        self.execute(f"set search_path to {RESTORING}")

    def publish(self, mark: MoveMark) -> None:
        with requiring_rights(self._place, "that schema"), self.transaction():
            self.set_mark(mark)
            self.execute(f"alter schema {quoted([self._in_use])} rename to {quoted([self._aside])}")
            self.execute(f"alter schema {RESTORING} rename to {quoted([self._in_use])}")
        self.execute(f"set search_path to {quoted([self._in_use])}")

    def discard(self) -> None:
        with self.transaction():
            self.execute(f"drop schema if exists {RESTORING} cascade")
