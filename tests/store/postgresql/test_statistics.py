"""Statistics that are gathered anew, while somebody else does something with the same table."""

from __future__ import annotations

from contextlib import closing

import psycopg
import pytest
from tests.store.engine_statements import empty_tables

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
