"""The database on a server."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import psycopg
from psycopg import sql
from psycopg.errors import DuplicateTable, ReadOnlySqlTransaction, UniqueViolation

from pressrun.core.errors import BadConfiguration, TryAgain, Unavailable
from pressrun.core.signing.keys import KeyRing
from pressrun.store.connection import ConnectionThread
from pressrun.store.location import CONFIGURED, Damage, DatabaseRisk, EngineVersion, Location
from pressrun.store.postgresql.connection import (
    READ_ONLY_REMEDY,
    PostgresConnection,
    connect,
    dialect,
    requiring_rights,
    shown_address,
)
from pressrun.store.postgresql.risks import find_risks
from pressrun.store.postgresql.statements import spell_schema
from pressrun.store.postgresql.tables import WITHOUT_LIMITS, without_limits
from pressrun.store.schema_files import SchemaFiles
from pressrun.store.server_password import ServerPassword
from pressrun.store.table_store import MoveTarget, TableStore, require_unmarked
from pressrun.store.transaction import Dialect

T = TypeVar("T")

FIRST_VERSION = 38  # of the schema that the first release with this engine had
_OUR_TABLES = "select relname from pg_class where relkind = 'r' and relnamespace = to_regnamespace(current_schema())"
_VERSION = "select version from schema_version"
_FILES = SchemaFiles(own=Path(__file__).parent, spell=spell_schema, first_version=FIRST_VERSION)


# What came with this version of Pressrun.
package_schema = cache(_FILES.schema)
package_steps = cache(_FILES.steps)
newest_version = cache(_FILES.newest_version)


@dataclass(frozen=True, slots=True)
class PostgresDatabase(Location):
    """A database on a server, and in it the schema that the role's search_path names first.

    What is only recorded does not survive a kill of the server, which keeps it in memory of its own for a moment.
    """

    is_exclusive: ClassVar[bool] = False
    records_survive_kills: ClassVar[bool] = False

    address: str = field(repr=False)  # as libpq takes it; it may hold a password
    password: ServerPassword | None = None
    source: str = field(default=CONFIGURED, repr=False, compare=False)  # where somebody can correct the address

    def __str__(self) -> str:
        return shown_address(self.address)

    @property
    def newest_version(self) -> int:
        return newest_version()

    @property
    def dialect(self) -> Dialect:
        return dialect()

    def exists(self) -> bool:
        """Whether our tables are there; raises BadConfiguration for those of another program."""
        return self._run(self._exists)

    def _exists(self, connection: psycopg.Connection[Any]) -> bool:
        here = connection.execute(
            "select to_regclass('schema_version') is not null, count(*), current_schema(),"
            " has_schema_privilege(current_schema(), 'create') from pg_catalog.pg_class"
            " where relnamespace = to_regnamespace(current_schema()) and relkind in ('r', 'p', 'v', 'm')"
        ).fetchone()
        assert here is not None
        is_ours, tables, schema, may_create = here
        if schema is None:
            raise BadConfiguration(f"{self}: the search_path of this role names no schema that it can use. Create it")
        if tables and not is_ours:
            raise BadConfiguration(
                f"{self} has the tables of another program in its schema {schema}. Create a database of its own"
            )
        if not is_ours and not may_create:
            raise BadConfiguration(
                f"{self}: this role may not create tables in the schema {schema}. Make it the owner of the database"
            )
        return bool(is_ours)

    def create(self) -> None:
        """Create the tables, all or none of them; raises BadConfiguration without the right to do so."""
        try:
            with requiring_rights(str(self), "it"):
                self._run(self._create)
        except (DuplicateTable, UniqueViolation):
            raise TryAgain(f"another process is creating the tables of {self}. Try again") from None

    def _create(self, connection: psycopg.Connection[Any]) -> None:
        with connection.transaction():
            connection.execute(package_schema())
            connection.execute("insert into schema_version (version) values (%s)", (self.newest_version,))

    def version_in(self, tables: TableStore) -> int:
        """The version of the schema; raises BadConfiguration when the role may not read it."""
        try:
            row = tables.execute(_VERSION).fetchone()
            mark = tables.mark()
        except psycopg.OperationalError as problem:
            raise Unavailable(f"the database {self} is unavailable: {problem}") from problem
        except psycopg.ProgrammingError as problem:
            why = problem.diag.message_primary
            raise BadConfiguration(
                f"{self} is not a Pressrun database, or not of this role: {why}. Make the role the owner of its tables"
            ) from None
        if row is None:
            raise BadConfiguration(f"{self} is not a whole database: schema_version is empty. Restore a backup of it")
        require_unmarked(self, mark)
        version: int = row[0]
        return version

    def migrate(self, *, backups: Path, keys: KeyRing) -> list[int]:
        """Run the steps that are missing, each in a transaction; the server's operator makes the backups."""
        del backups, keys
        if self.version() >= self.newest_version:
            return []  # also for a role that may only read
        with requiring_rights(str(self), "its tables, then migrate"):
            return self._run(self._migrate)

    def _migrate(self, connection: psycopg.Connection[Any]) -> list[int]:
        reached: list[int] = []
        for target, step in package_steps().items():
            with connection.transaction():
                connection.execute(WITHOUT_LIMITS)
                row = connection.execute("select version from schema_version for update").fetchone()
                if row is not None and row[0] == target - 1:
                    connection.execute(step)
                    connection.execute("update schema_version set version = %s", (target,))
                    reached.append(target)
        row = connection.execute(_VERSION).fetchone()
        if row is not None and row[0] < self.newest_version:
            raise BadConfiguration(f"{self} has schema {row[0]}, from which no step leads on. Restore a backup of it")
        return reached

    def find_damage(self) -> Damage | None:
        """Nothing: the server checks its pages by itself. Raises Unavailable for one that accepts no changes."""
        is_readonly = self._run(lambda connection: connection.execute("show transaction_read_only").fetchone())
        if is_readonly == ("on",):
            raise Unavailable(f"the database {self} accepts no changes. {READ_ONLY_REMEDY}")
        return None

    def engine_version(self) -> EngineVersion:
        number = self._run(lambda connection: connection.info.server_version)
        return EngineVersion("PostgreSQL", (number // 10_000, number % 10_000))

    def find_risks(self) -> list[DatabaseRisk]:
        """What may damage the database or will stop the server some day (risks.find_risks)."""
        return self._run(find_risks)

    def scrub(self) -> None:
        """Vacuum our tables: nobody can read deleted rows any longer, and others are written over them."""
        self._run(self._scrub)

    def _scrub(self, connection: psycopg.Connection[Any]) -> None:
        tables = [sql.Identifier(table) for (table,) in connection.execute(_OUR_TABLES)]
        if tables:  # without a name it would be those of others, too
            with without_limits(connection):
                connection.execute(sql.SQL("vacuum {}").format(sql.SQL(", ").join(tables)))

    def connect(self, *, readonly: bool = False) -> PostgresConnection:
        """Open a connection; each of its transactions says by itself whether it may write."""
        del readonly
        return PostgresConnection(self.address, self.password)

    def open_target(self) -> MoveTarget:
        """Connect to a database that is to be filled."""
        from pressrun.store.postgresql.move_target import PostgresTarget  # noqa: PLC0415 - only a move needs it

        return PostgresTarget(
            connect(self.address, self.password, self.source),
            dialect(),
            str(self),
            package_schema(),
            self.newest_version,
        )

    def open_replacement(self, aside: str) -> MoveTarget:
        """Connect to fill tables beside those in use, which are kept in a schema of this name once it is published."""
        from pressrun.store.postgresql.move_target import PostgresReplacement  # noqa: PLC0415 - only a restore

        connection = connect(self.address, self.password, self.source)
        return PostgresReplacement(connection, dialect(), str(self), package_schema(), self.newest_version, aside=aside)

    async def start_thread(self, *, readonly: bool = False) -> ConnectionThread:
        """Open a connection with a thread of its own."""
        from pressrun.store.postgresql.thread import PostgresThread  # noqa: PLC0415 - verbs that read need no event loop

        del readonly
        return await PostgresThread.open(self.address, self.password)

    def _run(self, work: Callable[[psycopg.Connection[Any]], T]) -> T:
        with closing(connect(self.address, self.password, self.source)) as connection:
            try:
                return work(connection)
            except (psycopg.OperationalError, ReadOnlySqlTransaction) as problem:
                raise Unavailable(f"the database {self} is unavailable: {problem}") from problem
