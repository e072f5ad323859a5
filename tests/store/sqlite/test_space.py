"""Space that removed rows leave is given back where it is much; no schema changes without room for a copy."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.faults.storage import NoSmallDisk, fill, small_disk
from tests.store.sqlite.test_migrate import KEYS, STEPS, first_version, version

from pressrun.core.errors import NoRoom
from pressrun.store.sqlite import connection as connection_module
from pressrun.store.sqlite import migrate
from pressrun.store.sqlite.connection import INCREMENTAL, SHRINK_BYTES, SqliteConnection, connect
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


def test_a_disk_that_fills_up_during_a_step_is_named(tmp_path: Path) -> None:
    """SQLite does not say which: its temporary files may be on another one."""
    path = first_version(tmp_path / "db")
    step = "pragma max_page_count = 1;\ncreate table extra (x blob);\ninsert into extra values (zeroblob(1000000));"
    with pytest.raises(NoRoom, match=f"a disk is full: make room in {tmp_path} and for temporary files"):
        migrate.migrate(path, {2: step}, backups=tmp_path / "backups", keys=KEYS)
    assert 1 == version(path)


def not_made_for_it(path: Path, octets: int = 0) -> Path:
    """A database of an earlier version, with this much in it."""
    with closing(connect(first_version(path))) as opened:
        opened.execute("pragma auto_vacuum = none")
        opened.execute("vacuum")
        opened.execute("create table extra (x blob) strict")
        opened.execute("insert into extra values (zeroblob(?))", (octets,))
    return path


def auto_vacuum(path: Path) -> int:
    with closing(connect(path)) as opened:
        return int(opened.execute("pragma auto_vacuum").fetchone()[0])


def test_a_file_is_made_for_it_before_the_first_step(tmp_path: Path) -> None:
    """An upgrade that goes on after a kill may find that no step is left."""
    path = not_made_for_it(tmp_path / "db")
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        migrate.migrate(path, {2: "insert into nowhere values (1)"}, backups=tmp_path / "backups", keys=KEYS)
    assert (1, INCREMENTAL) == (version(path), auto_vacuum(path))


UPGRADE = """
import sys
from pathlib import Path
from pressrun.core.signing.keys import KeyRing
from pressrun.store.sqlite import migrate

path = Path(sys.argv[1])
steps = {2: "create table more (i integer) strict"}
print(migrate.migrate(path, steps, backups=path.parent / "backups", keys=KeyRing({1: bytes(32)}, bytes(32))))
"""


def test_a_file_stays_as_it_is_without_room_for_temporary_files(tmp_path: Path) -> None:
    path = not_made_for_it(tmp_path / "db", octets=20_000_000)
    try:
        with small_disk(tmp_path / "tmp", size="200k") as tmp:
            fill(tmp)
            # A process of its own, because SQLite looks once where its temporary files go.
            environment = {**os.environ, "TMPDIR": str(tmp), "PYTHONPATH": os.pathsep.join(sys.path)}
            command = [sys.executable, "-c", UPGRADE, str(path)]
            done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    except NoSmallDisk as problem:
        pytest.skip(str(problem))
    assert ("[2]\n", "", 0) == (done.stdout, done.stderr, auto_vacuum(path))
