"""Group commit: units of work that come at the same time share one commit, and one wait for the disk.

Whatever comes in during a commit makes the next group. Where many come at once, the next group waits a moment until as
many are there again: otherwise two halves of them would take turns for ever, each with its own statements and its own
wait. One call carries out all items of the same work, so that a hundred cost little more statements than one. When one
item raises, every item gets a transaction of its own, so an error reaches only its own caller.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from msgspec import Struct

from pressrun.store.people.audit import ActionInProgress, record_actions
from pressrun.store.programs.events import CLOCK, acted_by
from pressrun.store.transaction import Transaction

LARGEST_GROUP = 64  # so that no caller waits for the work of very many others
MANY = 8  # callers at once: from here on a group waits for as many to come again,
GATHER_SECONDS = 0.003  # for at most this long after the last group: what it takes to answer them and to hear from them

SetWork = Callable[[Transaction, Sequence[Any]], Sequence[Any]]
Transact = Callable[[Callable[[Transaction], Any]], Any]  # runs a function as one transaction, on the database's thread


class WriteGroup(Protocol):
    """Has a function run transactions on the thread of the database; `is_harmless` as all of their items."""

    async def __call__(self, hop: Callable[[Transact], Any], *, is_harmless: bool) -> Any: ...


class BatchItem(NamedTuple):
    """One item, the work that carries out all its items at once and returns a value for each, and who acts.

    The row of the `action` in the audit log is part of the transaction, if there is one, which may still be refused.
    `is_harmless`: who may do what stays as it is.
    """

    work: SetWork
    item: Any
    actor: str = CLOCK
    action: ActionInProgress | None = None
    is_harmless: bool = False


class WorkError(Struct, frozen=True):
    """What an item raised; its changes are undone."""

    problem: Exception


class _WorkFailedError(Exception):
    """An item raised `problem`; the database itself is well."""

    def __init__(self, problem: Exception) -> None:
        super().__init__(problem)
        self.problem = problem


def one_by_one(tx: Transaction, works: Sequence[Callable[[Transaction], Any]]) -> list[Any]:
    """The work whose items are functions that have nothing in common."""
    return [work(tx) for work in works]


class GroupCommit:
    """Groups items; `write` carries a function to the database's thread and gives it what runs a transaction."""

    def __init__(self, write: WriteGroup) -> None:
        self._write = write
        self._waiting: list[tuple[BatchItem, asyncio.Future[Any]]] = []
        self._task: asyncio.Task[None] | None = None
        self._expected = 0  # how many callers there were when the last group was committed,
        self._committed_at = 0.0  # by the clock of the loop
        self._complete = asyncio.Event()

    def join(self, item: BatchItem) -> asyncio.Future[Any]:
        """What the work returns for the item, or raises, once it is on the disk.

        The work may run a second time when another item's error undid the first. It is carried out even when its
        caller is cancelled.
        """
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if len(self._waiting) >= self._expected:
            self._complete.set()
        if self._task is None:
            self._task = asyncio.create_task(self._write_all(), name="group commit")
        return future

    @property
    def is_busy(self) -> bool:
        """Whether an item waits for the disk."""
        return self._task is not None

    async def close(self) -> None:
        """Wait until everything is on the disk."""
        if self._task is not None:
            await self._task

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                group, self._waiting = self._waiting[:LARGEST_GROUP], self._waiting[LARGEST_GROUP:]
                await self._write_group(group)
                self._expected = min(LARGEST_GROUP, len(group) + len(self._waiting))
                self._committed_at = asyncio.get_running_loop().time()
        finally:
            self._task = None

    async def _gather(self) -> None:
        """Where many callers came a moment ago, wait until as many are there, or for long enough."""
        if self._expected < MANY or len(self._waiting) >= self._expected:
            return
        loop = asyncio.get_running_loop()
        ends_at = self._committed_at + GATHER_SECONDS
        if loop.time() < ends_at:
            self._complete.clear()
            timer = loop.call_at(ends_at, self._complete.set)
            await self._complete.wait()
            timer.cancel()

    async def _write_group(self, group: Sequence[tuple[BatchItem, asyncio.Future[Any]]]) -> None:
        items = [item for item, _ in group]
        try:
            is_harmless = all(item.is_harmless for item in items)
            outcomes = await self._write(lambda transact: run_group(transact, items), is_harmless=is_harmless)
        except Exception as problem:  # noqa: BLE001 - each caller handles it
            outcomes = [WorkError(problem)] * len(group)
        for (_, future), outcome in zip(group, outcomes, strict=True):
            if future.done():  # cancelled
                continue
            if isinstance(outcome, WorkError):
                future.set_exception(outcome.problem)
            else:
                future.set_result(outcome)


def run_group(transact: Transact, items: Sequence[BatchItem]) -> list[Any]:
    """Carry out the items in one transaction; returns the value of each, `WorkError` for what raised.

    When an item raises, the group is undone and every item gets a transaction of its own. That is rare, and a savepoint
    for each item would cost all of them two more statements. Raises what the beginning or the commit raises: nothing
    is done then, and another transaction would fare no better.
    """
    try:
        values: list[Any] = transact(lambda tx: _run_items(tx, items))
    except _WorkFailedError as failure:
        if len(items) == 1:
            return [WorkError(failure.problem)]
        return [_run_alone(transact, item) for item in items]
    return values


def _run_alone(transact: Transact, item: BatchItem) -> Any:
    try:
        return run_group(transact, [item])[0]
    except Exception as problem:  # noqa: BLE001 - it goes to its caller; the items before are on the disk
        return WorkError(problem)


def _run_items(tx: Transaction, items: Sequence[BatchItem]) -> list[Any]:
    places: dict[tuple[SetWork, str], list[int]] = {}
    for place, item in enumerate(items):
        places.setdefault((item.work, item.actor), []).append(place)
    values: list[Any] = [None] * len(items)
    try:
        for (work, actor), chosen in places.items():
            actions = {place: action for place in chosen if (action := items[place].action) is not None}
            with acted_by(actor):
                for action in actions.values():
                    action.begin(tx)
                results = work(tx, [items[place].item for place in chosen])
            for place, value in zip(chosen, results, strict=True):
                values[place] = value
            record_actions(tx, [(action, values[place]) for place, action in actions.items()])
    except Exception as problem:
        if tx.is_of_database(problem):
            raise  # all items run again, or none can be done
        raise _WorkFailedError(problem) from problem
    return values
