"""The database as a file in data_dir."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import ClassVar

from msgspec import Struct

from pressrun.core.signing.keys import KeyRing
from pressrun.store.connection import ConnectionThread
from pressrun.store.location import Damage, EngineVersion, Location
from pressrun.store.sqlite import migrate
from pressrun.store.sqlite.connection import SqliteConnection, connect, unavailable
from pressrun.store.sqlite.statements import REBUILD, dialect, is_damage, mend
from pressrun.store.table_store import MoveTarget, TableStore
from pressrun.store.transaction import RESTORE, Dialect

_OF_MAIN = "*** in database main ***\n"  # there is no other one
_OF_INDEX = "FTS5 table"  # in what a check says of the index for searches
_BAD_READS = (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS)


class SqliteFile(Location, Struct, frozen=True):
    """A database file. What is only recorded survives kills: the kernel has what is written to it."""

    is_exclusive: ClassVar[bool] = True
    records_survive_kills: ClassVar[bool] = True

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    @property
    def newest_version(self) -> int:
        return migrate.newest_version()

    @property
    def dialect(self) -> Dialect:
        return dialect()

    def exists(self) -> bool:
        return self.path.exists()

    def create(self) -> None:
        migrate.create(self.path, migrate.package_schema(), self.newest_version)

    def version_in(self, tables: TableStore) -> int:
        return migrate.version_in(tables, self.path)

    def migrate(self, *, backups: Path, keys: KeyRing) -> list[int]:
        return migrate.migrate(self.path, migrate.package_steps(), backups=backups, keys=keys)

    def engine_version(self) -> EngineVersion:
        return EngineVersion("SQLite", sqlite3.sqlite_version_info)

    def find_damage(self, *, is_thorough: bool = False) -> Damage | None:
        """What SQLite finds wrong when it reads the whole file, or None; thorough, indexes are compared with rows.

        Raises Unavailable for a file that it cannot read for another reason than damage.
        """
        check = "integrity_check" if is_thorough else "quick_check"
        try:
            with closing(connect(self.path, readonly=True)) as connection:
                result: str = connection.execute(f"pragma {check}(1)").fetchone()[0]
        except sqlite3.DatabaseError as problem:
            if problem.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
                return None  # `version` reports that
            if not is_damage(problem) and problem.sqlite_errorcode not in _BAD_READS:
                raise unavailable(self.path, "read", problem) from problem
            return Damage(str(problem), mend(problem))
        if result == "ok":
            return None
        words = result.removeprefix(_OF_MAIN).replace("\n", "; ")
        return Damage(words, REBUILD if _OF_INDEX in words else RESTORE)

    def wal_bytes(self) -> int | None:
        with suppress(FileNotFoundError):
            return self.path.with_name(f"{self.path.name}-wal").stat().st_size
        return 0

    def connect(self, *, readonly: bool = False) -> SqliteConnection:
        return SqliteConnection(connect(self.path, readonly=readonly))

    def open_target(self) -> MoveTarget:
        from pressrun.store.sqlite.move_target import SqliteTarget  # noqa: PLC0415 - only a move needs it

        return SqliteTarget(self.path)

    def left_for(self) -> str | None:
        from pressrun.store.sqlite.move_target import left_for  # noqa: PLC0415 - only a move needs it

        return left_for(self.path)

    def set_aside(self, backups: Path) -> Path | None:
        from pressrun.store.sqlite.move_target import set_aside  # noqa: PLC0415 - only a move needs it

        kept = backups / "moved.sqlite3"
        set_aside(self.path, kept)
        return kept

    async def start_thread(self, *, readonly: bool = False) -> ConnectionThread:
        from pressrun.store.sqlite.thread import SqliteThread  # noqa: PLC0415 - verbs that read need no event loop

        return await SqliteThread.open(self.path, readonly=readonly)
