"""Commits whose answer never comes, as when the server is lost meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from tests.postgresql import Session

from pressrun.core.errors import CommitUnknown
from pressrun.store.connection import EngineConnection
from pressrun.store.postgresql.connection import PostgresConnection
from pressrun.store.sqlite.connection import SqliteConnection

_WAITING = "select pid from pg_stat_activity where pg_backend_pid() = any(pg_blocking_pids(pid))"


@dataclass(slots=True)
class Commits:
    """Nobody hears of every fourth commit from the `first` on, whether it is `done` or not; 0 is none of them."""

    first: int
    done: bool
    number: int = 0
    lost: int = 0

    def is_lost(self) -> bool:
        self.number += 1
        is_lost = self.first > 0 and self.number % 4 == self.first % 4
        self.lost += is_lost
        return is_lost


@contextmanager
def watching(commits: Commits) -> Iterator[None]:
    with ExitStack() as stack:
        for engine in (SqliteConnection, PostgresConnection):
            stack.enter_context(patch.object(engine, "commit", _commit_of(engine, commits)))
        yield


def _commit_of(engine: type[EngineConnection], commits: Commits) -> Any:
    real = engine.commit

    def commit(connection: EngineConnection) -> None:
        is_lost = commits.is_lost()
        if commits.done or not is_lost:
            real(connection)
        if is_lost:
            raise CommitUnknown("it may be done or not")

    return commit


class LateCommit:
    """Loses the connection of the first commit of a transaction that finds such a row.

    The server finishes that commit once somebody waits for its locks, or else a while later.
    """

    def __init__(self, row: str) -> None:
        self._row = row
        self._open: Session | None = None
        self.is_done = False

    def commit(self, connection: PostgresConnection, real: Callable[[PostgresConnection], None]) -> None:
        if self.is_done or self._open is not None or not connection._connection.execute(self._row).fetchall():
            real(connection)
            return
        self._open, connection._connection = connection._connection, connection._connect()
        raise CommitUnknown("it is under way")

    async def until_heard(self, step: Callable[[], Awaitable[object]]) -> None:
        """Do something, and again if nobody heard of its commit."""
        while True:
            with suppress(CommitUnknown):
                await self._beside(asyncio.ensure_future(step()))
                return

    async def _beside(self, running: asyncio.Future[object]) -> None:
        while not running.done():
            if self._open is not None and self._open.execute(_WAITING).fetchall():
                self._end()
            await asyncio.wait({running}, timeout=0.01)
        await running
        self._end()

    def _end(self) -> None:
        if self._open is not None:
            self._open.execute("commit")
            self._open.close()
            self._open, self.is_done = None, True


@contextmanager
def late(row: str) -> Iterator[LateCommit]:
    """One commit on a server comes late."""
    real, commit = PostgresConnection.commit, LateCommit(row)
    with patch.object(PostgresConnection, "commit", lambda connection: commit.commit(connection, real)):
        yield commit
