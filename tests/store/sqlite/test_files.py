"""A database file of which the disk or another process says no."""

from __future__ import annotations

import os
import re
import resource
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.database import connection_of, file_of, held_by_another

from pressrun.core.errors import NoRoom, Unavailable
from pressrun.store.database import Database
from pressrun.store.disk_faults import explain
from pressrun.store.editions import search
from pressrun.store.location import open_for_reading
from pressrun.store.readers.suppressions import list_suppressions, suppress
from pressrun.store.sqlite.connection import SqliteConnection, connect, unavailable
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.sqlite.statements import dialect
from pressrun.store.transaction import Transaction


def add(tx: Transaction, name: str) -> None:
    suppress(tx, name.encode(), address=name, reason="operator", since=1)


async def names(database: Database) -> list[str]:
    return [str(suppression.address) for suppression in await database.read(list_suppressions)]


async def test_a_locked_database_is_unavailable_and_the_next_write_works(database: Database) -> None:
    await database.write(lambda tx: connection_of(tx).execute("pragma busy_timeout = 1").fetchall())
    with held_by_another(file_of(database.location)):
        for way in (database.write, database.record):
            with pytest.raises(Unavailable, match="locked") as caught:
                await way(add, "a")
            assert 69 == caught.value.exit_code
    await database.write(add, "b")
    assert ["b"] == await names(database)


async def test_a_full_disk_is_unavailable_and_the_next_write_works(database: Database) -> None:
    def fill(tx: Transaction) -> None:
        add(tx, "half")
        suppress(tx, b"big", address="x" * 10_000_000, reason="operator", since=1)

    def limit(tx: Transaction) -> int:
        pages: int = connection_of(tx).execute("pragma page_count").fetchone()[0]
        before: int = connection_of(tx).execute("pragma max_page_count").fetchone()[0]
        connection_of(tx).execute(f"pragma max_page_count = {pages + 4}").fetchall()
        return before

    before = await database.write(limit)
    for way in (database.write, database.record):
        with pytest.raises(NoRoom, match=r"disk is full\. Make room on its disk"):
            await way(fill)
    await database.write(lambda tx: connection_of(tx).execute(f"pragma max_page_count = {before}").fetchall())
    await database.write(add, "a")
    assert ["a"] == await names(database)


@pytest.mark.parametrize(
    ("disk", "kind", "why"),
    [
        ({"f_bavail": 0}, NoRoom, "its disk is full"),
        ({"f_files": 1}, NoRoom, "its disk is full"),
        ({"f_flag": os.ST_RDONLY}, Unavailable, "is mounted read-only"),
        ({}, Unavailable, "I/O error.*: look in `dmesg` .* quota"),
    ],
)
def test_a_file_that_cannot_be_opened_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disk: dict[str, int], kind: type[Unavailable], why: str
) -> None:
    """SQLite needs a little room even to read. Who believed in damage would restore a backup."""
    file = SqliteFile(tmp_path / "db")
    file.create()
    connect(file.path).close()
    file_system = {"f_bavail": 9_999_999, "f_frsize": 1, "f_files": 0, "f_favail": 0, "f_flag": 0, **disk}
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(**file_system))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        for ask in (file.find_damage, file.version, lambda: connect(file.path)):
            with pytest.raises(kind, match=why):
                ask()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_folder_that_a_unit_leaves_read_only_is_named_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with data_dir outside what the packaged unit may write to: `dmesg` has nothing about that."""
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))
    for writable, remedy in ((tmp_path / "lib", rf"add `ReadWritePaths={tmp_path}`"), (tmp_path, "`dmesg`")):
        monkeypatch.setenv("STATE_DIRECTORY", str(writable))
        with pytest.raises(Unavailable, match=remedy):
            raise explain("it cannot be opened", tmp_path, "read-only file system")


def test_a_database_that_is_only_read_says_where_the_command_is_that_mends_it() -> None:
    """SQLite names no file: it may be the database or one of those beside it."""
    problem = sqlite3.OperationalError("attempt to write a readonly database")
    assert "readonly database. Run `pressrun check` as root" in str(dialect().unavailable(problem))


def test_a_file_that_its_owner_closed_is_to_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "db"
    path.touch(mode=0o400)
    monkeypatch.setattr(os, "access", lambda *_, **__: False)  # root may read everything
    problem = sqlite3.OperationalError("unable to open database file")
    assert f"{path} has mode 0400. Run chmod 600 {path}" in str(unavailable(path, "opened", problem))


async def test_a_damaged_file_is_unavailable_with_its_remedy(database: Database) -> None:
    """It is the disk's fault, not that of a unit of work: no traceback, and no mail is set aside for it."""
    await database.write(add, "a")
    await database.checkpoint()
    file = file_of(database.location)
    with closing(connect(file)) as connection:
        size = connection.execute("pragma page_size").fetchone()[0]
        root = connection.execute("select rootpage from sqlite_schema where name = 'suppression'").fetchone()[0]
    with file.open("r+b") as opened:
        opened.seek((root - 1) * size)
        opened.write(b"\xff" * size)
    with closing(connect(file)) as connection:
        fresh = SqliteConnection(connection)
        for way in (fresh.write, fresh.read):
            with pytest.raises(Unavailable, match=r"is damaged .*: restore a backup"):
                way(list_suppressions)
        with pytest.raises(Unavailable, match="restore a backup"):
            fresh.write(lambda tx: tx.attempt(lambda: list_suppressions(tx)))
    with pytest.raises(Unavailable, match="restore a backup"), open_for_reading(database.location) as snapshot:
        list_suppressions(snapshot)


async def test_a_damaged_index_for_searches_is_rebuilt_in_place(database: Database) -> None:
    """By the statement that the error names, without a backup."""
    await database.write(search.index_edition, 1, 1, "Boats", "words about boats")
    await database.checkpoint()
    with closing(connect(file_of(database.location))) as connection:
        connection.execute("delete from archive_search_data where id > 10")

        def count(_: Transaction) -> int:
            sql = "select count(*) from archive_search where archive_search match 'boats'"
            return int(connection.execute(sql).fetchone()[0])

        fresh = SqliteConnection(connection)
        with pytest.raises(Unavailable, match=r"is damaged .*: rebuild the index for searches") as told:
            fresh.read(count)
        statement = re.search('"(insert .*)"', str(told.value))
        assert statement is not None
        damage = database.location.find_damage()
        assert damage is not None
        assert statement[1] in damage.remedy
        connection.execute(statement[1])
        assert 1 == fresh.read(count)
    assert database.location.find_damage() is None


async def test_what_was_only_recorded_comes_to_the_disk_while_somebody_reads(database: Database) -> None:
    """Each page of a WAL is synced by the next commit that writes one; a commit that writes none syncs nothing."""
    await database.record(add, "a")
    with open_for_reading(database.location) as snapshot:
        assert 1 == len(list_suppressions(snapshot))
        assert not await database.checkpoint()
        before = database.location.wal_bytes() or 0
        await database.flush()
        assert (database.location.wal_bytes() or 0) > before > 0


async def test_a_long_export_does_not_hold_up_a_checkpoint(database: Database) -> None:
    """Housekeeping cuts the log every half minute; a reader's snapshot must not stop the writer's thread for that."""
    await database.write(add, "a")
    with open_for_reading(database.location) as snapshot:
        assert 1 == len(list_suppressions(snapshot))
        await database.write(add, "b")
        started = time.monotonic()
        await database.checkpoint()
        assert time.monotonic() - started < 2
    await database.checkpoint()
    assert 0 == os.stat(f"{file_of(database.location)}-wal").st_size  # noqa: PTH116 - nothing else runs here


async def test_a_checkpoint_that_the_disk_refuses_is_unavailable(database: Database) -> None:
    """As after an erasure, which is committed by then; the next checkpoint completes it."""
    await database.write(lambda tx: suppress(tx, b"big", address="x" * 100_000, reason="operator", since=1))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(Unavailable, match="I/O"):
            await database.scrub()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    await database.scrub()
    assert 0 == os.stat(f"{file_of(database.location)}-wal").st_size  # noqa: PTH116 - nothing else runs here


async def test_a_file_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be opened"):
        await Database.open(SqliteFile(tmp_path / "nowhere" / "db"))


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "db").write_bytes(b"no database " * 1000)
    with pytest.raises(Unavailable, match="not a database"):
        connect(tmp_path / "db")
