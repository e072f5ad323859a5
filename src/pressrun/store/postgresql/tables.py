"""The tables of a database on a server."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from pressrun.store.postgresql.values import open_server_cursor
from pressrun.store.table_store import NOTES, StoredTable, TableStore, Values, is_copied, quoted
from pressrun.store.transaction import Dialect

FETCHED_OCTETS = 8 * 1024 * 1024  # of rows that are read at once, and
MOST_FETCHED = 5000  # of rows

HERE = "to_regnamespace(current_schema())"  # the schema that the role uses
_TABLES = f"""
select relname::text,
    array(select attname::text from pg_catalog.pg_attribute
        where attrelid = made.oid and attnum > 0 and not attisdropped order by attnum),
    array(select typname::text from pg_catalog.pg_attribute join pg_catalog.pg_type on pg_type.oid = atttypid
        where attrelid = made.oid and attnum > 0 and not attisdropped order by attnum),
    array(select attname::text from pg_catalog.pg_index
        cross join unnest(indkey) with ordinality as part (attribute, place)
        join pg_catalog.pg_attribute on attrelid = indrelid and attnum = attribute
        where indrelid = made.oid and indisprimary order by place),
    exists (select from pg_catalog.pg_attribute where attrelid = made.oid and attidentity <> '')
from pg_catalog.pg_class as made where relnamespace = {HERE} and relkind in ('r', 'p') order by relname
"""
_NOTE = """
create function {function}() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then insert into {notes} values ({old}); end if;
    if tg_op <> 'DELETE' then insert into {notes} values ({new}); end if;
    return null;
end
$$
"""
# What goes through whole tables takes as long as it takes: limits that an administrator has set for the role do not end
# it, as they do not end pg_dump. The last of these is of PostgreSQL 17.
_SET_LIMITS = """
select set_config(name, {value}, {is_local}) from pg_catalog.pg_settings
where name in ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')
and reset_val <> '0'
"""
WITHOUT_LIMITS = _SET_LIMITS.format(value="'0'", is_local="true")  # until the transaction ends
_WITHOUT_LIMITS_IN_SESSION = _SET_LIMITS.format(value="'0'", is_local="false")
_RESET_LIMITS = _SET_LIMITS.format(value="reset_val", is_local="false")
_CURSORS = count()


@contextmanager
def without_limits(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Set aside the limits of the role for what cannot be part of a transaction.

    They are put back, as a pooler may give somebody else the session.
    """
    connection.execute(_WITHOUT_LIMITS_IN_SESSION)
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute(_RESET_LIMITS)


class PostgresTables(TableStore):
    """The tables of the schema that the role uses."""

    def __init__(self, connection: psycopg.Connection[Any], dialect: Dialect) -> None:
        super().__init__(connection, dialect)
        self.types: dict[str, dict[str, str]] = {}  # of the columns of each table

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        return self._connection.execute(sql.replace("?", "%s") if values else sql, values or None)

    def stream(self, sql: str, fetched: int = MOST_FETCHED) -> Generator[Values]:
        with open_server_cursor(self._connection, f"move_{next(_CURSORS)}") as cursor:
            cursor.row_factory = tuple_row
            cursor.itersize = fetched
            cursor.execute(sql, binary=True)
            yield from cursor

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with self._connection.transaction():
            self.execute(f"set transaction isolation level repeatable read, read only; {WITHOUT_LIMITS}")
            yield

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._connection.transaction():
            self.execute(WITHOUT_LIMITS)
            yield

    def tables(self) -> dict[str, StoredTable]:
        tables = {}
        for name, columns, types, key, draws_ids in self.execute(_TABLES).fetchall():
            if is_copied(name):
                self.types[name] = dict(zip(columns, types, strict=True))
                tables[name] = StoredTable(name=name, columns=tuple(columns), key=tuple(key), draws_ids=bool(draws_ids))
        return tables

    def has(self, table: str) -> bool:
        return self.execute("select to_regclass(?)", (table,)).fetchone()[0] is not None

    def rows(self, table: StoredTable, where: str = "") -> Generator[Values]:
        columns = ", ".join(self._read_column(table, column) for column in table.columns)
        sql = f"select {columns} from {quoted([table.name])} {where} order by {quoted(table.key)}"
        return self.stream(sql, self._rows_at_once(table))

    def _read_column(self, table: StoredTable, column: str) -> str:
        """JSON as its text, which psycopg would take apart."""
        name = quoted([column])
        return f"{name}::text" if self.types[table.name][column] == "json" else name

    def _rows_at_once(self, table: StoredTable) -> int:
        """As many as fit in memory even if all are as large as the largest one is stored."""
        wide = [column for column, kind in self.types[table.name].items() if kind in {"bytea", "text", "json"}]
        if not wide:
            return MOST_FETCHED
        size = " + ".join(f"coalesce(pg_column_size({quoted([column])}), 0)" for column in wide)
        largest: int = self.execute(f"select coalesce(max({size}), 0) from {quoted([table.name])}").fetchone()[0]
        return max(1, min(MOST_FETCHED, FETCHED_OCTETS // max(1, largest)))

    def last_ids(self) -> dict[str, int]:
        drawn = self.execute("select name, last_id from id_counter").fetchall()
        counters = {row[0]: row[1] for row in drawn}  # of ids that no sequence has drawn
        return {
            table.name: max(self._last_id(table.name), counters.get(table.name, 0))
            for table in self.tables().values()
            if table.draws_ids
        }

    def _last_id(self, table: str) -> int:
        sql = f"select case when is_called then last_value else 0 end from {self.sequence_of(table)}"
        return int(self.execute(sql).fetchone()[0])

    def sequence_of(self, table: str) -> str:
        """The sequence that the ids of a table come from."""
        name: str = self.execute("select pg_get_serial_sequence(?, 'id')", (table,)).fetchone()[0]
        return name

    def raise_ids(self, last_ids: Mapping[str, int]) -> None:
        # No rollback undoes a sequence. A start that is killed here sees by the ids of copies that there is more to do.
        for table in sorted(self.tables().values(), key=lambda table: table.name == "delivery"):
            if table.draws_ids and (last := max(last_ids.get(table.name, 0), self.highest_id(table))):
                self.execute("select setval(?::regclass, ?)", (self.sequence_of(table.name), last))

    def track_changes(self) -> None:
        self.untrack_changes()
        for table in self.tables().values():
            name = NOTES + table.name
            notes, function = quoted([name]), quoted([name])
            old, new = quoted(table.key, "old."), quoted(table.key, "new.")
            self.execute(f"create table {notes} as select {quoted(table.key)} from {quoted([table.name])} with no data")
            self.execute(_NOTE.format(function=function, notes=notes, old=old, new=new))
            self.execute(
                f"create trigger {function} after insert or update or delete on {quoted([table.name])}"
                f" for each row execute function {function}()"
            )

    def untrack_changes(self) -> None:
        sql = (
            f"select quote_ident(proname) from pg_catalog.pg_proc where pronamespace = {HERE}"
            " and starts_with(proname, ?)"
        )
        for (function,) in self.execute(sql, (NOTES,)).fetchall():
            self.execute(f"drop function {function}() cascade")  # and its triggers
        for table in self.own_tables(NOTES):
            self.execute(f"drop table {quoted([table])}")

    def own_tables(self, prefix: str) -> list[str]:
        """The tables whose names begin so."""
        sql = (
            f"select relname::text from pg_catalog.pg_class where relnamespace = {HERE} and relkind = 'r'"
            " and starts_with(relname, ?)"
        )
        return [row[0] for row in self.execute(sql, (prefix,)).fetchall()]

    def close(self) -> None:
        self._connection.close()
