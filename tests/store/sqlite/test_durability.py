"""What is written waits for the disk; what is only recorded does not."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from tests.database import select_in

from pressrun.store.sqlite.location import SqliteFile

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
