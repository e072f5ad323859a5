"""Statistics of ANALYZE are dropped, whenever somebody gathered them, and open connections forget them too."""

from __future__ import annotations

import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.database import connection_of
from tests.engines import new_database

from pressrun.store.database import Database
from pressrun.store.sqlite.connection import connect
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.sqlite.statements import dialect
from pressrun.store.transaction import Transaction

# As gathered while all copies were of one edition: SQLite then reads the whole index instead of looking the edition up.
MISLEADING = "('delivery', 'delivery_queue', '200000 200000 200000 200000 200000')"
QUESTION = "explain query plan select id from delivery where edition_id = 1 and state = 'queued' order by due_at"


def mislead(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as somebody:
        somebody.execute("analyze")
        somebody.execute("delete from sqlite_stat1")
        somebody.execute(f"insert into sqlite_stat1 values {MISLEADING}")


def plan_on(tx: Transaction) -> str:
    """As a statement would now be carried out; an explanation alone does not notice that the schema has changed."""
    connection_of(tx).execute("select 1 from delivery limit 1").fetchall()
    return " ".join(row[3] for row in connection_of(tx).execute(f"{QUESTION} -- {secrets.token_hex(4)}"))


async def test_those_of_a_young_database_are_gone_when_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "young.sqlite3"
    new_database(path)
    mislead(path)
    with closing(connect(path, readonly=True)) as looking:
        assert "SCAN delivery" in plan_on(Transaction(looking, dialect()))  # what they would do
    database = await Database.open(SqliteFile(path))
    try:
        assert not await database.drop_statistics()
        assert "SEARCH delivery USING" in await database.read(plan_on)
    finally:
        await database.close()


async def test_connections_that_have_read_them_forget_them(tmp_path: Path) -> None:
    path = tmp_path / "running.sqlite3"
    new_database(path)
    database = await Database.open(SqliteFile(path))
    try:
        mislead(path)
        for plan in (await database.read(plan_on), await database.write(plan_on)):
            assert "SCAN delivery" in plan
        assert await database.drop_statistics()
        assert not await database.drop_statistics()
        for plan in (await database.read(plan_on), await database.write(plan_on)):
            assert "SEARCH delivery USING" in plan
    finally:
        await database.close()
