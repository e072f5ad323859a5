"""Commits whose answer never comes, as when the server is lost meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from pressrun.core.errors import CommitUnknown
from pressrun.store.connection import EngineConnection
from pressrun.store.postgresql.connection import PostgresConnection
from pressrun.store.sqlite.connection import SqliteConnection


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
