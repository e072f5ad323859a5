"""What every engine's connection does: carries out units of work as transactions, on the thread that it belongs to."""

from __future__ import annotations

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from pressrun.store.table_store import TableStore
from pressrun.store.transaction import Conflict, Dialect, Transaction

T = TypeVar("T")
Later = Callable[[Callable[[], object]], object]

MAX_RUNS = 10  # of one unit of work that others are in the way of; more would only hide that something is wrong
MAX_READS = 2  # nothing is in the way of a snapshot: the second time is for a lost connection
LONGEST_WAIT_SECONDS = 0.05  # before it runs again, at first a fraction of it, so that two do not meet again


def call(effect: Callable[[], object]) -> None:
    """Carry out an effect at once, where there is no event loop to do so."""
    effect()


class EngineConnection(ABC):
    """One connection to the database. An engine says how it begins, rolls back and closes.

    `is_synced` says whether all is on the disk that was committed here.
    """

    is_synced = True

    def __init__(self, dialect: Dialect, reading: Dialect) -> None:
        self.dialect = dialect
        self._reading = reading

    def write(self, work: Callable[[Transaction], T], later: Later = call, *, durable: bool = True) -> T:
        """Run `work` as one transaction: commit when it returns, roll back when it raises.

        It runs again when another transaction was in the way. `later` gets each function that it handed to
        `after_commit`. Without `durable` the commit does not wait for the disk. Raises what `work` raises, and
        Unavailable.
        """
        return self._run(lambda is_last: self._write_once(work, later, durable=durable, is_last=is_last), MAX_RUNS)

    def _run(self, once: Callable[[bool], T], most: int) -> T:
        for left in reversed(range(most)):
            try:
                return once(left == 0)
            except (Conflict, self.dialect.errors) as problem:
                if left and self.may_run_again(problem):
                    time.sleep(random.random() * LONGEST_WAIT_SECONDS * (most - left) / most)  # noqa: S311 - no secret
                elif isinstance(problem, Conflict) or self.dialect.is_outage(problem):
                    raise self.dialect.unavailable(problem) from problem
                else:
                    raise  # a mistake, or a constraint
        raise AssertionError  # the last one returns or raises

    def _write_once(self, work: Callable[[Transaction], T], later: Later, *, durable: bool, is_last: bool) -> T:
        tx = Transaction(self.begin(durable=durable), self.dialect, is_last=is_last)
        try:
            result = work(tx)
            tx.run_deferred()
            self.commit()
        except BaseException:
            self.roll_back()
            raise
        tx.hand_over_effects(later)
        return result

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run a function that only reads, on a consistent snapshot; raises what it raises, and Unavailable."""
        return self._run(lambda _: self._read_once(work), MAX_READS)

    def _read_once(self, work: Callable[[Transaction], T]) -> T:
        with self.reading() as tx:
            return work(tx)

    def with_tables(self, work: Callable[[TableStore], T]) -> T:
        """Run a function of all tables as one transaction; raises what it raises, and Unavailable."""
        self.read(lambda _: None)  # which connects again if the connection was lost
        tables = self.tables()
        try:
            with tables.transaction():
                return work(tables)
        except self.dialect.errors as problem:
            if self.dialect.is_outage(problem):
                raise self.dialect.unavailable(problem) from problem
            raise

    def may_run_again(self, problem: Exception) -> bool:
        """Whether the same unit of work may succeed now."""
        return isinstance(problem, (Conflict, *self.dialect.conflicts))

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """One consistent snapshot."""
        tx = Transaction(self.begin_reading(), self._reading)
        try:
            yield tx
            tx.run_deferred()  # there is nothing, or the engine refuses it
        finally:
            self.roll_back()

    @abstractmethod
    def begin(self, *, durable: bool) -> Any:
        """Begin a transaction that writes; returns what runs its statements."""

    @abstractmethod
    def begin_reading(self) -> Any:
        """Begin a transaction that sees one snapshot and writes nothing; returns what runs its statements."""

    @abstractmethod
    def commit(self) -> None:
        """Commit."""

    @abstractmethod
    def roll_back(self) -> None:
        """Undo the transaction, if the error that led here has not ended it already."""

    @abstractmethod
    def why_not_writable(self) -> str | None:
        """Why changes fail or go nowhere, as far as that can be seen without making one; raises Unavailable."""

    @abstractmethod
    def checkpoint(self) -> bool:
        """Bring everything that is committed to the disk; False while a reader prevents that."""

    @abstractmethod
    def flush(self) -> None:
        """Bring everything that is committed to the disk, whatever reader is in the way of a checkpoint."""

    @abstractmethod
    def drop_statistics(self) -> bool:
        """Drop statistics that would mislead the planner; True if there were any."""

    @abstractmethod
    def shrink(self) -> int:
        """Give some space back to the file system, in one short transaction; returns how many octets."""

    @abstractmethod
    def tables(self) -> TableStore:
        """The tables behind this connection as a whole, for a move."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection."""


class ConnectionThread(Protocol):
    """Runs functions of one connection on its thread, one after the other."""

    async def run(self, function: Callable[[EngineConnection], T]) -> T:
        """Call the function on the thread; it runs to its end even when the awaiting task is cancelled."""
        ...

    async def close(self) -> None:
        """Run what is queued, close the connection and end the thread."""
        ...
