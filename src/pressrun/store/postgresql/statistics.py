"""What the server knows of the sizes of tables, where that would mislead its planner for long.

The server counts the rows of a table in ANALYZE and VACUUM. If a table grows that was all but empty then, the server
goes by the former number, and by plans made then, until autovacuum looks again, which may take minutes. It expects a
single row wherever it looks, so that reading a whole index seems as cheap as finding a row by it. A statement cannot be
written so that this does not matter: to take the audience of an edition, each reader would be compared with all others.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

SMALL = 1000  # rows: for more of them, the planner finds a row by an index
UNNOTICED = 100  # rows that may be added to twice the known ones before they are counted again

# A table that was never counted (-1) is estimated by its size. Only its owner may count one.
_KNOWN_AS_SMALL = """select relname, cast(2 * reltuples as bigint) + %(unnoticed)s from pg_catalog.pg_class
    where relkind = 'r' and relnamespace = to_regnamespace(current_schema()) and reltuples between 0 and %(small)s
    and pg_has_role(relowner, 'usage')"""
_MORE_ROWS = "(select {name} from {table} offset {number} limit 1)"


def mend_statistics(connection: psycopg.Connection[Any]) -> bool:
    """Count the rows again of tables that were known as small and have grown since; True if there were any.

    What has changed since the last count, as the server tells it, comes a second late: this looks at the rows. A table
    that a vacuum has now is left to that, which may take hours.
    """
    small = connection.execute(_KNOWN_AS_SMALL, {"small": SMALL, "unnoticed": UNNOTICED}).fetchall()
    more = [
        sql.SQL(_MORE_ROWS).format(name=sql.Literal(name), table=sql.Identifier(name), number=sql.Literal(number))
        for name, number in small
    ]
    grown = connection.execute(sql.SQL(" union all ").join(more)).fetchall() if more else []
    for (name,) in grown:
        connection.execute(sql.SQL("analyze (skip_locked) {}").format(sql.Identifier(name)))
    return bool(grown)
