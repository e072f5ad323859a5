"""Connections to the database file with our settings: for the daemon's threads and for the verbs of the command line.

Nothing here needs asyncio, so verbs that only read start quickly.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path
from typing import TypeVar

from pressrun.core.errors import Unavailable
from pressrun.runtime.identity import account_name, user_name
from pressrun.store.connection import EngineConnection
from pressrun.store.disk_faults import explain
from pressrun.store.sqlite.statements import dialect, is_damage, mend
from pressrun.store.sqlite.tables import SqliteTables
from pressrun.store.table_store import TableStore

C = TypeVar("C", bound=sqlite3.Connection)

BUSY_SECONDS = 5.0  # how long to wait for a lock of another process, such as a backup tool
INCREMENTAL = 2  # of pragma auto_vacuum
_OWNER = stat.S_IRUSR | stat.S_IWUSR
_HAS_STATISTICS = "select exists (select 1 from sqlite_schema where name in ('sqlite_stat1', 'sqlite_stat4'))"
# Free pages are used again, so they are given back only where many are left over for good: by this share of the file,
# and this many octets. That many are given back at once: each page moves another one, and others wait for it.
FREE_SHARE, FREE_BYTES, SHRINK_BYTES = 0.25, 64 * 1024 * 1024, 1024 * 1024
MAX_WAL_BYTES = 64 * 1024 * 1024  # what a checkpoint leaves of the WAL file
# A transaction of an import into a list of a million changes some 3,000 pages of 4 KiB. Most of them stay in memory
# until the commit, so they are written once, and the next transactions change many of them again before a checkpoint
# copies them to their places: as late as a WAL of MAX_WAL_BYTES permits.
SPILL_PAGES = 2_500
CHECKPOINT_PAGES = 12_000
# While a cache holds only changed pages, SQLite reads every other page again each time that it needs it. So after a
# transaction with this many changes the cache stays as large as its changes, since the next ones are probably similar,
# until this many small ones have followed.
MANY_CHANGES, SMALL_ONES = 5_000, 32


def connect(path: Path, *, readonly: bool = False) -> sqlite3.Connection:
    """Open the file; raises Unavailable."""
    return connect_as(sqlite3.Connection, path, readonly=readonly)


def connect_as(factory: type[C], path: Path, *, readonly: bool = False) -> C:
    """Open the file as a connection of this class; raises Unavailable."""
    mode = "ro" if readonly else "rwc"
    connection: C | None = None
    try:
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode={mode}",
            uri=True,
            factory=factory,
            isolation_level=None,
            timeout=BUSY_SECONDS,
            cached_statements=256,
            check_same_thread=False,
        )
        connection.row_factory = sqlite3.Row
        connection.create_function("searchable", 1, _searchable, deterministic=True)
        connection.execute("pragma foreign_keys = on")
        connection.execute("pragma trusted_schema = off")
        if readonly:
            connection.execute("pragma query_only = on")
        else:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = full")
            connection.execute("pragma secure_delete = on")
            connection.execute(f"pragma journal_size_limit = {MAX_WAL_BYTES}")
            connection.execute(f"pragma wal_autocheckpoint = {CHECKPOINT_PAGES}")
            connection.execute(f"pragma cache_spill = {SPILL_PAGES}")
    except sqlite3.Error as problem:
        if connection is not None:
            connection.close()
        raise unavailable(path, "opened", problem) from problem
    return connection


def unavailable(path: Path, done: str, problem: sqlite3.Error) -> Unavailable:
    """What SQLite cannot do with a whole file, and why. It has to write even to read one that nobody else has open."""
    if is_damage(problem):
        return Unavailable(f"the database {path} is damaged ({problem}): {mend(problem)}")
    me = os.geteuid()
    for file in files_of(path):
        if not file.exists() or os.access(file, os.R_OK | os.W_OK, effective_ids=True):
            continue
        status, remedy = file.stat(), None
        if status.st_uid != me:
            remedy = f"{file} belongs to {user_name(status.st_uid)}. Run chown {account_name(me)} {file} as root"
        elif status.st_mode & _OWNER != _OWNER:  # otherwise the disk is read-only
            remedy = f"{file} has mode {stat.S_IMODE(status.st_mode):04o}. Run chmod 600 {file}"
        if remedy is not None:
            return Unavailable(f"the database {path} cannot be {done}: {remedy}")
    return explain(f"the database {path} cannot be {done}", path.parent, str(problem))


def files_of(path: Path) -> tuple[Path, ...]:
    """A database file and those that SQLite keeps beside it while it is open."""
    return (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm"))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _searchable(text: str) -> str:
    from pressrun.core.text.searching import searchable  # noqa: PLC0415 - most verbs search nothing, and start sooner

    return searchable(text)


class SqliteConnection(EngineConnection):
    """A connection to the file; a transaction that writes begins when no other one does."""

    def __init__(self, connection: sqlite3.Connection, path: Path | None = None) -> None:
        super().__init__(dialect(), dialect())
        self._connection = connection
        self._is_durable = True  # as `connect` leaves it
        self._cache_size = 0  # before a large transaction; read then, since a damaged file cannot even answer that
        self._small_ones = SMALL_ONES  # how many transactions have come since a large one: these, or more
        self._changes_before = 0
        self._watched = None if path is None else (path, _identity(path))  # what its name leads to, now and later
        self._changes: int | None = None  # of the transaction that was committed last, until the cache fits it

    def begin(self, *, durable: bool) -> sqlite3.Connection:
        self._set_durable(durable=durable)
        self._fit_cache()
        self._connection.execute("begin immediate")
        self._changes_before = self._connection.total_changes
        return self._connection

    def _set_durable(self, *, durable: bool) -> None:
        if self._is_durable is not durable:
            self._connection.execute(f"pragma synchronous = {'full' if durable else 'normal'}")
            self._is_durable = durable

    def why_not_writable(self) -> str | None:
        if self._watched is None:
            return None
        path, identity = self._watched
        if _identity(path) != identity:
            return f"{path} was replaced or removed: what is stored now is lost with the old file. Restart the service"
        return None if os.access(path, os.W_OK) else f"{path} may not be written to"

    def begin_reading(self) -> sqlite3.Connection:
        self._connection.execute("begin")
        return self._connection

    def commit(self) -> None:
        self._connection.execute("commit")
        self._changes = self._connection.total_changes - self._changes_before
        if self._changes:
            self.is_synced = self._is_durable
        elif self._is_durable and not self.is_synced:
            self._sync()  # SQLite has not, as it had nothing to write

    def _fit_cache(self) -> None:
        """Adapt the cache to the last transaction before the next one: an error must not look like one of a commit."""
        if self._changes is None:
            return
        is_large, was_large = self._changes >= MANY_CHANGES, self._small_ones < SMALL_ONES
        self._changes = None
        self._small_ones = 0 if is_large else min(self._small_ones + 1, SMALL_ONES)
        if was_large is not (self._small_ones < SMALL_ONES):
            if is_large:
                self._cache_size = self._connection.execute("pragma cache_size").fetchone()[0]
            self._connection.execute(f"pragma cache_size = {SPILL_PAGES if is_large else self._cache_size}")

    def roll_back(self) -> None:
        if self._connection.in_transaction:  # some errors have ended it
            self._connection.execute("rollback")

    def checkpoint(self) -> bool:
        """Move the WAL into the database file and empty it; raises Unavailable."""
        return self._run(lambda _: self._checkpoint(), 1)

    def _checkpoint(self) -> bool:
        self._connection.execute("pragma busy_timeout = 0")  # do not wait for a long export
        try:
            is_busy = self._connection.execute("pragma wal_checkpoint(truncate)").fetchone()[0]
        finally:
            self._connection.execute(f"pragma busy_timeout = {int(BUSY_SECONDS * 1000)}")
        return not is_busy

    def flush(self) -> None:
        self.is_synced = False  # as far as anybody knows
        self.write(lambda _: None)

    def _sync(self) -> None:
        """A commit that writes a page syncs the whole WAL, with what was only recorded before."""
        application_id = self._connection.execute("pragma application_id").fetchone()[0]
        self._connection.execute(f"pragma application_id = {application_id}")
        self.is_synced = True

    def drop_statistics(self) -> bool:
        """Drop what ANALYZE has gathered.

        A backup tool or a curious operator may run it, or PRAGMA optimize, at any time. Where plans matter the
        statements pin them. In the others, statistics of a young database would mislead SQLite for good once it has
        grown.
        """
        if not self.read(lambda _: self._connection.execute(_HAS_STATISTICS).fetchone()[0]):
            return False
        self.write(lambda _: self._connection.execute("drop table if exists sqlite_stat1"))
        self.write(lambda _: self._connection.execute("drop table if exists sqlite_stat4"))  # of some builds only
        # This connection keeps what it has read until it reads the schema again; all others do because it has changed.
        self._connection.execute("pragma writable_schema = reset")
        return True

    def shrink(self) -> int:
        """Incremental vacuum, of files that were made or migrated for it."""
        size, pages, free, mode = (
            self._connection.execute(f"pragma {name}").fetchone()[0]
            for name in ("page_size", "page_count", "freelist_count", "auto_vacuum")
        )
        if mode != INCREMENTAL or free * size < FREE_BYTES or free < pages * FREE_SHARE:
            return 0
        self._connection.execute(f"pragma incremental_vacuum({SHRINK_BYTES // size})").fetchall()
        left: int = self._connection.execute("pragma freelist_count").fetchone()[0]
        released: int = (free - left) * size
        return released

    def tables(self) -> TableStore:
        self._set_durable(durable=True)
        return SqliteTables(self._connection)

    def close(self) -> None:
        self._connection.close()
