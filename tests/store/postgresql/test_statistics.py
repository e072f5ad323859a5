"""Statistics that are gathered anew, while somebody else does something with the same table."""

from __future__ import annotations

from contextlib import closing

import psycopg
import pytest
from tests.store.engine_statements import empty_tables

from pressrun.store.postgresql.connection import LOOK_SECONDS, PostgresConnection
from pressrun.store.postgresql.statistics import UNNOTICED, mend_statistics

pytestmark = pytest.mark.needs("postgresql")


def test_nothing_waits_for_a_vacuum_that_has_the_table() -> None:
    """It may take hours, and counts the rows itself."""
    with empty_tables("statistics") as connection, closing(psycopg.connect(connection.info.dsn)) as other:
        rows = "select 'number ' || i, '{}' from generate_series(1, %s) as i"
        fill = f"insert into destination (name, state) {rows} on conflict do nothing"
        connection.execute(fill, (1,))
        connection.execute("analyze destination")
        connection.execute(fill, (UNNOTICED + 3,))
        other.execute("lock table destination in share update exclusive mode")
        with connection.transaction():
            connection.execute("set local lock_timeout = '5s'")
            assert mend_statistics(connection)
        other.rollback()
        assert mend_statistics(connection)
        assert not mend_statistics(connection)


def test_work_goes_on_where_a_table_cannot_be_looked_at() -> None:
    """VACUUM FULL and the like keep everybody from one table, perhaps not from those that the work needs."""
    now = 0.0
    with empty_tables("lookers") as connection, closing(psycopg.connect(connection.info.dsn)) as other:
        connection.execute("analyze")
        other.execute("lock table destination in access exclusive mode")
        with closing(PostgresConnection(connection.info.dsn, monotonic=lambda: now)) as writer:
            for _ in range(2):
                now += LOOK_SECONDS
                assert writer.write(lambda tx: tx.rows("monitoring.lists")) == []
        other.rollback()


def test_tables_of_others_are_left_alone() -> None:
    """They may not even be read."""
    with empty_tables("neighbours") as connection:
        connection.execute("analyze")
        connection.execute("create role stranger")
        try:
            connection.execute("set role stranger")
            assert not mend_statistics(connection)
        finally:
            connection.execute("reset role; drop role stranger")
