"""Transactions: whole, one after the other, and told as Unavailable when the disk or another process says no."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from tests.database import connection_of, file_of

from pressrun.core.errors import Unavailable
from pressrun.store.database import Database
from pressrun.store.location import open_for_reading
from pressrun.store.sqlite import migrate
from pressrun.store.sqlite.connection import connect
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.suppressions import list_suppressions, suppress
from pressrun.store.transaction import Transaction


def add(tx: Transaction, name: str) -> None:
    suppress(tx, name.encode(), address=name, reason="operator", since=1)


async def names(database: Database) -> list[str]:
    return [row["address"] for row in await database.read(list_suppressions)]


async def test_what_was_written_is_read(database: Database) -> None:
    await database.write(add, "a")
    await database.record(add, "b")
    assert ["a", "b"] == await names(database)


@pytest.mark.parametrize("way", ["write", "record"])
async def test_an_error_takes_everything_back(database: Database, way: str) -> None:
    def half(tx: Transaction) -> None:
        add(tx, "a")
        raise LookupError("no")

    with pytest.raises(LookupError, match="no"):
        await getattr(database, way)(half)
    assert [] == await names(database)
    await database.write(add, "b")
    assert ["b"] == await names(database)


async def test_a_cancelled_write_is_whole_or_not_there_and_leaves_nothing_open(database: Database) -> None:
    def slow(tx: Transaction, number: int) -> None:
        add(tx, f"{number} one")
        time.sleep(0.002)
        add(tx, f"{number} two")

    for number in range(10):
        task = asyncio.create_task(database.write(slow, number))
        await asyncio.sleep(0.0004 * number)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await database.write(add, "last")
    found = await names(database)
    assert "last" in found
    assert {name.split()[0] for name in found if "one" in name} == {name.split()[0] for name in found if "two" in name}


async def test_tasks_side_by_side_do_not_mix(database: Database) -> None:
    def pair(tx: Transaction, number: int) -> int:
        before = len(list_suppressions(tx))
        add(tx, f"{number} one")
        add(tx, f"{number} two")
        if number % 3 == 0:
            raise LookupError
        return len(list_suppressions(tx)) - before

    found = await asyncio.gather(*(database.write(pair, number) for number in range(30)), return_exceptions=True)
    assert [2] * 20 == [one for one in found if isinstance(one, int)]
    assert 40 == len(await names(database))


async def test_a_reader_sees_one_moment(database: Database) -> None:
    def twice(tx: Transaction) -> tuple[int, int]:
        first = len(list_suppressions(tx))
        with closing(connect(file_of(database.location))) as other:
            other.execute("insert into suppression values (x'01', 'a', 'operator', 1)")
        return first, len(list_suppressions(tx))

    assert (0, 0) == await database.read(twice)
    assert ["a"] == await names(database)


async def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(Unavailable, match="readonly"):
        await database.read(add, "a")
    assert [] == await names(database)


async def test_a_locked_database_is_unavailable_and_the_next_write_works(database: Database) -> None:
    await database.write(lambda tx: connection_of(tx).execute("pragma busy_timeout = 1").fetchall())
    with closing(sqlite3.connect(file_of(database.location), isolation_level=None)) as other:
        other.execute("begin immediate")
        for way in (database.write, database.record):
            with pytest.raises(Unavailable, match="locked") as caught:
                await way(add, "a")
            assert 69 == caught.value.exit_code
        other.execute("rollback")
    await database.write(add, "b")
    assert ["b"] == await names(database)


async def test_a_full_disk_is_unavailable_and_the_next_write_works(database: Database) -> None:
    def fill(tx: Transaction) -> None:
        add(tx, "half")
        suppress(tx, b"big", address="x" * 10_000_000, reason="operator", since=1)

    def limit(tx: Transaction) -> int:
        pages: int = connection_of(tx).execute("pragma page_count").fetchone()[0]
        before: int = connection_of(tx).execute("pragma max_page_count").fetchone()[0]
        connection_of(tx).execute(f"pragma max_page_count = {pages + 4}").fetchall()
        return before

    before = await database.write(limit)
    for way in (database.write, database.record):
        with pytest.raises(Unavailable, match="full"):
            await way(fill)
    await database.write(lambda tx: connection_of(tx).execute(f"pragma max_page_count = {before}").fetchall())
    await database.write(add, "a")
    assert ["a"] == await names(database)


KILLED = """
import asyncio, os, sys
from pathlib import Path
from pressrun.store.database import Database
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.suppressions import suppress

async def main():
    database = await Database.open(SqliteFile(Path(sys.argv[1])))
    number = 0
    while True:
        number += 1
        name = str(number)
        await database.record(lambda tx: suppress(tx, name.encode(), address=name, reason="operator", since=1))
        os.write(1, f"{number}\\n".encode())

asyncio.run(main())
"""


def test_what_was_recorded_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "db"
    migrate.create(path, migrate.package_schema(), 1)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", KILLED, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        for _ in range(20):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        said = [20, *(int(line) for line in process.stdout.read().split())]
    with open_for_reading(SqliteFile(path)) as snapshot:
        assert max(said) <= len(list_suppressions(snapshot))


async def test_a_long_export_does_not_hold_up_a_checkpoint(database: Database) -> None:
    """Housekeeping cuts the log every half minute; a reader's snapshot must not stop the writer's thread for that."""
    await database.write(add, "a")
    with open_for_reading(database.location) as snapshot:
        assert 1 == len(list_suppressions(snapshot))
        await database.write(add, "b")
        started = time.monotonic()
        await database.checkpoint()
        assert time.monotonic() - started < 2
    await database.checkpoint()
    assert 0 == os.stat(f"{file_of(database.location)}-wal").st_size  # noqa: PTH116 - nothing else runs here


async def test_a_file_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be opened"):
        await Database.open(SqliteFile(tmp_path / "nowhere" / "db"))


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "db").write_bytes(b"no database " * 1000)
    with pytest.raises(Unavailable, match="not a database"):
        connect(tmp_path / "db")
