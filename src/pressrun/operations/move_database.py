"""Moves all data to an empty database, from a file to a server or back. The service goes on, except for a short stop.

1. The source notes which rows change. At the same time all rows are copied and compared, and indexes are built.
2. The service stops: nothing is sent, received or shown. The rows that have changed are copied and compared.
3. The target is complete. The mark on the source, one commit, is the switch.

Until the switch, the source stays as it was, whatever fails; the target is marked, and nobody may use it. After the
switch, nobody may use the source.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.errors import PressrunError, Refused, Unavailable
from pressrun.core.signing.chain import NO_ROWS, link
from pressrun.core.signing.keys import KeyRing
from pressrun.operations.row_copies import (
    Progress,
    RowCopier,
    index_editions,
    require_same_tables,
    require_same_totals,
)
from pressrun.services import evidence
from pressrun.store.location import Location, require_current_schema
from pressrun.store.readers import consent
from pressrun.store.table_store import Also, MoveMark, MoveState, MoveTarget, StoredTable, TableStore
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import load_consent_head, load_keys, require_keys

Switch = Callable[[str, str], None]
"""Marks the source as gone, by the place and the number of the move; may raise TryAgain although it has done so."""


class ServedSource(Protocol):
    """The process that writes to the source: the daemon, or this process while none runs."""

    def track_changes(self) -> None:
        """Record from now on which rows change."""
        ...

    def stopped(self) -> AbstractContextManager[Switch]:
        """Nobody uses the source during the block. Afterwards the service resumes, unless the switch was made."""
        ...

    def untrack_changes(self) -> None:
        """Record no more changes."""
        ...


class MoveReport(Struct, frozen=True, kw_only=True):
    """What a move has done: how many rows it copied and copied again, and how many seconds it took."""

    tables: int
    rows: int
    changed: int
    seconds: float
    stopped_seconds: float
    evidence_problems: int  # the same before and after


class CheckReport(Struct, frozen=True, kw_only=True):
    """What a move would copy."""

    tables: int
    rows: int


def check_move(data: DataDir, destination: Location, progress: Progress) -> CheckReport:
    """Find out whether a move is possible, and change nothing; raises what `move_database` would raise at once."""
    load_keys(data)
    require_current_schema(data.database)
    with _available(destination), closing(destination.open_target()) as target:
        target.require_empty(str(data.database))
        with _opened(data.database) as source:
            tables = source.tables()
            rows = RowCopier(source, target, progress).check_all(tables)
    return CheckReport(tables=len(tables), rows=rows)


def finish_move(data: DataDir, destination: Location, arrived: Also) -> bool:
    """Complete a move that was killed after its switch; False if nothing is left to do.

    `arrived` is written once, in the transaction with which the target comes into use.
    """
    if not data.database.exists():
        return False
    with _opened(data.database) as source:
        mark = source.mark()
    if mark is None or mark.state is not MoveState.GONE or mark.place != str(destination):
        return False
    with _available(destination), closing(destination.open_target()) as target:
        there = target.find_mark()
        if there is None:  # it is in use, and what may be missing is that the rows here are set aside
            return data.database.left_for() is not None and destination.exists()
        return _release_after(target, there, mark, arrived)


def _release_after(target: MoveTarget, there: MoveMark, gone: MoveMark, arrived: Also) -> bool:
    if there.state is not MoveState.READY or there.move != gone.move:
        return False
    target.release(arrived)
    return True


def move_database(
    data: DataDir, destination: Location, served: ServedSource, progress: Progress, arrived: Also
) -> MoveReport:
    """Move everything. Raises OutputExists for a target that is not empty, Unavailable if a database cannot be reached,
    BadInput for rows that the target cannot store, and Refused for a difference. After an error, the source is as it
    was.
    """
    keys = load_keys(data)
    require_current_schema(data.database)
    with _available(destination), closing(destination.open_target()) as target:
        target.require_empty(str(data.database))
        with _opened(data.database) as source:
            move = _RunningMove(RowCopier(source, target, progress), data, keys)
            try:
                served.track_changes()
                move.fill()
                move.switch(served, str(destination))
            except BaseException:
                if not move.is_switched():
                    move.undo(served)
                    raise
                # The switch is made, and only its answer was lost.
    try:
        finish_move(data, destination, arrived)
    except PressrunError as problem:
        raise type(problem)(
            f"all data are in {destination}, but it cannot be taken into use yet: {problem}. Run this command again"
        ) from problem
    return move.report()


class _RunningMove:
    """One move, and how far it is."""

    def __init__(self, copier: RowCopier, data: DataDir, keys: KeyRing) -> None:
        self._copier = copier
        self._source, self._target, self._progress = copier.source, copier.target, copier.progress
        self._data = data
        self._keys = keys
        self.mark = MoveMark(MoveState.ARRIVING, str(data.database), secrets.token_hex(8))
        self._tables: dict[str, StoredTable] = {}
        self._head = NO_ROWS
        self._rows = self._changed = self._evidence_problems = 0
        self._began_at = time.monotonic()
        self._stopped_at = 0.0
        self._is_asked = False  # to switch

    def fill(self) -> None:
        """Copy and compare everything, while the service goes on."""
        self._target.prepare(self.mark)
        self._tables = require_same_tables(self._source, self._target)
        self._rows = self._copier.copy_all(self._tables)
        self._progress("building indexes")
        self._target.build_indexes()
        with self._source.snapshot(), self._target.transaction():
            index_editions(self._target, self._source.searchable_editions(), self._progress)
        self._follow_evidence()

    def _follow_evidence(self) -> None:
        """Compare the whole chain on both sides. A chain that was broken before is moved as it is."""
        self._progress("verifying the evidence of consent")
        with self._target.transaction():
            there = evidence.verify(self._target.tx, ())
            self._head = consent.read_head(self._target.tx)
        with self._source.snapshot():
            here = evidence.verify(self._source.tx, [(str(self._data.consent_head), load_consent_head(self._data))])
        self._evidence_problems = max(here.problem_count, there.problem_count)

    def switch(self, served: ServedSource, place: str) -> None:
        """Stop the service, copy the rest, and mark the source."""
        self._progress("stopping the service")
        self._stopped_at = time.monotonic()
        with served.stopped() as switch:
            self._catch_up()
            self._is_asked = True
            switch(place, self.mark.move)

    def _catch_up(self) -> None:
        """Copy and compare what has changed, while nobody uses the source, and complete the target."""
        require_current_schema(self._data.database)  # a newer version of the program may have been started
        with self._source.snapshot(), self._target.transaction():
            editions = self._changed_editions()
            self._changed = self._copier.copy_changed(self._tables)
            last_ids = require_same_totals(self._source, self._target, self._tables)
            self._index_again(editions)
            self._require_same_evidence()
            require_keys(self._data, self._keys, self._target.tx)
            self._progress("checking foreign keys")
            self._target.complete(last_ids)
        self._target.publish(replace(self.mark, state=MoveState.READY))

    def _changed_editions(self) -> set[int]:
        tables = [self._tables[name] for name in ("edition", "edition_content")]
        return {key[0] for table in tables for key in self._source.changed_keys(table)}

    def _index_again(self, changed: set[int]) -> None:
        here, there = self._source.searchable_editions(), self._target.searchable_editions()
        self._target.forget_searchable({*changed, *there} - ({*here} - changed))
        index_editions(self._target, sorted({*here} & changed | {*here} - {*there}), self._progress)
        if self._target.searchable_editions() != here:
            raise Refused("the search index of the copy has other editions. Nothing was changed")

    def _require_same_evidence(self) -> None:
        """Check that the heads are equal, and that the rows added since the fill lead from the former head to it."""
        head = consent.read_head(self._source.tx)
        if consent.read_head(self._target.tx) != head:
            raise Refused("the copied evidence of consent has a different head. Nothing was changed")
        chain = self._head.chain
        for row in consent.chain_rows(self._target.tx, after=self._head.number):
            chain = link(chain, row)
            if chain != row.chain:
                raise Refused(f"row {row.number} of the evidence of consent breaks its chain. Nothing was changed")
        if chain != head.chain and not self._evidence_problems:
            raise Refused("the evidence of consent does not lead to its head. Nothing was changed")

    def is_switched(self) -> bool:
        """Whether the source is marked although the answer was lost; raises Unavailable if that cannot be known."""
        if not self._is_asked:
            return False
        with _opened(self._data.database) as source:
            mark = source.mark()
        return mark is not None and mark.state is MoveState.GONE and mark.move == self.mark.move

    def undo(self, served: ServedSource) -> None:
        """Leave both databases as they were, as far as they can be reached; the next move does the rest."""
        for step in (self._target.discard, served.untrack_changes):
            with suppress(PressrunError, self._target.dialect.errors, self._source.dialect.errors):
                step()

    def report(self) -> MoveReport:
        """What was done."""
        now = time.monotonic()
        return MoveReport(
            tables=len(self._tables),
            rows=self._rows,
            changed=self._changed,
            seconds=round(now - self._began_at, 1),
            stopped_seconds=round(now - self._stopped_at, 1),
            evidence_problems=self._evidence_problems,
        )


@contextmanager
def _opened(location: Location) -> Iterator[TableStore]:
    """The tables of a database, to read."""
    with _available(location), closing(location.connect(readonly=True)) as connection:
        yield connection.tables()


@contextmanager
def _available(location: Location) -> Iterator[None]:
    """What the driver raises becomes Unavailable or Refused."""
    try:
        yield
    except location.dialect.errors as problem:
        words = f"the database {location}: {' '.join(str(problem).split())}"
        raise (Unavailable if location.dialect.is_outage(problem) else Refused)(words) from problem
