"""What is written waits for the disk; what is only recorded does not."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from tests.database import select_in

from pressrun.store.readers.suppressions import list_suppressions, suppress
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.transaction import Transaction

FULL, NORMAL = 2, 1  # PRAGMA synchronous: with a write-ahead log, only FULL waits at each commit


def test_a_durable_transaction_waits_for_the_disk(tmp_path: Path) -> None:
    """So does one after a transaction that did not."""
    file = SqliteFile(tmp_path / "db")
    file.create()
    with closing(file.connect()) as connection:
        modes = [
            connection.write(lambda tx: select_in(tx, "pragma synchronous"), durable=durable)
            for durable in (True, False, True, False)
        ]
    assert [[(FULL,)], [(NORMAL,)], [(FULL,)], [(NORMAL,)]] == modes


def test_what_a_durable_transaction_has_seen_is_on_the_disk(tmp_path: Path) -> None:
    """One that writes nothing syncs what was recorded before it, once. Only a commit that writes a page does that."""
    file = SqliteFile(tmp_path / "db")
    file.create()
    sizes = []
    with closing(file.connect()) as connection:
        for durable in (True, False, True, True):
            connection.write(_look if durable else _add, durable=durable)
            sizes.append(file.wal_bytes() or 0)
    before, recorded, seen, again = sizes
    assert before < recorded < seen == again


def test_what_is_done_to_all_tables_waits_for_the_disk(tmp_path: Path) -> None:
    """Such as the mark of a move, whatever the connection has done before."""
    file = SqliteFile(tmp_path / "db")
    file.create()
    with closing(file.connect()) as connection:
        connection.write(_add, durable=False)
        assert [(FULL,)] == connection.with_tables(lambda tables: select_in(tables.tx, "pragma synchronous"))


def _add(tx: Transaction) -> None:
    suppress(tx, b"a", address="a", reason="operator", since=1)


def _look(tx: Transaction) -> None:
    list_suppressions(tx)
