"""Fills every table and column of a database file with random values that the schema allows.

What is filled comes from the schema itself, so that a new table or column is filled, too.
"""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.database import select_at

from pressrun.store.people import audit
from pressrun.store.people.audit import Actor, Entry, Person
from pressrun.store.readers import consent
from pressrun.store.readers.consent import ConsentEvent
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.upkeep import keyring

# Of rows that code fills, because they depend on each other.
_BY_CODE = {"audit", "audit_head", "consent", "consent_head", "keyring", "archive_search", "id_counter"}
_CHECKED = re.compile(r"^\s+(\w+) \w+[^\n]*?check \((?:\1 is null or )?\1 in \(([^)]*)\)\)", re.MULTILINE)
_WORDS = (
    "a",
    "é",
    "ß",
    "日本",
    "🙂",
    "\u202e",
    "\x01",
    "''",
    '"',
    "\\",
    "%s",
    "?",
    "\n",
    " ",
    "ẞ",
    "e\u0301",
    "\U0010ffff",
)
_LARGEST = 2**63 - 1
_TRIES = 5  # for a row: it may be like one that is there
_LARGE = {"content", "source", "skeleton", "text_skeleton"}  # those with an index are small


def fill_every_table(path: Path, seed: int, rows: int = 3) -> None:
    """Add this many rows to every table, and values to every column of them."""
    chance = random.Random(seed)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("pragma foreign_keys = on")
        connection.create_function("searchable", 1, str)
        connection.execute("begin")
        for table in _in_order(connection):
            for number in range(rows * _TRIES):
                if connection.execute(f"select count(*) from {table}").fetchone()[0] < rows:
                    insert_row(connection, table, chance, number)
        _index(connection)
        connection.execute("commit")
    fill_consent(path, chance, rows)
    fill_audit(path, chance)


def filled_tables(connection: sqlite3.Connection) -> list[str]:
    """The tables that hold data of their own."""
    sql = (
        "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' and sql not like '%virtual%'"
    )
    return [name for (name,) in connection.execute(sql) if not name.startswith("archive_search")]


def empty_columns(path: Path) -> set[str]:
    """The columns that hold nothing but null, or belong to an empty table."""
    with closing(sqlite3.connect(path)) as connection:
        return {
            f"{table}.{column}"
            for table in filled_tables(connection)
            for column in _columns(connection, table)
            if not connection.execute(f"select count({column}) from {table}").fetchone()[0]
        }


def _in_order(connection: sqlite3.Connection) -> list[str]:
    """The tables, each after those that it refers to."""
    waiting = {
        table: {key[2] for key in _foreign_keys(connection, table)} - {table} for table in filled_tables(connection)
    }
    ordered: list[str] = []
    while waiting:
        ready = sorted(table for table, parents in waiting.items() if parents <= {*ordered})
        ordered += ready
        for table in ready:
            del waiting[table]
    return [table for table in ordered if table not in _BY_CODE]


def _columns(connection: sqlite3.Connection, table: str) -> dict[str, tuple[str, bool]]:
    """The columns with their types, and whether they may be null."""
    columns = connection.execute('select name, type, "notnull" or pk from pragma_table_info(?)', (table,))
    return {name: (kind.lower(), not is_needed) for name, kind, is_needed in columns}


def _foreign_keys(connection: sqlite3.Connection, table: str) -> list[tuple[Any, ...]]:
    return connection.execute("select * from pragma_foreign_key_list(?)", (table,)).fetchall()


def insert_row(connection: sqlite3.Connection, table: str, chance: random.Random, number: int = 0) -> None:
    """A row; the first one has something in every column, unless a constraint forbids that."""
    (sql,) = connection.execute("select sql from sqlite_schema where name = ?", (table,)).fetchone()
    choices = {name: [eval(text) for text in values.split(", ")] for name, values in _CHECKED.findall(sql)}
    row: dict[str, object] = {}
    for name, (kind, may_be_null) in _columns(connection, table).items():
        if may_be_null and number and chance.random() < 0.5:
            row[name] = None
        elif name in choices:
            row[name] = chance.choice(choices[name])
        else:
            row[name] = _value(name, kind, chance)
    row |= _bound(table, number)
    row |= _parents(connection, table, row, chance)
    names = ", ".join(f'"{name}"' for name in row)
    places = ", ".join(f":{name}" for name in row)
    connection.execute(f"insert into {table} ({names}) values ({places}) on conflict do nothing", row)


def _value(name: str, kind: str, chance: random.Random) -> object:
    if kind == "integer":
        return chance.randrange(1, 2**48 if name == "id" else _LARGEST)
    if kind == "real":
        return chance.choice([chance.random() * 1e9, 0.1, 1.0, -0.0, 5e-324])
    if kind == "blob":
        return chance.randbytes(chance.choice([0, 1, 40_000] if name in _LARGE else [1, 32]))
    if name in {"payload", "attributes", "former", "findings", "state", "also", "config"}:
        return chance.choice(["{}", '{"a": "é\\u000a"}', '{ "b" : [1, 2.0, null] }'])
    return "".join(chance.choices(_WORDS, k=chance.randrange(1, 12)))


def _parents(
    connection: sqlite3.Connection, table: str, row: dict[str, object], chance: random.Random
) -> dict[str, object]:
    """What foreign keys refer to."""
    keys: dict[int, list[tuple[Any, ...]]] = {}
    for key in _foreign_keys(connection, table):
        keys.setdefault(key[0], []).append(key)
    references: dict[str, object] = {}
    for parts in keys.values():
        columns = [part[3] for part in sorted(parts, key=lambda part: part[1])]
        parent = parts[0][2]
        their = connection.execute("select name from pragma_table_info(?) where pk order by pk", (parent,)).fetchall()
        rows = connection.execute(f"select {', '.join(column[0] for column in their)} from {parent}").fetchall()
        if rows and not (len(columns) == 1 and row[columns[0]] is None):
            references |= dict(zip(columns, chance.choice(rows), strict=True))
        elif parent == table:
            references[columns[0]] = None
    return references


def _bound(table: str, number: int) -> dict[str, object]:
    """Columns that depend on others of their row; a number stands for a parent."""
    if table != "delivery":
        return {}
    if number % 2 == 0:
        return {"edition_id": 1, "notice_id": None, "subscription_id": 1, "state": "claimed"}
    return {"edition_id": None, "notice_id": 1, "subscription_id": None, "state": "claimed"}


def _index(connection: sqlite3.Connection) -> None:
    """The search index holds no more than the schema says; a move makes it anew."""
    made = [column[0] for column in connection.execute("select name from pragma_table_info('archive_search')")]
    values = ", ".join(f"'{name}'" for name in made)
    connection.execute(
        f"insert into archive_search (rowid, {', '.join(made)}) select id, {values} from edition"
        " where exists (select 1 from edition_content where edition_id = id)"
    )


def fill_consent(path: Path, chance: random.Random, rows: int) -> None:
    with closing(SqliteFile(path).connect()) as connection:
        connection.write(lambda tx: consent.append_consent(tx, *_events(chance, rows)))
        connection.write(lambda tx: consent.erase_consent(tx, 1, now=2, salt=chance.randbytes(16)))
        connection.write(lambda tx: consent.append_consent(tx, *_events(chance, rows)))


def fill_audit(path: Path, chance: random.Random) -> None:
    actor = Actor(who="ina", uid=1000, claimed="paul", way="shell")
    ann, bob = (Person(address_key=f"{name}@reader.example", digest=chance.randbytes(32)) for name in ("ann", "bob"))
    with closing(SqliteFile(path).connect()) as connection:
        (reader,) = select_at(path, "select address_key from subscriber limit 1")
        for person in (ann, bob, Person(address_key=reader[0], digest=b"")):
            entry = Entry(
                at=1,
                actor=actor,
                action="list.set",
                list="news",
                object="edition 1",
                fields=("title",),
                outcome="refused",
                code=1,
                person=person,
                salt=chance.randbytes(16),
            )
            connection.write(lambda tx, entry=entry: audit.append(tx, entry))  # type: ignore[misc]
        connection.write(lambda tx: audit.erase_about(tx, [], [ann.digest], 2))
        connection.write(lambda tx: keyring.retire(tx, 1, 3))


def _events(chance: random.Random, rows: int) -> Iterable[ConsentEvent]:
    for number in range(rows):
        yield ConsentEvent(
            subscriber_id=number + 1,
            list_id=1,
            list_name="news",
            event="requested",
            at=1,
            source="web",
            salt=chance.randbytes(16),
            address=f"ann{number}@reader.example",
            ip="192.0.2.0",
        )
