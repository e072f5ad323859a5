"""A constraint that one unit of work always violates, and not because of another transaction: it is its own fault."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.database import REFUSALS, execute_in, select
from tests.engines import new_database

from pressrun.store.database import Database
from pressrun.store.transaction import Transaction


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(new_database(tmp_path / "a database"))
    yield opened
    await opened.close()


def note(tx: Transaction, number: int) -> int:
    execute_in(tx, "insert into keyring (number, fingerprint) values (?, x'00')", 1000 + number)
    return number


def clash(tx: Transaction) -> None:
    note(tx, 8)
    note(tx, 8)


async def noted(database: Database) -> list[int]:
    rows = await select(database, "select number from keyring where number >= 1000 order by number")
    return [number - 1000 for (number,) in rows]


async def test_those_who_share_a_commit_with_it_are_done(database: Database) -> None:
    calls = [database.share(note, 1), database.share(clash), database.share(note, 2)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert (1, 2) == (outcomes[0], outcomes[2])
    assert isinstance(outcomes[1], REFUSALS)
    assert [1, 2] == await noted(database)


async def test_what_is_attempted_beside_it_is_done(database: Database) -> None:
    def careful(tx: Transaction) -> list[bool]:
        return [tx.attempt(work) is None for work in (lambda: note(tx, 1), lambda: clash(tx), lambda: note(tx, 2))]

    assert [True, False, True] == await database.write(careful)
    assert [1, 2] == await noted(database)


async def test_alone_it_ends_in_its_error(database: Database) -> None:
    with pytest.raises(REFUSALS):
        await database.write(clash)
    assert [] == await noted(database)
