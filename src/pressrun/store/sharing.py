"""Group commit: transactions that come at the same time go to the disk together.

One wait for the disk serves a whole group; whatever comes in while it is under way makes the next one. Where one fails,
each gets a transaction of its own, so nobody sees anything of the others.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pressrun.store.transaction import Transaction, in_transaction

MOST_TOGETHER = 64  # so that nobody waits for the work of very many others

Work = Callable[[Transaction], Any]
Hop = Callable[[sqlite3.Connection], Any]


@dataclass(frozen=True, slots=True)
class Failed:
    """What a work raised; its changes are undone."""

    problem: Exception


class SharedCommits:
    """Groups works; `carry` takes a function of the connection to the database's thread."""

    def __init__(self, carry: Callable[[Hop], Awaitable[Any]]) -> None:
        self._carry = carry
        self._waiting: list[tuple[Work, asyncio.Future[Any]]] = []
        self._task: asyncio.Task[None] | None = None

    def join(self, work: Work) -> asyncio.Future[Any]:
        """What `work` gives or raises, once it is on the disk.

        It may run a second time, when the first was undone by another one's fault: it must change nothing but the
        database. It is carried out even when nobody waits for it any more.
        """
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((work, future))
        if self._task is None:
            self._task = asyncio.create_task(self._carry_all(), name="shared commits")
        return future

    async def close(self) -> None:
        """Wait until everything is on the disk."""
        if self._task is not None:
            await self._task

    async def _carry_all(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
                await self._carry_group(group)
        finally:
            self._task = None

    async def _carry_group(self, group: Sequence[tuple[Work, asyncio.Future[Any]]]) -> None:
        works = [work for work, _ in group]
        try:
            outcomes = await self._carry(lambda connection: run_together(connection, works))
        except Exception as problem:  # noqa: BLE001 - it goes to those who wait, each of whom handles it
            outcomes = [Failed(problem)] * len(group)
        for (_, future), outcome in zip(group, outcomes, strict=True):
            if future.done():  # cancelled
                continue
            if isinstance(outcome, Failed):
                future.set_exception(outcome.problem)
            else:
                future.set_result(outcome)


def run_together(connection: sqlite3.Connection, works: Sequence[Work]) -> list[Any]:
    """Run the works one after the other in one durable transaction; gives their values, `Failed` for what raised.

    Where one raises, the group is undone and each gets a transaction of its own: that is rare, and a savepoint for each
    would cost all of them as much as two statements more.
    """
    if len(works) > 1:
        try:
            return in_transaction(connection, lambda tx: [work(tx) for work in works])
        except Exception:  # noqa: BLE001, S110 - whose fault it is shows below
            pass
    return [_run_alone(connection, work) for work in works]


def _run_alone(connection: sqlite3.Connection, work: Work) -> Any:
    try:
        return in_transaction(connection, work)
    except Exception as problem:  # noqa: BLE001 - it goes to whoever waits for this work
        return Failed(problem)
