"""Where a database is: what opens it, creates it and brings its schema up to date, whichever engine it has."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import ClassVar

from msgspec import Struct

from pressrun.core.errors import BadConfiguration, Unavailable
from pressrun.core.signing.keys import KeyRing
from pressrun.store.connection import ConnectionThread, EngineConnection
from pressrun.store.table_store import MoveTarget, TableStore
from pressrun.store.transaction import Dialect, Transaction

CONFIGURED = "`database` in the configuration"  # where the address of a database can be corrected


class DatabaseRisk(Struct, frozen=True):
    """Something that may damage the database or stop its server some day, and what to do about it."""

    state: str
    remedy: str


class Damage(Struct, frozen=True):
    """What is wrong with a whole database, in the engine's words, and what to do about it."""

    words: str
    remedy: str


class EngineVersion(Struct, frozen=True):
    """What runs a database, such as SQLite (3, 46, 1) or PostgreSQL (17, 5)."""

    engine: str
    numbers: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.engine} {'.'.join(map(str, self.numbers))}"


class Location:
    """One database. As text it is what people call it: the path of the file, or the address without its password.

    What only one of the engines has is nothing here. Type checkers reject a location without the rest: the metaclass of
    a Struct is not ABCMeta.
    """

    is_exclusive: ClassVar[bool]  # who holds the lock of the data directory is the only one that can write to it
    records_survive_kills: ClassVar[bool]  # a commit that does not wait for the disk survives a kill of any process

    @property
    @abstractmethod
    def newest_version(self) -> int:
        """The version of the schema that this program uses."""

    @property
    @abstractmethod
    def dialect(self) -> Dialect:
        """How its engine spells the statements, and what its driver raises."""

    @abstractmethod
    def exists(self) -> bool:
        """Whether the database is there; raises Unavailable when that cannot be found out."""

    @abstractmethod
    def create(self) -> None:
        """Create the database with the newest schema, complete or not at all."""

    def version(self) -> int:
        """The version of its schema; raises BadConfiguration when it is not ours, or no longer in use."""
        with closing(self.connect(readonly=True)) as connection:
            return self.version_in(connection.tables())

    @abstractmethod
    def version_in(self, tables: TableStore) -> int:
        """The same by an open connection to it, given as its tables."""

    @abstractmethod
    def migrate(self, *, backups: Path, keys: KeyRing) -> list[int]:
        """Bring an older schema to the newest version; returns the versions reached.

        `backups` is a folder for a copy from before. `keys` are those of the database, for steps that compute keyed
        digests.
        """

    @abstractmethod
    def engine_version(self) -> EngineVersion:
        """What runs the database; raises Unavailable when a server does not answer."""

    @abstractmethod
    def find_damage(self) -> Damage | None:
        """What the engine finds wrong with the database as a whole, or None."""

    @abstractmethod
    def connect(self, *, readonly: bool = False) -> EngineConnection:
        """Open a connection for the thread of the caller; raises Unavailable."""

    @abstractmethod
    def open_target(self) -> MoveTarget:
        """What fills this place, where no database is yet, with the rows of another; raises Unavailable."""

    @abstractmethod
    async def start_thread(self, *, readonly: bool = False) -> ConnectionThread:
        """Open a connection with a thread of its own; raises Unavailable."""

    def open_replacement(self, aside: str) -> MoveTarget:
        """What fills a database beside the one that is in this place on a server, and takes its place when published.

        The one that was there is kept under the name `aside`. Raises Unavailable, and BadConfiguration without the
        right to do so. A file is replaced together with the rest of data_dir (store.upkeep.restore_switch).
        """
        raise NotImplementedError(f"{self} is not a database on a server, so it cannot be kept as {aside}")

    def wal_bytes(self) -> int | None:
        """How much a write-ahead log in data_dir takes; None if there is none."""
        return None

    def find_risks(self) -> list[DatabaseRisk]:
        """Settings and counters of the engine that say that data may be, or were, lost; raises Unavailable."""
        return []

    def scrub(self) -> None:
        """Take what was deleted out of the files, where a checkpoint does not do so; raises Unavailable."""

    def left_for(self) -> str | None:
        """Where a move took the data whose rows are still in this file of data_dir; None if there is no such file."""
        return None

    def set_aside(self, backups: Path) -> Path | None:  # noqa: ARG002 - for a file in data_dir
        """Keep what a move has left among the backups, so that no other file in data_dir holds what is erased later.

        Nobody may use it. Returns where it is kept, or None where nothing is in data_dir.
        """
        return None


def check_version(location: Location) -> int:
    """The version of a database that this program can migrate; raises BadConfiguration for a newer one."""
    return require_known(location, location.version())


def require_current_schema(location: Location) -> None:
    """Raise BadConfiguration for a database with another schema, which a reader must not migrate."""
    _require_current(location, location.version())


def require_known(location: Location, version: int) -> int:
    """The version of a database, if this program can migrate it; raises BadConfiguration for a newer one."""
    if version > location.newest_version:
        raise BadConfiguration(
            f"{location} has schema {version}, but this version of Pressrun only knows up to "
            f"{location.newest_version}. Install the newer version again"
        )
    return version


def _require_current(location: Location, version: int) -> None:
    if require_known(location, version) < location.newest_version:
        raise BadConfiguration(
            f"{location} has schema {version}, but this version needs {location.newest_version}. Run `pressrun migrate`"
        )


@contextmanager
def open_for_reading(location: Location) -> Iterator[Transaction]:
    """One consistent snapshot of a database, whatever its schema; raises Unavailable when it cannot be read."""
    with _snapshot(location) as (_, tx):
        yield tx


@contextmanager
def open_current(location: Location) -> Iterator[Transaction]:
    """One consistent snapshot of a database as this version knows it, by a single connection.

    Raises BadConfiguration for another schema, and Unavailable.
    """
    with _snapshot(location) as (connection, tx):
        _require_current(location, location.version_in(connection.tables()))
        yield tx


@contextmanager
def _snapshot(location: Location) -> Iterator[tuple[EngineConnection, Transaction]]:
    with closing(location.connect(readonly=True)) as connection:
        try:
            with connection.reading() as tx:
                yield connection, tx
        except connection.dialect.mistakes:
            raise
        except connection.dialect.errors as problem:
            if connection.dialect.is_damage(problem):
                raise connection.dialect.unavailable(problem) from problem
            raise Unavailable(f"the database {location} cannot be read: {problem}") from problem
