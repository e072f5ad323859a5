"""Copies tables from one engine to another, and compares what arrived with what was read.

Rows are compared by digests over pages of them, in the order of their keys. A row is encoded as MessagePack, which is
the same whichever engine it comes from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from itertools import zip_longest

import msgspec
from msgspec import Struct, field

from pressrun.core.errors import BadInput, Refused
from pressrun.store.editions import search
from pressrun.store.table_store import MoveMark, MoveState, MoveTarget, StoredTable, TableStore, Values

PAGE_ROWS = 10_000  # in one digest
MOST_NAMED = 20  # rows that the other engine cannot store; more are counted
_FROM_BACKUP = "a backup"  # the place in the mark of a database that is being filled
_INDEXED = "select list_id, title, preheader, text from edition join edition_content on edition_id = id where id = ?"

Progress = Callable[[str], None]

_encode = msgspec.msgpack.Encoder().encode


class RowDigests(Struct):
    """The digests of rows that pass through, a page each, and how many rows they were."""

    pages: list[bytes] = field(default_factory=list)
    rows: int = 0

    def through(self, rows: Iterable[Values]) -> Iterator[Values]:
        """The same rows."""
        digest, left = hashlib.sha256(), PAGE_ROWS
        for row in rows:
            digest.update(_encode(row))
            self.rows += 1
            left -= 1
            yield row
            if not left:
                self.pages.append(digest.digest())
                digest, left = hashlib.sha256(), PAGE_ROWS
        self.pages.append(digest.digest())


def digest_rows(rows: Iterable[Values]) -> RowDigests:
    digests = RowDigests()
    for _ in digests.through(rows):
        pass
    return digests


class RowCopier(Struct):
    """Copies rows from `source` to `target`; `unusable` names those that the target cannot store."""

    source: TableStore
    target: MoveTarget
    progress: Progress
    unusable: list[str] = field(default_factory=list)
    unusable_rows: int = 0

    def copy_all(self, tables: Mapping[str, StoredTable]) -> int:
        """Copy and compare every row, each table as it is at one moment; returns how many.

        Raises BadInput when the target cannot store some of them, and Refused for a difference.
        """
        copied = 0
        for table in tables.values():
            with self.source.snapshot():
                copied += self._copy(table, copied)
        self.require_usable()
        return copied

    def copy_snapshot(self, tables: Mapping[str, StoredTable]) -> None:
        """The same, with all tables as they are in one snapshot of the source, which the caller has opened."""
        copied = 0
        for table in tables.values():
            copied += self._copy(table, copied)
        self.require_usable()

    def _copy(self, table: StoredTable, copied: int) -> int:
        """Copy and compare the rows of one table; returns how many."""
        self.progress(f"copying {table.name}, {copied:,} rows so far")
        with self.target.transaction():
            digests = self._insert(table, self.source.rows(table))
        if not self.unusable_rows:
            self.progress(f"comparing {table.name}, {copied + digests.rows:,} rows so far")
            with self.target.snapshot():
                require_same(table, digests, digest_rows(self.target.rows(table)))
        return digests.rows

    def check_all(self, tables: Mapping[str, StoredTable]) -> int:
        """Read every row and write none; returns how many. Raises BadInput as `copy_all` does."""
        read = 0
        for table in tables.values():
            self.progress(f"reading {table.name}, {read:,} rows so far")
            with self.source.snapshot(), closing(self.source.rows(table)) as rows:
                read += sum(1 for _ in self._usable(table, rows))
        self.require_usable()
        return read

    def copy_changed(self, tables: Mapping[str, StoredTable]) -> int:
        """Write the rows that the source has noted once more and compare them; returns how many.

        Both have to be in a transaction. Rows that are gone are deleted. All go before any comes, so that no row meets
        the former state of another. Raises as `copy_all` does.
        """
        changed = [table for table in tables.values() if self.source.has_changes(table)]
        for table in changed:
            with closing(self.source.changed_keys(table)) as keys:
                self.target.stage(table, keys)
            self.target.delete_staged(table)
        copied = 0
        for table in changed:
            self.progress(f"copying changes of {table.name}")
            digests = self._insert(table, self.source.changed_rows(table))
            copied += digests.rows
            self.require_usable()
            require_same(table, digests, digest_rows(self.target.staged_rows(table)))
        return copied

    def _insert(self, table: StoredTable, rows: Generator[Values]) -> RowDigests:
        digests = RowDigests()
        with closing(rows):
            self.target.insert(table, digests.through(self._usable(table, rows)))
        return digests

    def _usable(self, table: StoredTable, rows: Iterable[Values]) -> Iterator[Values]:
        place_of_key = [table.columns.index(column) for column in table.key]
        for row in rows:
            problem = self.target.unusable(table, row)
            if problem is None:
                yield row
                continue
            self.unusable_rows += 1
            if len(self.unusable) < MOST_NAMED:
                key = ", ".join(f"{table.columns[place]} {_shown(row[place])}" for place in place_of_key)
                self.unusable.append(f"{table.name}, {key}: {problem}")

    def require_usable(self) -> None:
        """Raise BadInput if the target cannot store some of the rows."""
        if self.unusable_rows:
            raise BadInput(
                "\n".join([f"{self.unusable_rows} rows cannot be stored there. Correct them first:", *self.unusable])
            )


def _shown(value: object) -> str:
    """A part of a key for people: addresses and the like, which are no numbers, stay unsaid."""
    return str(value) if isinstance(value, int) else "…"


def require_same(table: StoredTable, read: RowDigests, arrived: RowDigests) -> None:
    """Raise Refused unless the same rows arrived."""
    if read.rows != arrived.rows:
        raise Refused(f"{table.name}: {read.rows} rows were read, and {arrived.rows} arrived. Nothing was changed")
    for number, (read_page, arrived_page) in enumerate(zip_longest(read.pages, arrived.pages)):
        if read_page != arrived_page:
            raise Refused(
                f"{table.name}: rows {number * PAGE_ROWS + 1} to {(number + 1) * PAGE_ROWS} did not arrive as they "
                "were read. Nothing was changed"
            )


def require_same_tables(source: TableStore, target: TableStore) -> dict[str, StoredTable]:
    """The tables of both; raises Refused when they have others, or other columns."""
    ours, theirs = source.tables(), target.tables()
    shapes = [{name: table.shape for name, table in tables.items()} for tables in (ours, theirs)]
    if shapes[0] != shapes[1]:
        different = sorted(name for name in {*ours, *theirs} if shapes[0].get(name) != shapes[1].get(name))
        raise Refused(f"the two databases differ in their tables {', '.join(different)}. Run `pressrun migrate` first")
    return ours


def require_same_totals(source: TableStore, target: TableStore, tables: Mapping[str, StoredTable]) -> dict[str, int]:
    """The highest id that was drawn of each table, once the numbers of rows and copies are the same in both.

    Both have to be in a transaction. Raises Refused.
    """
    for table in tables.values():
        here, there = source.count(table), target.count(table)
        if here != there:
            raise Refused(f"{table.name} has {here} rows, and {there} arrived. Nothing was changed")
    if source.copies_by_state() != target.copies_by_state():
        raise Refused("the numbers of copies in each state differ. Nothing was changed")
    last_ids = source.last_ids()
    for name, last in last_ids.items():
        if last < target.highest_id(tables[name]):
            raise Refused(f"{name} has an id above {last}, the last one assigned. Nothing was changed")
    return last_ids


def index_editions(target: MoveTarget, editions: Collection[int], progress: Progress) -> None:
    """Add these editions to the search index of the target."""
    progress(f"indexing {len(editions):,} editions for search")
    for number in editions:
        row = target.execute(_INDEXED, (number,)).fetchone()
        if row is not None:  # otherwise it came since, and is among the changes
            list_id, title, preheader, text = row
            search.index_edition(target.tx, number, list_id, title, f"{preheader} {text}")


def fill_database(source: TableStore, target: MoveTarget, progress: Progress) -> None:
    """Fill a new database, which keeps a mark until it is published and released; the source is in a snapshot.

    Raises BadInput for rows that the target cannot store.
    """
    target.prepare(MoveMark(MoveState.ARRIVING, _FROM_BACKUP, ""))
    tables = require_same_tables(source, target)
    RowCopier(source, target, progress).copy_snapshot(tables)
    progress("building indexes")
    target.build_indexes()
    with target.transaction():
        index_editions(target, source.searchable_editions(), progress)
        target.complete(require_same_totals(source, target, tables))


def complete_mark(token: str) -> MoveMark:
    """The mark of a database that is filled. `token` tells it from others."""
    return MoveMark(MoveState.READY, _FROM_BACKUP, token)
