"""What the server knows of the sizes of tables, where that would mislead its planner for long.

If ANALYZE looks at a table after all its rows were deleted, it counts none, and however much the table then grows, the
server goes by that until autovacuum looks again, which may take minutes. It expects a single row wherever it looks, so
that reading a whole index seems as cheap as finding a row by it. A statement cannot be written so that this does not
matter: to take the audience of an edition, each reader would be compared with all others.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

# Where a table has no pages, nothing was counted, and the server estimates its rows by its size.
_TAKEN_FOR_EMPTY = """select relname from pg_catalog.pg_class
    where relkind = 'r' and reltuples = 0 and relpages > 0 and relnamespace = to_regnamespace(current_schema())"""
_FIRST_ROW = sql.SQL("select 1 from {} limit 1")


def mend_statistics(connection: psycopg.Connection[Any]) -> bool:
    """Count the rows of tables anew that have some and are taken for empty; True if there were any such tables.

    A table that a vacuum has now is left to that, which may take hours.
    """
    tables = [sql.Identifier(row[0]) for row in connection.execute(_TAKEN_FOR_EMPTY).fetchall()]
    filled = [table for table in tables if connection.execute(_FIRST_ROW.format(table)).fetchone() is not None]
    for table in filled:
        connection.execute(sql.SQL("analyze (skip_locked) {}").format(table))
    return bool(filled)
