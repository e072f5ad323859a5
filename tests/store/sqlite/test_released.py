"""Every schema that there ever was: a database as that version left it, with rows in every table, becomes a new one.

`released/N.sql` is such a database. Nobody ever changes one; `python -m tests.store.keep_schema` writes the next one.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.store.keep_schema import restore
from tests.store.sqlite.test_migrate import KEYS, shape, version

from pressrun.services import evidence
from pressrun.store.location import open_for_reading
from pressrun.store.sqlite import migrate
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.sqlite.own_schema import find_strange
from pressrun.store.sqlite.statements import statements

RELEASED = Path(__file__).parent / "released"
NEWEST = migrate.newest_version()
KEPT = sorted(int(path.stem) for path in RELEASED.iterdir())
FEW = {1, 17, 34, NEWEST - 1}  # the others are tried in thorough runs; each step is in one of these


def counts(path: Path) -> dict[str, int]:
    """The rows of each table."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute(
            "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'"
            " and name not like 'archive_search_%'"
        ).fetchall()
        return {name: connection.execute(f"select count(*) from {name}").fetchone()[0] for (name,) in names}


@pytest.mark.parametrize("number", [number for number in KEPT if number in FEW])
def test_keys_are_compared_before_a_schema_is_brought_up_to_date(tmp_path: Path, number: int) -> None:
    """Upgrades, backups and restores of older data do so."""
    with closing(sqlite3.connect(restore(RELEASED, tmp_path / "db", number))) as connection:
        for name in ("keyring.fingerprints", "keyring.any_reader"):
            connection.execute(statements()[name])


def test_every_schema_is_kept() -> None:
    """Whoever adds a step keeps the database that the version before it left."""
    assert {*range(1, NEWEST)} <= {*KEPT}


@pytest.mark.parametrize(
    "number",
    [number if number in FEW else pytest.param(number, marks=pytest.mark.thorough) for number in KEPT],
)
def test_a_released_database_becomes_a_new_one(tmp_path: Path, number: int) -> None:
    path, backups = restore(RELEASED, tmp_path / "db", number), tmp_path / "backups"
    before = counts(path)
    assert [name for name, rows in before.items() if not rows] == [], "rows in every table"
    reached = migrate.migrate(path, migrate.package_steps(), backups=backups, keys=KEYS)
    assert [*range(number + 1, NEWEST + 1)] == reached
    assert find_strange(path) is None, "a restore would refuse it"
    fresh = tmp_path / "fresh"
    migrate.create(fresh, migrate.package_schema(), NEWEST)
    assert shape(fresh) == shape(path)
    after = counts(path)
    assert [] == [name for name, rows in before.items() if name in after and after[name] < rows]
    with closing(sqlite3.connect(path)) as connection:
        connection.create_function("searchable", 1, str, deterministic=True)
        assert [("ok",)] == connection.execute("pragma integrity_check").fetchall()
        assert [] == connection.execute("pragma foreign_key_check").fetchall()
        assert (2,) == connection.execute("pragma auto_vacuum").fetchone() or number == NEWEST
    with open_for_reading(SqliteFile(path)) as tx:
        audit = evidence.verify(tx, [])
    assert (2, []) == (audit.rows, audit.problems)
    if number < NEWEST:  # the copy from before the first step
        copied = backups / f"schema-{number}.sqlite3"
        assert (number, before) == (version(copied), counts(copied))
