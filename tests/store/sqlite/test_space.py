"""Space that removed rows leave is given back where it is much; no schema changes without room for a copy."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.store.sqlite.test_migrate import KEYS, STEPS, first_version, version

from pressrun.core.errors import NoRoom
from pressrun.store.sqlite import connection as connection_module
from pressrun.store.sqlite import migrate
from pressrun.store.sqlite.connection import SHRINK_BYTES, SqliteConnection, connect
from pressrun.store.sqlite.location import SqliteFile

MIB = 1024 * 1024


def filled(path: Path, mebibytes: int) -> SqliteConnection:
    """A database with so much mail in it, and half as much again in rows that are gone."""
    opened = connect(path)
    for number in range(mebibytes * 3 // 2):
        opened.execute(
            "insert into inbound_content (id, digest, content) values (?, ?, zeroblob(1048000))",
            (number + 1, bytes([number])),
        )
    opened.execute("delete from inbound_content where id > ?", (mebibytes,))
    opened.execute("pragma wal_checkpoint(truncate)")
    return SqliteConnection(opened)


@pytest.fixture
def little_is_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "FREE_BYTES", 2 * MIB)


@pytest.mark.usefixtures("little_is_much")
def test_space_is_given_back_a_little_at_a_time(tmp_path: Path) -> None:
    """Until less than a quarter of the file is free: that is used again."""
    file = SqliteFile(tmp_path / "db")
    file.create()
    with closing(filled(file.path, 8)) as opened:
        before, freed = file.path.stat().st_size, []
        while octets := opened.shrink():
            freed.append(octets)
        assert opened.checkpoint()
        assert 0 < max(freed) <= SHRINK_BYTES
        assert sum(freed) == before - file.path.stat().st_size
        assert len(freed) >= 1
    with closing(connect(file.path)) as again:
        assert "ok" == again.execute("pragma integrity_check").fetchone()[0]
        free, pages = (again.execute(f"pragma {name}").fetchone()[0] for name in ("freelist_count", "page_count"))
    assert free < pages / 4


def test_a_little_space_is_kept_to_be_used_again(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "db")
    file.create()
    with closing(filled(file.path, 8)) as opened:
        assert 0 == opened.shrink()


@pytest.mark.usefixtures("little_is_much")
def test_a_file_that_was_not_made_for_it_is_left_alone(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "db")
    file.create()
    with closing(connect(file.path)) as opened:
        opened.execute("pragma journal_mode = delete")
        opened.execute("pragma auto_vacuum = none")
        opened.execute("vacuum")
    with closing(filled(file.path, 8)) as again:
        assert 0 == again.shrink()


@pytest.mark.parametrize(("free", "reached"), [(0, []), (10**12, [2, 3])])
def test_a_schema_changes_only_with_room_for_its_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, reached: list[int]
) -> None:
    path, done = first_version(tmp_path / "db"), list[int]()
    file_system = SimpleNamespace(f_bavail=free // 4096, f_frsize=4096)
    monkeypatch.setattr(os, "statvfs", lambda _: file_system)
    if reached:
        done = migrate.migrate(path, STEPS, backups=tmp_path / "backups", keys=KEYS)
    else:
        with pytest.raises(NoRoom, match=r"has no room for a copy of the database.* 16 MiB more are needed"):
            migrate.migrate(path, STEPS, backups=tmp_path / "backups", keys=KEYS)
    assert (reached, reached[-1] if reached else 1) == (done, version(path))
