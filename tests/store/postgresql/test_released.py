"""Every schema that there was on a server: a database as that version left it, with rows, becomes a new one.

`released/N.sql` has the rows of the same version of SQLite, but for the search index. Nobody ever changes one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from tests.postgresql import ROLE, Server, shared_server
from tests.store.sqlite.test_migrate import KEYS

from pressrun.services import evidence
from pressrun.store.location import open_for_reading
from pressrun.store.postgresql.location import FIRST_VERSION, PostgresDatabase, package_steps

RELEASED = Path(__file__).parent / "released"
KEPT = sorted(int(path.stem) for path in RELEASED.iterdir())
NEWEST = max(package_steps(), default=FIRST_VERSION)
MOVED = {  # tables whose rows are in others now
    "editor": "permission",
    "edition_tally": "counted_event",
    "errand": "pending_request",
    "lane": "destination",
    "lane_domain": "destination_domain",
    "leaving": "unsubscribe",
}
_SHAPE = """
select 'column', table_name || '.' || column_name,
    concat_ws(' ', ordinal_position, data_type, collation_name, is_nullable, column_default)
from information_schema.columns where table_schema = 'public'
union all
select 'index', indexname, indexdef from pg_indexes where schemaname = 'public'
union all
select 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
from pg_constraint where connamespace = 'public'::regnamespace
union all
select 'sequence', sequencename, data_type || ' ' || increment_by from pg_sequences where schemaname = 'public'
union all
select 'view', viewname, definition from pg_views where schemaname = 'public'
union all
select 'function', proname, prosrc from pg_proc where pronamespace = 'public'::regnamespace
order by 1, 2, 3
"""


@pytest.fixture
def server() -> Server:
    return shared_server()


@pytest.fixture
def names(server: Server) -> Iterator[list[str]]:
    """Two databases without tables."""
    made = [f"released_{uuid4().hex}" for _ in range(2)]
    with server.connect() as admin:
        for name in made:
            admin.execute(f"create database {name} owner {ROLE}")
    yield made
    with server.connect() as admin:
        for name in made:
            admin.execute(f"drop database if exists {name} with (force)")


def counts(server: Server, name: str) -> dict[str, int]:
    """The rows of each table."""
    with server.connect(name) as admin:
        tables = admin.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        numbers: dict[str, int] = {}
        for (table,) in tables:
            row = admin.execute(f"select count(*) from {table}").fetchone()
            assert row is not None
            numbers[table] = row[0]
    return numbers


def shape(server: Server, name: str) -> list[tuple[object, ...]]:
    with server.connect(name) as admin:
        return admin.execute(_SHAPE).fetchall()


def test_every_schema_is_kept() -> None:
    """Whoever adds a step keeps the database that the version before it left."""
    assert {*range(FIRST_VERSION, NEWEST)} <= {*KEPT}


@pytest.mark.parametrize("number", KEPT)
def test_a_released_database_becomes_a_new_one(server: Server, names: list[str], number: int) -> None:
    old, new = (PostgresDatabase(server.url(name)) for name in names)
    script = (RELEASED / f"{number}.sql").read_text(encoding="utf-8")
    with psycopg.connect(old.address) as connection:
        connection.execute(script.encode())
    before = counts(server, names[0])
    assert [] == [name for name, rows in before.items() if not rows and name != "archive_search"], "rows in every table"
    assert [*range(number + 1, NEWEST + 1)] == old.migrate(backups=Path(), keys=KEYS)
    new.create()
    assert shape(server, names[1]) == shape(server, names[0])
    after = counts(server, names[0])
    assert [] == [name for name, rows in before.items() if after[MOVED.get(name, name)] < rows]
    with open_for_reading(old) as tx:
        audit = evidence.verify(tx, [])
    assert (2, []) == (audit.rows, audit.problems)


def test_what_is_under_way_during_an_upgrade_goes_on_under_the_new_names(server: Server, names: list[str]) -> None:
    """As in a file: mails that wait, and what is still to be done for an edition."""
    old = PostgresDatabase(server.url(names[0]))
    paused = '{"cause": {"code": "%s-refused", "values": {"most": "1%%"}}, "has_shell": false}'
    payloads = ('{"leaving": 5, "expires_at": 9}', '{"link": "leaving"}', paused % "braked")
    with psycopg.connect(old.address) as connection:
        connection.execute((RELEASED / "53.sql").read_bytes())
        connection.execute("update bulk_change set kind = 'relane'")
        for number, kind, payload in zip((97, 98, 99), ("left", "left", "edition_braked"), payloads, strict=True):
            connection.execute(
                "insert into notice (id, kind, list_id, address, language, payload, message_secret, created_at)"
                " values (%s, %s, 1, 'Eve@x.example', 'en', %s, '', 1)",
                (number, kind, payload),
            )
    old.migrate(backups=Path(), keys=KEYS)
    with psycopg.connect(old.address) as connection:
        rows = connection.execute(
            "select kind, payload from notice where address = 'Eve@x.example' order by id"
        ).fetchall()
        kinds = connection.execute("select distinct kind from bulk_change").fetchall()
    assert [
        ("left", {"unsubscribe": 5, "expires_at": 9}),
        ("left", {"link": "leaving"}),
        ("edition_auto_paused", json.loads(paused % "paused")),
    ] == rows
    assert [("reassign",)] == kinds
