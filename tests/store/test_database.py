"""Transactions: whole, one after the other, and what survives a kill."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.engines import new_database, place_of

from pressrun.core.errors import Unavailable
from pressrun.store.database import Database
from pressrun.store.location import open_for_reading
from pressrun.store.postgresql.connection import PostgresConnection
from pressrun.store.readers.suppressions import list_suppressions, suppress
from pressrun.store.sqlite.connection import SqliteConnection
from pressrun.store.transaction import Transaction


def add(tx: Transaction, name: str) -> None:
    suppress(tx, name.encode(), address=name, reason="operator", since=1)


async def names(database: Database) -> list[str]:
    return [str(suppression.address) for suppression in await database.read(list_suppressions)]


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
    stored = await names(database)
    assert "last" in stored
    assert {name.split()[0] for name in stored if "one" in name} == {
        name.split()[0] for name in stored if "two" in name
    }


async def test_tasks_side_by_side_do_not_mix(database: Database) -> None:
    def pair(tx: Transaction, number: int) -> int:
        before = len(list_suppressions(tx))
        add(tx, f"{number} one")
        add(tx, f"{number} two")
        if number % 3 == 0:
            raise LookupError
        return len(list_suppressions(tx)) - before

    outcomes = await asyncio.gather(*(database.write(pair, number) for number in range(30)), return_exceptions=True)
    assert [2] * 20 == [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert 40 == len(await names(database))


async def test_a_reader_sees_one_moment(database: Database) -> None:
    def twice(tx: Transaction) -> tuple[int, int]:
        first = len(list_suppressions(tx))
        with closing(database.location.connect()) as other:
            other.write(lambda another: add(another, "a"))
        return first, len(list_suppressions(tx))

    assert (0, 0) == await database.read(twice)
    assert ["a"] == await names(database)


async def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(Unavailable, match=r"read-?only"):
        await database.read(add, "a")
    assert [] == await names(database)


KILLED = """
import asyncio, os, sys
from pressrun.store.database import Database
from pressrun.store.readers.suppressions import suppress
from tests.engines import location_at

async def main():
    database = await Database.open(location_at(sys.argv[1]))
    number = 0
    while True:
        number += 1
        name = str(number)
        await database.record(lambda tx: suppress(tx, name.encode(), address=name, reason="operator", since=1))
        os.write(1, f"{number}\\n".encode())

asyncio.run(main())
"""


def test_what_was_recorded_survives_a_kill(tmp_path: Path) -> None:
    location = new_database(tmp_path / "db")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", KILLED, place_of(location)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        for _ in range(20):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        said = [20, *(int(line) for line in process.stdout.read().split())]
    with open_for_reading(location) as snapshot:
        assert max(said) <= len(list_suppressions(snapshot))


@pytest.mark.parametrize(("way", "durable"), [("write", True), ("share", True), ("record", False)])
async def test_which_ways_wait_for_the_disk(
    database: Database, monkeypatch: pytest.MonkeyPatch, way: str, durable: bool
) -> None:
    begun: list[bool] = []
    for engine in (SqliteConnection, PostgresConnection):
        real = engine.begin

        def begin(connection: Any, *, durable: bool, real: Any = real) -> Any:
            begun.append(durable)
            return real(connection, durable=durable)

        monkeypatch.setattr(engine, "begin", begin)
    await getattr(database, way)(add, "a")
    assert [durable] == begun
