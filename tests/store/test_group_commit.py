"""Group commit: what comes together goes to the disk together, and nobody sees anything of the others."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.database import connection_of, file_of

from pressrun.core.errors import Unavailable
from pressrun.store.database import Database
from pressrun.store.group_commit import MANY, BatchItem, GroupCommit, Transact, WorkError, one_by_one, run_group
from pressrun.store.sqlite.connection import SqliteConnection
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.preparing import prepare


@pytest.fixture
def path(tmp_path: Path) -> Path:
    data = DataDir(tmp_path / "data")
    prepare(data)
    return file_of(data.database)


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        yield opened


def note(tx: Transaction, number: int) -> int:
    connection_of(tx).execute("insert into keyring (number, fingerprint) values (?, x'00')", (1000 + number,))
    return number


def noted(connection: sqlite3.Connection) -> list[int]:
    return [row[0] - 1000 for row in connection.execute("select number from keyring where number >= 1000 order by 1")]


def fail(tx: Transaction) -> None:
    note(tx, 9)
    raise ValueError("no")


def clash(tx: Transaction) -> None:
    note(tx, 8)
    note(tx, 8)


def bind_wrongly(tx: Transaction) -> None:
    """A mistake that Python's module finds, before SQLite could give it a code."""
    connection_of(tx).execute("select ?", (object(),))


def note_all(tx: Transaction, numbers: Sequence[int]) -> list[str]:
    """A work for many at once, which says how many they were."""
    if 13 in numbers:
        raise ValueError("no")
    return [f"{note(tx, number)} of {len(numbers)}" for number in numbers]


def lone(work: Callable[..., Any], *args: Any) -> BatchItem:
    return BatchItem(one_by_one, lambda tx: work(tx, *args))


def transactions(connection: sqlite3.Connection) -> Transact:
    return lambda work: SqliteConnection(connection).write(work)


def deny_commits(action: int, what: str | None, *_: object) -> int:
    is_commit = action == sqlite3.SQLITE_TRANSACTION and what == "COMMIT"
    return sqlite3.SQLITE_DENY if is_commit else sqlite3.SQLITE_OK


def test_works_that_come_together_are_one_commit(connection: sqlite3.Connection) -> None:
    said: list[str] = []
    connection.set_trace_callback(said.append)
    values = run_group(transactions(connection), [lone(note, n) for n in range(3)])
    assert ([0, 1, 2], 1) == (values, said.count("commit"))
    assert [0, 1, 2] == noted(connection)


@pytest.mark.parametrize("bad", [fail, clash, bind_wrongly])
def test_one_that_fails_undoes_itself_alone(connection: sqlite3.Connection, bad: Callable[[Transaction], None]) -> None:
    values = run_group(transactions(connection), [lone(note, 1), lone(bad), lone(note, 2)])
    assert isinstance(values[1], WorkError)
    assert ([1, 2], [1, 2]) == ([values[0], values[2]], noted(connection))


def test_what_is_of_one_kind_is_one_call_whatever_comes_between(connection: sqlite3.Connection) -> None:
    values = run_group(transactions(connection), [BatchItem(note_all, 1), lone(note, 2), BatchItem(note_all, 3)])
    assert (["1 of 2", 2, "3 of 2"], [1, 2, 3]) == (values, noted(connection))


def test_one_of_a_kind_that_fails_leaves_the_others_alone(connection: sqlite3.Connection) -> None:
    values = run_group(transactions(connection), [BatchItem(note_all, number) for number in (1, 13, 2)])
    assert isinstance(values[1], WorkError)
    assert (["1 of 1", "2 of 1"], [1, 2]) == ([values[0], values[2]], noted(connection))


def test_a_commit_that_fails_fails_all_and_leaves_nothing(connection: sqlite3.Connection) -> None:
    connection.set_authorizer(deny_commits)
    with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
        run_group(transactions(connection), [BatchItem(note_all, 1), lone(note, 2)])
    connection.set_authorizer(None)
    assert ([], False) == (noted(connection), connection.in_transaction)


def test_a_commit_that_fails_where_each_is_alone_fails_those_whom_it_met(connection: sqlite3.Connection) -> None:
    """Who is on the disk already is told so."""

    def block(tx: Transaction) -> None:
        connection_of(tx).set_authorizer(deny_commits)

    values = run_group(transactions(connection), [lone(note, 1), lone(fail), lone(block), lone(note, 2)])
    connection.set_authorizer(None)
    assert ([1, True, True, True], [1]) == (
        [values[0], *(isinstance(value, WorkError) for value in values[1:])],
        noted(connection),
    )


class Halves:
    """Callers, each with one item after the other; the second half of them begins while the first one is carried."""

    def __init__(self, connection: sqlite3.Connection, callers: int) -> None:
        self._connection = connection
        self._callers = callers
        self._all_began = asyncio.Event()
        self._shared = GroupCommit(self._carry)
        self.groups: list[int] = []

    async def run(self, rounds: int) -> None:
        first, second = range(self._callers // 2), range(self._callers // 2, self._callers)
        calling = [asyncio.create_task(self._call(number, rounds)) for number in first]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        calling += [asyncio.create_task(self._call(number, rounds)) for number in second]
        await asyncio.sleep(0)
        self._all_began.set()
        await asyncio.gather(*calling)

    async def _call(self, number: int, rounds: int) -> None:
        for turn in range(rounds):
            await self._shared.join(BatchItem(self._note, self._callers * turn + number))

    async def _carry(self, hop: Callable[[Transact], Any], **_: bool) -> Any:
        await self._all_began.wait()
        await asyncio.sleep(0)  # as every hop to the thread does
        return hop(transactions(self._connection))

    def _note(self, tx: Transaction, numbers: Sequence[int]) -> list[int]:
        self.groups.append(len(numbers))
        return [note(tx, number) for number in numbers]


async def test_halves_of_many_do_not_take_turns_for_ever(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pressrun.store.group_commit.GATHER_SECONDS", 0.5)
    callers = Halves(connection, 2 * MANY)
    await callers.run(rounds=3)
    assert ([MANY, 2 * MANY, 2 * MANY, MANY], 6 * MANY) == (callers.groups, len(noted(connection)))


async def test_who_of_many_is_back_first_waits_for_the_others(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pressrun.store.group_commit.GATHER_SECONDS", 10.0)

    async def carry(hop: Callable[[Transact], Any], **_: bool) -> Any:
        return hop(transactions(connection))

    async def call(number: int) -> list[str]:
        answers = []
        for turn in range(2):
            for _ in range(turn * number):
                await asyncio.sleep(0)
            answers.append(await shared.join(BatchItem(note_all, 100 + MANY * turn + number)))
        return answers

    shared = GroupCommit(carry)
    said = await asyncio.gather(*(call(number) for number in range(MANY)))
    assert {f"of {MANY}"} == {answer.split(" ", 1)[1] for answers in said for answer in answers}


async def test_few_wait_for_nobody(connection: sqlite3.Connection) -> None:
    callers = Halves(connection, MANY - 2)
    await callers.run(rounds=3)
    assert [(MANY - 2) // 2] * 6 == callers.groups


async def test_each_gets_its_own_answer_or_error(path: Path) -> None:
    database = await Database.open(SqliteFile(path))
    try:
        answers = await asyncio.gather(
            *(database.share(note, n) for n in range(5)), database.share(fail), return_exceptions=True
        )
        assert [0, 1, 2, 3, 4] == answers[:5]
        assert isinstance(answers[5], ValueError)
        assert not database.is_syncing
    finally:
        await database.close()


async def test_who_gives_up_waiting_undoes_nothing(path: Path, connection: sqlite3.Connection) -> None:
    database = await Database.open(SqliteFile(path))
    waiting = asyncio.create_task(database.share(note, 5))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    await database.close()
    assert [5] == noted(connection)


async def test_a_database_that_is_locked_is_unavailable(
    path: Path, connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pressrun.store.sqlite.connection.BUSY_SECONDS", 0.01)
    database = await Database.open(SqliteFile(path))
    try:
        connection.execute("begin immediate")
        outcomes = await asyncio.gather(database.share(note, 1), database.share(note, 2), return_exceptions=True)
        connection.execute("rollback")
        assert [Unavailable, Unavailable] == [type(problem) for problem in outcomes]
        assert 3 == await database.share(note, 3)
    finally:
        await database.close()
