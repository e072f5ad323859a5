"""What the store relies on inside aiosqlite: fails when a version of the library works another way."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest
from tests.database import connection_of

from pressrun.store.connection import EngineConnection
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.sqlite.thread import CallingConnection, SqliteThread
from pressrun.store.transaction import Transaction


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "db"


def create(tx: Transaction) -> None:
    connection_of(tx).execute("create table t (x)")


def connect(path: Path) -> CallingConnection:
    return sqlite3.connect(path, factory=CallingConnection, isolation_level=None, check_same_thread=False)


async def test_a_function_runs_on_the_thread_with_its_connection_and_its_value_comes_back(path: Path) -> None:
    """Whatever the value is: none is taken for rows."""
    thread = await SqliteThread.start(lambda: connect(path))
    try:
        value = object()
        assert value is await thread.run(lambda _: value)
        names = await thread.run(lambda on: (threading.get_ident(), on.begin_reading().execute("select 1").fetchone()))
        assert names[0] != threading.get_ident()
        assert (1,) == names[1]
    finally:
        await thread.close()


async def test_a_statement_of_the_daemon_needs_no_temporary_file(path: Path) -> None:
    """SQLite would make one for the pages as they were before it, as soon as these are more than 64 KiB."""
    SqliteFile(path).create()
    opened: set[str] = set()

    def look(at: int) -> int:
        opened.update(str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink())
        return at

    def change(connection: EngineConnection) -> None:
        def work(tx: Transaction) -> None:
            on = connection_of(tx)
            on.create_function("look", 1, look)
            on.execute(f"insert into sign_up_hour (hour, number) select value, 1 from json_each('{[*range(20_000)]}')")
            on.execute(
                "update sign_up_hour set hour = hour + 20000, number = case hour when 19999 then look(2) else 2 end"
            )

        connection.write(work)

    thread = await SqliteThread.open(path, readonly=False)
    try:
        await thread.run(change)
    finally:
        await thread.close()
    assert opened
    assert [] == [file for file in opened if "etilqs" in file]


async def test_what_a_function_raises_comes_back(path: Path) -> None:
    def fail(_: object) -> None:
        raise LookupError("no")

    thread = await SqliteThread.start(lambda: connect(path))
    try:
        with pytest.raises(LookupError, match="no"):
            await thread.run(fail)
    finally:
        await thread.close()


async def test_functions_run_one_after_the_other_though_nobody_awaits_the_first(path: Path) -> None:
    order: list[str] = []
    thread = await SqliteThread.start(lambda: connect(path))
    first = asyncio.create_task(thread.run(lambda _: order.append("first")))
    await asyncio.sleep(0)
    first.cancel()
    await thread.run(lambda _: order.append("second"))
    await thread.close()
    assert ["first", "second"] == order


async def test_a_connection_that_cannot_be_opened_leaves_no_thread(tmp_path: Path) -> None:
    before = threading.active_count()
    with pytest.raises(sqlite3.OperationalError):
        await SqliteThread.start(lambda: connect(tmp_path / "nowhere" / "db"))
    assert [] == [thread for thread in threading.enumerate() if "connection_worker" in thread.name]
    assert threading.active_count() <= before + 1  # the pool's thread stays


async def test_close_carries_out_what_is_queued(path: Path) -> None:
    thread = await SqliteThread.start(lambda: connect(path))
    queued = asyncio.create_task(thread.run(lambda on: on.write(create)))
    await asyncio.sleep(0)
    await thread.close()
    await queued
    with sqlite3.connect(path) as opened:
        assert [("t",)] == opened.execute("select name from sqlite_schema").fetchall()
    opened.close()
