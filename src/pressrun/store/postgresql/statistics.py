"""What the server knows about the sizes of tables, if that would mislead its planner for long.

The server counts the rows of a table in ANALYZE and VACUUM. If the table was nearly empty then and has grown since, the
server uses the former number, and plans made with it, until the next autovacuum, which may take minutes to come. It
expects a single row wherever it looks, so reading a whole index seems as cheap as finding a row in it. No wording of a
statement avoids this: the statement that stores the audience of an edition would compare each reader with all others.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

SMALL = 1000  # rows: for more of them, the planner finds a row by an index
UNNOTICED = 100  # a table is counted again once it has more than twice the known rows and this many

# A table that was never counted (-1) is estimated by its size. Only its owner may count one.
_KNOWN_AS_SMALL = """select relname, cast(2 * reltuples as bigint) + %(unnoticed)s from pg_catalog.pg_class
    where relkind = 'r' and relnamespace = to_regnamespace(current_schema()) and reltuples between 0 and %(small)s
    and pg_has_role(relowner, 'usage')"""
_MORE_ROWS = "(select {name} from {table} offset {number} limit 1)"


def mend_statistics(connection: psycopg.Connection[Any]) -> bool:
    """Count again the rows of tables that were known as small and have grown since; True if there were any.

    This looks at the rows themselves, because the server reports changes since its last count a second late. A table
    under a vacuum is left to the vacuum, which may take hours.
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
