"""Whole tables, read and written in bulk: what moving a database to another engine needs of each of the two.

The database that is left notes the keys of the rows that change from a moment on, by triggers that exist only during a
move. The one that is filled has no indexes, foreign keys and triggers until its rows are there. The search index is no
table here, since each engine has one of its own.

Names of tables and columns come from the database itself and are quoted. `?` stands for a value.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from pathlib import Path
from typing import Any

from msgspec import Struct

from pressrun.core.errors import BadConfiguration
from pressrun.store.transaction import Dialect, Transaction

SEARCH = "archive_search"
OF_ONE_ENGINE = ("sqlite_", "schema_version", "limit_gate")  # the last one has the same rows always, which are locked
OF_OTHERS = ("_litestream_",)  # what a program beside us keeps in the file for itself
OURS = "move_"  # the names of all that a move creates in a database begin so
NOTES = f"{OURS}notes_"  # with the name of a table: the keys of its rows that changed
STAGED = f"{OURS}staged_"  # with the name of a table: the keys of the rows that are written anew
MARK = f"{OURS}mark"
DRAFT = ".moving"  # the end of the name of a file that a move is filling, before those of its logs

Values = tuple[Any, ...]
Also = Callable[[Transaction], None]  # what is written in the transaction of something else


class MoveState(StrEnum):
    """What a move says about a database, which nobody may use then."""

    ARRIVING = "arriving"  # it is being filled; worth nothing if the move ended
    READY = "ready"  # complete, and the other one may still be in use
    GONE = "gone"  # its data are in the other one


class MoveMark(Struct, frozen=True):
    """The mark of a move on a database: its state, the other database, and which move it was."""

    state: MoveState
    place: str
    move: str


class StoredTable(Struct, frozen=True):
    """A table with its columns and those of its primary key; `draws_ids` if no id of its rows is ever used twice."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    draws_ids: bool

    @property
    def shape(self) -> tuple[frozenset[str], tuple[str, ...]]:
        """What has to be alike in both databases."""
        return frozenset(self.columns), self.key


def _follow(place: object, moved_to: str) -> str:
    """What makes the program use the database that a move has made."""
    if moved_to.startswith("postgresql://"):
        return "In config.toml, name it in the key database"
    if isinstance(place, Path):
        return f"Rename {moved_to} to {place}"
    return "In config.toml, remove the key database"


def require_unmarked(place: object, mark: MoveMark | None) -> None:
    """Raise BadConfiguration for a database that a move has left, or has not finished."""
    if mark is None:
        return
    if mark.state is MoveState.GONE:
        raise BadConfiguration(f"{place} was moved to {mark.place}. {_follow(place, mark.place)}")
    raise BadConfiguration(
        f"a move from {mark.place} to {place} has not finished. With the configuration from before, run "
        "`pressrun move-to` again; until it ends, the data are where they were"
    )


def quoted(names: Iterable[str], before: str = "") -> str:
    """Names as a list of identifiers, each with the prefix `before`."""
    return ", ".join(before + '"' + name.replace('"', '""') + '"' for name in names)


def is_copied(table: str) -> bool:
    """Whether a table holds our data: not the search index, nor what a move, an engine or Litestream has for itself."""
    return not table.startswith((SEARCH, OURS, *OF_ONE_ENGINE, *OF_OTHERS))


UNKNOWN_IDS = 1 << 24  # may have been drawn, if nobody knows how many: an old link must not mean somebody else


class TableStore(ABC):
    """The tables behind one connection. What is read or written belongs to a `snapshot` or a `transaction`."""

    def __init__(self, connection: Any, dialect: Dialect) -> None:
        self.tx = Transaction(connection, dialect)
        self.dialect = dialect
        self._connection = connection

    # ------------------------------------------------------------------ what an engine says

    @abstractmethod
    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Run a statement; returns its cursor."""

    @abstractmethod
    def stream(self, sql: str) -> Generator[Values]:
        """The rows of a query as plain tuples, some at a time, within a snapshot or a transaction.

        A caller that may leave some of them unread closes it.
        """

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[None]:
        """One consistent state of everything, to read."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """Commit when the block ends, roll back when it raises."""

    @abstractmethod
    def tables(self) -> dict[str, StoredTable]:
        """Every table that a move copies, by name."""

    @abstractmethod
    def has(self, table: str) -> bool:
        """Whether there is a table of this name, a temporary one included."""

    @abstractmethod
    def last_ids(self) -> dict[str, int]:
        """The highest id that was ever drawn, of each table that draws ids."""

    @abstractmethod
    def raise_ids(self, last_ids: Mapping[str, int]) -> None:
        """Let ids go on after these, by the name of the table, or after the highest one that is there."""

    @abstractmethod
    def track_changes(self) -> None:
        """Note the keys of rows that change from now on. Notes of an earlier move are dropped."""

    @abstractmethod
    def untrack_changes(self) -> None:
        """Remove the notes and what writes them, if there are any."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection."""

    # ------------------------------------------------------------------ what both do alike

    def rows(self, table: StoredTable, where: str = "") -> Generator[Values]:
        """The rows in the order of their keys: all, or those for which a `where` clause holds."""
        return self.stream(
            f"select {quoted(table.columns)} from {quoted([table.name])} {where} order by {quoted(table.key)}"
        )

    def count(self, table: StoredTable) -> int:
        """The number of rows."""
        return int(self.execute(f"select count(*) from {quoted([table.name])}").fetchone()[0])

    def count_all(self) -> dict[str, int]:
        """The number of rows of each table, by name."""
        return {name: self.count(table) for name, table in self.tables().items()}

    def is_tracking(self) -> bool:
        """Whether changes are noted, by this move or one that was killed."""
        return self.has(f"{NOTES}list")

    def has_changes(self, table: StoredTable) -> bool:
        """Whether any row was noted."""
        return self.execute(f"select 1 from {quoted([NOTES + table.name])} limit 1").fetchone() is not None

    def changed_keys(self, table: StoredTable) -> Generator[Values]:
        """The keys of the rows that were inserted, changed or deleted since `track_changes`, each once."""
        keys = quoted(table.key)
        return self.stream(f"select distinct {keys} from {quoted([NOTES + table.name])} order by {keys}")

    def changed_rows(self, table: StoredTable) -> Generator[Values]:
        """Those of these rows that are there, in the order of their keys."""
        return self.rows(table, _among(table, NOTES + table.name))

    def highest_id(self, table: StoredTable) -> int:
        """The highest id of a row that is there."""
        return int(self.execute(f"select coalesce(max(id), 0) from {quoted([table.name])}").fetchone()[0])

    def searchable_editions(self) -> list[int]:
        """The ids of the editions in the search index, in order."""
        return [row[0] for row in self.execute(f"select rowid from {SEARCH} order by rowid").fetchall()]

    def copies_by_state(self) -> list[Values]:
        """The edition, the state and the number of its copies in it, in order; notices have no edition."""
        return list(
            self.stream(
                "select coalesce(edition_id, 0), state, count(*) from delivery"
                " group by coalesce(edition_id, 0), state order by coalesce(edition_id, 0), state"
            )
        )

    def raise_counters(self, last_ids: Mapping[str, int]) -> None:
        """The same as `raise_ids` for tables whose ids are drawn before their rows are stored."""
        for table, last in last_ids.items():
            self.execute("update id_counter set last_id = ? where name = ? and last_id < ?", (last, table, last))

    def skip_ids(self) -> None:
        """Let ids go on far behind the last ones: nobody knows how many have been drawn since."""
        last_ids = {name: last + UNKNOWN_IDS for name, last in self.last_ids().items()}
        self.raise_ids(last_ids)
        self.raise_counters(last_ids)

    # ------------------------------------------------------------------ the move mark

    def mark(self) -> MoveMark | None:
        """The mark of a move, or None: it may be used."""
        if not self.has(MARK):
            return None
        row = self.execute(f"select state, place, move from {MARK}").fetchone()
        return None if row is None else MoveMark(MoveState(row[0]), row[1], row[2])

    def set_mark(self, mark: MoveMark) -> None:
        """Mark the database."""
        self.execute(
            f"create table if not exists {MARK} (state text not null, place text not null, move text not null)"
        )
        self.execute(f"delete from {MARK}")
        self.execute(
            f"insert into {MARK} (state, place, move) values (?, ?, ?)", (mark.state.value, mark.place, mark.move)
        )

    def remove_mark(self) -> None:
        """Take the mark away."""
        self.execute(f"drop table if exists {MARK}")


class MoveTarget(TableStore):
    """The tables of a database that a move creates and fills."""

    @abstractmethod
    def require_empty(self, source: str) -> None:
        """Raise OutputExists unless nothing is there, or what an earlier move from or to `source` has left.

        Raises Unavailable, and BadConfiguration without the right to write there.
        """

    @abstractmethod
    def find_mark(self) -> MoveMark | None:
        """The mark of what is there before `prepare`, or None."""

    @abstractmethod
    def insert(self, table: StoredTable, rows: Iterable[Values]) -> None:
        """Write rows with the columns of the table."""

    @abstractmethod
    def unusable(self, table: StoredTable, row: Values) -> str | None:
        """What keeps this engine from storing a row of the other one, or None."""

    @abstractmethod
    def prepare(self, mark: MoveMark) -> None:
        """Create the tables, empty and marked, in place of what an earlier move has left."""

    @abstractmethod
    def build_indexes(self) -> None:
        """Create the indexes, once most rows are there."""

    @abstractmethod
    def stage(self, table: StoredTable, keys: Iterable[Values]) -> None:
        """Put the keys of rows that are to be rewritten into a temporary table."""

    @abstractmethod
    def complete(self, last_ids: Mapping[str, int]) -> None:
        """Create and check what else the schema says, and let ids go on after the last one that is there or was drawn
        in the other database.
        """

    @abstractmethod
    def publish(self, mark: MoveMark) -> None:
        """Bring everything to the disk, in its place, still marked."""

    @abstractmethod
    def release(self, also: Also) -> None:
        """Take the mark away, and write something with it: from now on this is the database."""

    @abstractmethod
    def discard(self) -> None:
        """Remove what was written, since the move has failed."""

    def forget_searchable(self, editions: Iterable[int]) -> None:
        """Remove editions from the search index."""
        for number in editions:
            self.execute(f"delete from {SEARCH} where rowid = ?", (number,))

    def staged_rows(self, table: StoredTable) -> Generator[Values]:
        """The rows whose keys were staged, in the order of their keys."""
        return self.rows(table, _among(table, STAGED + table.name))

    def delete_staged(self, table: StoredTable) -> None:
        """Delete the rows whose keys were staged."""
        self.execute(f"delete from {quoted([table.name])} {_among(table, STAGED + table.name)}")


def _among(table: StoredTable, keys: str) -> str:
    return f"where ({quoted(table.key)}) in (select {quoted(table.key)} from {quoted([keys])})"
