"""The cache of a connection grows to what large transactions need, and shrinks once they are over."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pressrun.core.errors import Refused
from pressrun.store.sqlite.connection import (
    CHECKPOINT_PAGES,
    MANY_CHANGES,
    MAX_WAL_BYTES,
    SMALL_ONES,
    SPILL_PAGES,
    SqliteConnection,
    connect,
)
from pressrun.store.sqlite.location import SqliteFile

_INSERT = """
with recursive place (number) as (select 1 union all select number + 1 from place where number < ?)
insert into sign_up_hour (hour, number) select number + coalesce((select max(hour) from sign_up_hour), 0), 1 from place
"""


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    file = SqliteFile(tmp_path / "db")
    file.create()
    with closing(connect(file.path)) as connection:
        yield connection


def insert(connection: SqliteConnection, opened: sqlite3.Connection, rows: int) -> int:
    """In one transaction; returns the size of the cache in the next one."""
    connection.write(lambda _: opened.execute(_INSERT, (rows,)))
    connection.begin(durable=True)
    connection.roll_back()
    size: int = opened.execute("pragma cache_size").fetchone()[0]
    return size


def test_a_large_transaction_leaves_a_large_cache_until_many_small_ones_have_come(opened: sqlite3.Connection) -> None:
    """A small one between two batches of an import changes nothing."""
    opened.execute("pragma cache_size = -1000")
    connection = SqliteConnection(opened)
    assert -1000 == insert(connection, opened, MANY_CHANGES - 1)
    assert SPILL_PAGES == insert(connection, opened, MANY_CHANGES)
    small = [insert(connection, opened, 1) for _ in range(SMALL_ONES - 1)]
    assert [SPILL_PAGES] * (SMALL_ONES - 1) == small
    assert SPILL_PAGES == insert(connection, opened, MANY_CHANGES)
    small = [insert(connection, opened, 1) for _ in range(SMALL_ONES + 1)]
    assert [*[SPILL_PAGES] * (SMALL_ONES - 1), -1000, -1000] == small


def test_a_transaction_that_is_undone_changes_no_cache(opened: sqlite3.Connection) -> None:
    """The next one counts its own changes alone."""
    opened.execute("pragma cache_size = -1000")
    connection = SqliteConnection(opened)

    def fail(_: object) -> None:
        opened.execute(_INSERT, (MANY_CHANGES,))
        raise Refused("no more")

    with pytest.raises(Refused):
        connection.write(fail)
    assert -1000 == insert(connection, opened, 1)


def test_an_error_of_the_cache_is_none_of_the_transaction_before(opened: sqlite3.Connection) -> None:
    """What is on the disk must not be reported as undone: whoever hears so does it again."""
    connection = SqliteConnection(opened)
    opened.set_authorizer(
        lambda action, *_: sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_PRAGMA else sqlite3.SQLITE_OK
    )
    connection.write(lambda _: opened.execute(_INSERT, (MANY_CHANGES,)))
    with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
        connection.write(lambda _: opened.execute(_INSERT, (1,)))
    opened.set_authorizer(None)
    assert MANY_CHANGES == opened.execute("select count(*) from sign_up_hour").fetchone()[0]


def test_the_wal_of_a_checkpoint_and_a_large_transaction_is_kept(opened: sqlite3.Connection) -> None:
    """Otherwise each checkpoint would cut the file, and the next transactions would lengthen it again."""
    frame = 24 + opened.execute("pragma page_size").fetchone()[0]
    assert MAX_WAL_BYTES >= (CHECKPOINT_PAGES + SPILL_PAGES) * frame
