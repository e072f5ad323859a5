"""What a test leaves in a database of the server is gone before the next one has it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import psycopg
from tests.emptying import prepared, steps_to
from tests.engines import contents, new_database
from tests.postgresql import shared_server

from pressrun.store.postgresql.location import PostgresDatabase

_LEFT = """insert into keyring (number, fingerprint) values (7, '\\x77');
    delete from limit_gate where gate = 3; update id_counter set last_id = 9;
    select setval('inbound_id_seq', 40)"""


def test_each_time_it_becomes_what_it_was(tmp_path: Path) -> None:
    """Rows that were added, taken and changed, and numbers that were drawn, without any trigger or foreign key."""
    location = new_database(tmp_path / "db")
    assert isinstance(location, PostgresDatabase)
    name = location.address.removeprefix("postgresql:///").partition("?")[0]
    with closing(shared_server().connect(name)) as keeper, closing(psycopg.connect(location.address)) as program:
        restore = prepared(keeper, steps_to(keeper))
        before = dict(contents(tmp_path))
        for _ in range(2):
            program.execute(_LEFT)
            program.commit()
            assert {"keyring", "limit_gate", "id_counter"} == {
                table for table, values in contents(tmp_path) if values != before[table]
            }
            restore()
            assert before == dict(contents(tmp_path))
            assert (1,) == program.execute("select nextval('inbound_id_seq')").fetchone()
            program.commit()
