"""Group commit: transactions that come at the same time go to the disk together.

One wait for the disk serves a whole group; whatever comes in while it is under way makes the next one. Where many come
one after the other, the next one waits a moment until as many are there again: otherwise two halves of them would take
turns for ever, each with its own statements and its own wait. What is of one kind is carried out by one call for all of
it, so that a hundred cost little more statements than one. Where one fails, each gets a transaction of its own, so
nobody sees anything of the others.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pressrun.store.transaction import Transaction, in_transaction

MOST_TOGETHER = 64  # so that nobody waits for the work of very many others
MANY = 8  # at the door at once: from here on a group waits for as many to be there again,
GATHER_SECONDS = 0.003  # for so long at most after the last one: what it takes to answer them and to hear from them

SetWork = Callable[[Transaction, Sequence[Any]], Sequence[Any]]
Hop = Callable[[sqlite3.Connection], Any]


class Wish(NamedTuple):
    """One item, and the work that takes all items of its kind at once and gives a value for each."""

    work: SetWork
    item: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """What a work raised; its changes are undone."""

    problem: Exception


class _WorkFailedError(Exception):
    """A work raised `problem`; the database itself is well."""

    def __init__(self, problem: Exception) -> None:
        super().__init__(problem)
        self.problem = problem


def one_by_one(tx: Transaction, works: Sequence[Callable[[Transaction], Any]]) -> list[Any]:
    """The work whose items are works that have nothing in common."""
    return [work(tx) for work in works]


class SharedCommits:
    """Groups wishes; `carry` takes a function of the connection to the database's thread."""

    def __init__(self, carry: Callable[[Hop], Awaitable[Any]]) -> None:
        self._carry = carry
        self._waiting: list[tuple[Wish, asyncio.Future[Any]]] = []
        self._task: asyncio.Task[None] | None = None
        self._expected = 0  # who were at the door when the last group was through,
        self._through_at = 0.0  # by the clock of the loop
        self._complete = asyncio.Event()

    def join(self, wish: Wish) -> asyncio.Future[Any]:
        """What the work gives for the item, or raises, once it is on the disk.

        It may run a second time, when the first was undone by another one's fault: it must change nothing but the
        database. It is carried out even when nobody waits for it any more.
        """
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((wish, future))
        if len(self._waiting) >= self._expected:
            self._complete.set()
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
                await self._gather()
                group, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
                await self._carry_group(group)
                self._expected = min(MOST_TOGETHER, len(group) + len(self._waiting))
                self._through_at = asyncio.get_running_loop().time()
        finally:
            self._task = None

    async def _gather(self) -> None:
        """Where many were at the door a moment ago, wait until as many are there, or for long enough."""
        if self._expected < MANY or len(self._waiting) >= self._expected:
            return
        loop = asyncio.get_running_loop()
        ends_at = self._through_at + GATHER_SECONDS
        if loop.time() < ends_at:
            self._complete.clear()
            timer = loop.call_at(ends_at, self._complete.set)
            await self._complete.wait()
            timer.cancel()

    async def _carry_group(self, group: Sequence[tuple[Wish, asyncio.Future[Any]]]) -> None:
        wishes = [wish for wish, _ in group]
        try:
            outcomes = await self._carry(lambda connection: run_together(connection, wishes))
        except Exception as problem:  # noqa: BLE001 - it goes to those who wait, each of whom handles it
            outcomes = [Failed(problem)] * len(group)
        for (_, future), outcome in zip(group, outcomes, strict=True):
            if future.done():  # cancelled
                continue
            if isinstance(outcome, Failed):
                future.set_exception(outcome.problem)
            else:
                future.set_result(outcome)


def run_together(connection: sqlite3.Connection, wishes: Sequence[Wish]) -> list[Any]:
    """Carry out the wishes in one durable transaction; gives the value of each, `Failed` for what raised.

    Where a work raises, the group is undone and each gets a transaction of its own: that is rare, and a savepoint for
    each would cost all of them as much as two statements more. Raises what the beginning or the commit raises: nothing
    is done then, and the next one would fare no better.
    """
    try:
        return in_transaction(connection, lambda tx: _carry_out(tx, wishes))
    except _WorkFailedError as failure:
        if len(wishes) == 1:
            return [Failed(failure.problem)]
    return [_carry_out_alone(connection, wish) for wish in wishes]


def _carry_out_alone(connection: sqlite3.Connection, wish: Wish) -> Any:
    try:
        return run_together(connection, [wish])[0]
    except Exception as problem:  # noqa: BLE001 - it goes to whoever waits; those before are on the disk
        return Failed(problem)


def _carry_out(tx: Transaction, wishes: Sequence[Wish]) -> list[Any]:
    places: dict[SetWork, list[int]] = {}
    for place, wish in enumerate(wishes):
        places.setdefault(wish.work, []).append(place)
    values: list[Any] = [None] * len(wishes)
    try:
        for work, chosen in places.items():
            found = work(tx, [wishes[place].item for place in chosen])
            for place, value in zip(chosen, found, strict=True):
                values[place] = value
    except Exception as problem:
        raise _WorkFailedError(problem) from problem
    return values
