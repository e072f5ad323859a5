"""What a transaction changes outside the database is changed once, after the commit, and not for what is undone."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing

import pytest
from tests.database import TwiceDatabase, execute, select, select_in

from pressrun.store.database import Database
from pressrun.store.location import open_for_reading
from pressrun.store.readers.suppressions import suppress
from pressrun.store.transaction import Transaction


def count(tx: Transaction, name: str, counted: list[str]) -> None:
    suppress(tx, name.encode(), address=name, reason="operator", since=1)
    tx.after_commit(counted.append, name)


def fail(tx: Transaction, counted: list[str]) -> None:
    count(tx, "undone", counted)
    raise LookupError


@pytest.mark.parametrize("way", ["write", "record", "share"])
async def test_an_effect_comes_before_the_caller_goes_on(database: Database, way: str) -> None:
    counted: list[str] = []
    await getattr(database, way)(count, "a", counted)
    assert ["a"] == counted
    with pytest.raises(LookupError):
        await getattr(database, way)(fail, counted)
    assert ["a"] == counted


async def test_an_effect_comes_in_the_loop_once_others_can_read_what_it_is_about(database: Database) -> None:
    """Not on the database's thread: what it changes belongs to the loop."""
    seen: list[object] = []

    def see() -> None:
        with open_for_reading(database.location) as other:
            seen.extend([threading.get_ident(), *select_in(other, "select count(*) from suppression")])

    def work(tx: Transaction) -> None:
        count(tx, "a", [])
        tx.after_commit(see)

    await database.write(work)
    assert [threading.get_ident(), (1,)] == seen


async def test_what_is_tried_and_undone_has_no_effect(database: Database) -> None:
    counted: list[str] = []

    def work(tx: Transaction) -> None:
        count(tx, "before", counted)
        assert isinstance(tx.attempt(lambda: fail(tx, counted)), LookupError)
        assert tx.attempt(lambda: count(tx, "within", counted)) is None

    await database.write(work)
    assert ["before", "within"] == counted


async def test_a_group_that_is_carried_out_again_has_its_effects_once(database: Database) -> None:
    counted: list[str] = []
    await asyncio.gather(
        database.share(count, "a", counted),
        database.share(fail, counted),
        database.share(count, "b", counted),
        return_exceptions=True,
    )
    assert ["a", "b"] == counted


async def test_an_effect_comes_though_the_caller_was_cancelled(database: Database) -> None:
    counted: list[str] = []
    waiting = asyncio.create_task(database.write(count, "a", counted))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    await database.write(count, "b", counted)
    assert ["a", "b"] == counted


async def test_without_a_loop_an_effect_comes_at_once(database: Database) -> None:
    counted: list[str] = []
    with closing(database.location.connect()) as connection:
        connection.write(lambda tx: count(tx, "a", counted))
    assert ["a"] == counted


async def test_an_effect_that_raises_keeps_no_other_back(database: Database) -> None:
    counted: list[str] = []

    def work(tx: Transaction) -> None:
        tx.after_commit(counted.index, "nobody")
        tx.after_commit(counted.append, "b")

    with closing(database.location.connect()) as connection, pytest.raises(ExceptionGroup) as raised:
        connection.write(work)
    assert [ValueError] == [type(problem) for problem in raised.value.exceptions]
    assert ["b"] == counted


@pytest.mark.slow_on_postgresql  # where it does so in the thorough run alone
async def test_the_database_of_tests_runs_work_twice_and_keeps_one_run(database: Database) -> None:
    counted: list[str] = []
    runs: list[int] = []

    def work(tx: Transaction) -> int:
        runs.append(len(select_in(tx, "select address from suppression")))
        count(tx, "a", counted)
        return len(runs)

    opened = await TwiceDatabase.open(database.location)
    try:
        assert 2 == await opened.write(work)
        assert ([0, 0], ["a"], [("a",)]) == (runs, counted, await select(opened, "select address from suppression"))
        assert 1 == await execute(opened, "delete from suppression")
        assert 4 == await opened.share(work)
        assert ([0, 0], ["a", "a"]) == (runs[2:], counted)
    finally:
        await opened.close()
