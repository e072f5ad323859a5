"""Joins reads that are requested at the same time, in one hop to the thread of the database.

Requests that arrive during a read are part of the next one, so a value is read after its request. A value that was read
before is returned only if no commit since could have changed it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Any, Generic, TypeVar

from pressrun.store.database import Database
from pressrun.store.transaction import Transaction

K = TypeVar("K")
V = TypeVar("V")


class SharedReads(Generic[K, V]):
    """Finds values by keys; `find_all` gets the keys requested together, and returns the values of those that exist.

    No value may depend on data that `share_set` changes (`Database.changes` does not count it).
    """

    def __init__(self, database: Database, find_all: Callable[[Transaction, Collection[K]], Mapping[K, V]]) -> None:
        self._database = database
        self._find_all = find_all
        self._waiting: dict[K, list[asyncio.Future[V | None]]] = {}
        self._task: asyncio.Task[None] | None = None
        self._kept: Mapping[K, V] = {}
        self._kept_at = -1  # the changes before the values were read

    async def find(self, key: K) -> V | None:
        """The value of a key as of now; None if there is none. Raises Unavailable."""
        if self._kept_at == self._database.changes and (kept := self._kept.get(key)) is not None:
            return kept
        future: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(future)
        if self._task is None:
            self._task = asyncio.create_task(self._read_all(), name="shared reads")
        return await future

    async def _read_all(self) -> None:
        try:
            while self._waiting:
                asked, self._waiting = self._waiting, {}
                await self._read(asked)
        finally:
            self._task = None

    async def _read(self, asked: Mapping[K, list[asyncio.Future[Any]]]) -> None:
        before = self._database.changes
        try:
            answers = await self._database.read(self._find_all, tuple(asked))
        except Exception as problem:  # noqa: BLE001 - each caller handles it
            for future in _open(asked):
                future.set_exception(problem)
            return
        self._kept = {**self._kept, **answers} if self._kept_at == before else answers
        self._kept_at = before
        for key, futures in asked.items():
            for future in futures:
                if not future.done():
                    future.set_result(answers.get(key))


def _open(asked: Mapping[Any, list[asyncio.Future[Any]]]) -> list[asyncio.Future[Any]]:
    """Whom nobody has answered; a caller may have been cancelled."""
    return [future for futures in asked.values() for future in futures if not future.done()]
