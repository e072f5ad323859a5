"""A database on a server that a restore fills beside the one in use, in a schema of its own that takes its place."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.errors import InsufficientPrivilege

from pressrun.core.errors import BadConfiguration
from pressrun.store.postgresql.move_target import PostgresTarget
from pressrun.store.table_store import MoveMark, quoted
from pressrun.store.transaction import Dialect

RESTORING = "pressrun_restoring"  # the schema until it takes the place of the one in use


class PostgresReplacement(PostgresTarget):
    """Fills a new schema; `publish` lets it change places with the one in use, which is kept as `aside`."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        dialect: Dialect,
        place: str,
        schema: str,
        version: int,
        *,
        aside: str,
    ) -> None:
        super().__init__(connection, dialect, place, schema, version)
        self._in_use: str = self.execute("select current_schema()").fetchone()[0]
        self._aside = aside
        try:
            with self.transaction():
                self.execute(f"drop schema if exists {RESTORING} cascade")
                self.execute(f"create schema {RESTORING}")
        except InsufficientPrivilege as problem:
            raise BadConfiguration(
                f"{place}: {problem.diag.message_primary}. Make the role the owner of the database"
            ) from None
        self.execute(f"set search_path to {RESTORING}")

    def publish(self, mark: MoveMark) -> None:
        try:
            with self.transaction():
                self.set_mark(mark)
                self.execute(f"alter schema {quoted([self._in_use])} rename to {quoted([self._aside])}")
                self.execute(f"alter schema {RESTORING} rename to {quoted([self._in_use])}")
        except InsufficientPrivilege as problem:
            raise BadConfiguration(f"{problem.diag.message_primary}. Make the role the owner of that schema") from None
        self.execute(f"set search_path to {quoted([self._in_use])}")

    def discard(self) -> None:
        self.execute(f"drop schema if exists {RESTORING} cascade")
