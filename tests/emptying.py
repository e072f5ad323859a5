"""Resets the rows and sequences of a test database to those of another one, or to its own former ones.

A function in the connection does it, so the server plans its hundred statements once.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg
from psycopg import sql

Connection = psycopg.Connection[tuple[Any, ...]]

TABLES = "select relname from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace order by 1"
_SEQUENCES = """select format('%I', sequencename), coalesce(last_value, start_value), last_value is not null
    from pg_sequences where schemaname = 'public'"""
# Triggers and foreign keys have no say in it. Set for good: each time that this changes, all plans are forgotten.
_UNTRIGGERED = "set session_replication_role = replica"
_numbers = itertools.count(1)


def steps_to(model: Connection) -> str:
    """The statements that reset a database with the same tables to what this one is now."""
    tables = [name for (name,) in model.execute(TABLES)]
    # The lock waits for those who were told to go and are still there.
    steps = [f"lock table {', '.join(tables)}"]
    for table in tables:
        [(rows,)] = model.execute(look := f"select json_agg(one)::text from {table} as one").fetchall()
        if rows is None:
            steps.append(f"delete from {table}")
        else:  # looking at 256 rows that are as they were costs a quarter of writing them again
            literal = sql.Literal(rows).as_string(model)
            write = f"insert into {table} select * from json_populate_recordset(null::{table}, {literal})"
            steps.append(f"if ({look}) is distinct from {literal} then delete from {table}; {write}; end if")
    sequences = model.execute(_SEQUENCES)
    steps += [f"perform setval('{name}', {value}, {is_used})" for name, value, is_used in sequences]
    return "; ".join(steps)


def prepared(connection: Connection, steps: str) -> Callable[[], object]:
    """Create the function that runs the steps, in a connection used only for this."""
    name = f"pg_temp.steps_{next(_numbers)}"
    connection.execute(_UNTRIGGERED)
    connection.execute(f"create function {name}() returns void language plpgsql as $steps$ begin {steps}; end $steps$")
    return partial(connection.execute, f"select {name}()")
