"""What waits for the commit: it is done once, last and together, and not for what is undone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from tests.database import TwiceDatabase, select

from pressrun.core.errors import Unavailable
from pressrun.store.database import Database
from pressrun.store.readers.suppressions import suppress
from pressrun.store.transaction import Transaction


def add(tx: Transaction, name: str) -> None:
    suppress(tx, name.encode(), address=name, reason="operator", since=1)


def add_together(tx: Transaction, names: Sequence[str]) -> None:
    add(tx, "+".join(names))


def queue(tx: Transaction, *names: str) -> None:
    for name in names:
        tx.before_commit(add_together, name)


def fail(tx: Transaction, *names: str) -> None:
    queue(tx, *names)
    raise LookupError


async def added(database: Database) -> list[str]:
    return [row[0] for row in await select(database, "select address from suppression order by address")]


@pytest.mark.parametrize("way", ["write", "record", "share"])
async def test_it_is_done_together_at_the_end(database: Database, way: str) -> None:
    await getattr(database, way)(queue, "a", "b")
    with pytest.raises(LookupError):
        await getattr(database, way)(fail, "c")
    assert ["a+b"] == await added(database)


async def test_a_group_does_it_once_for_all_of_its_calls(database: Database) -> None:
    await asyncio.gather(*(database.share(queue, name) for name in "abc"))
    assert ["a+b+c"] == await added(database)


async def test_calls_of_an_undone_group_do_it_each_on_their_own(database: Database) -> None:
    calls = database.share(queue, "a"), database.share(fail, "b"), database.share(queue, "c")
    await asyncio.gather(*calls, return_exceptions=True)
    assert ["a", "c"] == await added(database)


async def test_what_is_tried_and_undone_is_not_done(database: Database) -> None:
    def work(tx: Transaction) -> None:
        queue(tx, "a")
        assert isinstance(tx.attempt(lambda: fail(tx, "b")), LookupError)
        assert tx.attempt(lambda: queue(tx, "c")) is None

    await database.write(work)
    assert ["a+c"] == await added(database)


async def test_what_was_done_early_and_undone_waits_again(database: Database) -> None:
    def early(tx: Transaction) -> None:
        queue(tx, "b")
        tx.run_deferred()
        fail(tx, "c")

    def work(tx: Transaction) -> None:
        queue(tx, "a")
        assert isinstance(tx.attempt(lambda: early(tx)), LookupError)
        assert ["a"] == tx.deferred(add_together)

    await database.write(work)
    assert ["a"] == await added(database)


async def test_what_was_done_early_is_not_done_again(database: Database) -> None:
    def work(tx: Transaction) -> None:
        queue(tx, "a")
        tx.run_deferred()
        queue(tx, "b")
        assert ["b"] == tx.deferred(add_together)

    await database.write(work)
    assert ["a", "b"] == await added(database)


async def test_what_it_queues_itself_is_done_too(database: Database) -> None:
    def more(tx: Transaction, names: Sequence[str]) -> None:
        queue(tx, *names)

    await database.write(lambda tx: tx.before_commit(more, "a"))
    assert ["a"] == await added(database)


@pytest.mark.parametrize("first", ["a", "b"])
async def test_what_comes_last_is_done_after_all_else(database: Database, first: str) -> None:
    """Whichever was asked for first: two transactions that lock in different orders would wait for each other."""
    done: list[str] = []

    def early(_: Transaction, names: Sequence[str]) -> None:
        done.extend(names)

    def late(_: Transaction, names: Sequence[str]) -> None:
        done.extend(names)

    def work(tx: Transaction) -> None:
        for name in sorted("ab", key=first.__ne__):
            tx.before_commit(late if name == "b" else early, name, rank=int(name == "b"))

    await database.write(work)
    assert ["a", "b"] == done


async def test_an_error_undoes_the_transaction(database: Database) -> None:
    def work(tx: Transaction) -> None:
        add(tx, "a")
        tx.before_commit(lambda tx, names: fail(tx, *names), "b")

    with pytest.raises(LookupError):
        await database.write(work)
    assert [] == await added(database)


async def test_a_transaction_that_only_reads_loses_nothing_in_silence(database: Database) -> None:
    with pytest.raises(Unavailable, match=r"read-?only"):
        await database.read(queue, "a")


async def test_the_database_of_tests_does_it_once(database: Database) -> None:
    opened = await TwiceDatabase.open(database.location)
    try:
        await opened.write(queue, "a")
        await asyncio.gather(opened.share(queue, "b"), opened.share(queue, "c"))
        assert ["a", "b+c"] == await added(opened)
    finally:
        await opened.close()
