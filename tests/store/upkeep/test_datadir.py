"""The data directory: one writer, keys that belong to their database, and errors that say what to restore."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.database import file_of

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import BadConfiguration, Refused, TryAgain, Unavailable
from pressrun.core.signing.keys import LARGEST_KEY_NUMBER
from pressrun.core.signing.tokens import digests_of
from pressrun.store.readers.subscribers import insert_subscriber
from pressrun.store.sqlite.connection import SqliteConnection, connect
from pressrun.store.upkeep import datadir, key_files
from pressrun.store.upkeep.data_lock import DataLock
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import load_keys, rotate_link_key
from pressrun.store.upkeep.preparing import check, prepare


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path / "data")


def names(data: DataDir) -> list[str]:
    return sorted(entry.name for entry in data.keys.iterdir())


def test_a_new_directory_gets_a_database_and_its_keys(data: DataDir) -> None:
    keys = prepare(data)
    assert ["link-1", "suppression"] == names(data)
    assert (1, 32, 32) == (keys.newest, len(keys.link_keys[1]), len(keys.suppression_key))
    modes = {data.root: 0o700, data.keys: 0o700, file_of(data.database): 0o600, data.keys / "link-1": 0o600}
    assert modes == {path: path.stat().st_mode & 0o777 for path in modes}


def test_a_lock_is_told_apart_by_the_boot_of_its_machine(data: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    """The unit of systemd says which it is where it hides the kernel's file; where nobody does, each is another."""
    prepare(data)
    data.lock.touch()
    seen = data.lock_identity
    assert seen == data.lock_identity
    monkeypatch.setattr(datadir, "_BOOT_ID", data.root / "hidden")
    assert len({data.lock_identity, data.lock_identity, seen}) == 3
    monkeypatch.setenv(datadir.BOOT_VARIABLE, seen.partition(":")[0])
    assert seen == data.lock_identity


def test_preparing_again_changes_nothing(data: DataDir) -> None:
    keys = prepare(data)
    assert keys.link_keys == prepare(data).link_keys
    assert ["link-1", "suppression"] == names(data)


def test_a_process_that_died_between_keys_and_database_is_made_good(data: DataDir) -> None:
    key_files.make_keys(data)
    keys = prepare(data)
    assert keys.link_keys == load_keys(data).link_keys


@pytest.mark.parametrize("is_restored", [False, True])
def test_a_start_that_was_killed_while_it_made_keys_leaves_none_behind(
    data: DataDir, monkeypatch: pytest.MonkeyPatch, *, is_restored: bool
) -> None:
    """Whether the next start makes others, or a database and its keys have been put there since."""

    class KilledError(Exception):
        pass

    def die(_path: Path) -> None:
        raise KilledError

    if is_restored:
        prepare(data)
        data.keys.rename(data.root / "elsewhere")
    with monkeypatch.context() as patched:
        patched.setattr(key_files, "sync_directory", die)
        with pytest.raises(KilledError):
            key_files.make_keys(data)
    if is_restored:
        (data.root / "elsewhere").rename(data.keys)
    prepare(data)
    assert ["keys"] == [path.name for path in data.root.iterdir() if "keys" in path.name]
    assert ["link-1", "suppression"] == names(data)


@pytest.mark.parametrize("gone", ["keys", "link-1", "suppression"])
def test_a_database_without_its_keys_says_to_restore_them(data: DataDir, gone: str) -> None:
    prepare(data)
    if gone == "keys":
        data.keys.rename(data.root / "elsewhere")
    else:
        (data.keys / gone).unlink()
    for look in (prepare, check):
        with pytest.raises(BadConfiguration, match="restore") as caught:
            look(data)
        assert 78 == caught.value.exit_code
    assert gone not in ([] if gone == "keys" else names(data))
    assert data.keys.exists() == (gone != "keys")  # none was made in its place


def test_the_key_of_another_database_is_noticed(data: DataDir) -> None:
    prepare(data)
    (data.keys / "link-1").write_text("ab" * 32)
    with pytest.raises(BadConfiguration, match="link-1 is missing or not the one"):
        prepare(data)


def other_suppression_key(data: DataDir) -> None:
    (data.keys / "suppression").write_text("ab" * 32)


def test_another_suppression_key_is_noticed(data: DataDir) -> None:
    """Under not the key nobody who is suppressed would be recognised."""
    prepare(data)
    other_suppression_key(data)
    for look in (prepare, check, load_keys):
        with pytest.raises(BadConfiguration, match=r"Restore it from the backup\. With this one") as caught:
            look(data)
        assert 78 == caught.value.exit_code


def test_the_suppression_key_of_an_earlier_version_is_recorded_at_the_first_start(data: DataDir) -> None:
    prepare(data)
    with closing(sqlite3.connect(file_of(data.database))) as connection, connection:
        connection.execute("delete from keyring where number = 0")
    prepare(data)
    other_suppression_key(data)
    with pytest.raises(BadConfiguration, match="not the key"):
        prepare(data)


def test_a_database_that_has_not_recorded_it_tells_by_its_readers(data: DataDir) -> None:
    keys = prepare(data)
    ada = parse_address("ada@reader.example")
    with closing(connect(file_of(data.database))) as connection:
        SqliteConnection(connection).write(lambda tx: insert_subscriber(tx, ada, digests=digests_of(keys, ada), now=1))
        connection.execute("delete from keyring where number = 0")
    assert keys.suppression_key == prepare(data).suppression_key
    with closing(connect(file_of(data.database))) as connection:
        connection.execute("delete from keyring where number = 0")
    other_suppression_key(data)
    with pytest.raises(BadConfiguration, match="not the key"):
        check(data)


@pytest.mark.parametrize("text", ["", "zz", "ab" * 31, "ä" * 64])
def test_a_damaged_key_is_told(data: DataDir, text: str) -> None:
    prepare(data)
    (data.keys / "link-1").write_text(text, encoding="utf-8")
    with pytest.raises(BadConfiguration, match="restore"):
        prepare(data)


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_key_that_others_can_read_is_refused(data: DataDir, mode: int) -> None:
    prepare(data)
    (data.keys / "suppression").chmod(mode)
    with pytest.raises(BadConfiguration, match=r"can be read by others\. Run chmod 600"):
        check(data)


def test_a_key_that_is_closed_to_its_owner_is_not_to_be_given_to_them(
    data: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be theirs, with mode 0000: `pressrun check` looks which of the two it is."""
    prepare(data)

    def refuse(path: Path, **_: str) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", refuse)
        with pytest.raises(
            BadConfiguration, match=r"cannot be read by the owner of the data\. Run `pressrun check` as"
        ):
            check(data)


def test_without_a_database_there_is_nothing_to_check(data: DataDir) -> None:
    check(data)
    assert not data.root.exists()


def test_a_new_link_key_signs_and_the_old_one_stays(data: DataDir) -> None:
    before = prepare(data)
    after = rotate_link_key(data)
    assert (2, before.link_keys[1], before.suppression_key) == (after.newest, after.link_keys[1], after.suppression_key)
    assert ["link-1", "link-2", "suppression"] == names(data)
    (data.keys / "link-2").unlink()
    with pytest.raises(BadConfiguration, match="link-2 is missing"):
        prepare(data)


def test_a_rotation_that_died_before_it_was_recorded_is_recorded_at_the_start(data: DataDir) -> None:
    prepare(data)
    key_files._write_key(data.keys / "link-2")
    assert 2 == prepare(data).newest
    (data.keys / "link-2").unlink()
    with pytest.raises(BadConfiguration, match="link-2 is missing"):
        prepare(data)


def test_a_rotation_that_died_half_written_is_no_key(data: DataDir) -> None:
    prepare(data)
    (data.keys / ".link-2.new").write_text("ab")
    assert 1 == prepare(data).newest
    assert 2 == rotate_link_key(data).newest


@pytest.mark.parametrize("name", ["link-0", "link-01", "link-128", "link-x", "link-1.bak", "link-٢"])
def test_other_files_beside_the_keys_are_none(data: DataDir, name: str) -> None:
    keys = prepare(data)
    (data.keys / name).write_text("cd" * 32)
    assert keys.link_keys == prepare(data).link_keys


def test_there_are_as_many_keys_as_tokens_can_number(data: DataDir) -> None:
    prepare(data)
    key_files._write_key(data.keys / f"link-{LARGEST_KEY_NUMBER}")
    with pytest.raises(Refused, match="at most 127 link keys"):
        rotate_link_key(data)


def test_one_process_at_a_time_holds_the_data(data: DataDir) -> None:
    data.root.mkdir()
    lock = DataLock.acquire(data)
    with pytest.raises(TryAgain, match="another process is using") as caught:
        DataLock.acquire(data)
    assert 75 == caught.value.exit_code
    lock.release()
    DataLock.acquire(data).release()


def test_the_lock_ends_with_its_process(data: DataDir) -> None:
    data.root.mkdir()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        DataLock.acquire(data)
        os.write(writing, b"x")
        os.kill(os.getpid(), 9)
    try:
        assert b"x" == os.read(reading, 1)
        os.waitpid(child, 0)
        DataLock.acquire(data).release()
    finally:
        os.close(reading)
        os.close(writing)


def test_a_lock_on_a_faulty_disk_is_unavailable_with_its_remedy(data: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a fault that made the kernel mount the disk read-only. Trying again may help, as with the database."""
    data.root.mkdir()

    def refuse(path: Path, *_: int) -> int:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        patch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))
        with pytest.raises(Unavailable, match=r"data/lock .* mounted read-only \(read-only file system\)"):
            DataLock.acquire(data)


def test_a_newer_database_is_told_before_anything_is_touched(data: DataDir) -> None:
    prepare(data)
    with closing(sqlite3.connect(file_of(data.database))) as connection:
        connection.execute("pragma user_version = 99")
    with pytest.raises(BadConfiguration, match="has schema 99"):
        prepare(data)
    assert not data.backups.exists()


def test_keys_without_their_database_are_refused(data: DataDir) -> None:
    """A new database would give old links' ids to other people, so the operator is told to restore the old one."""
    prepare(data)
    file_of(data.database).unlink()
    with pytest.raises(BadConfiguration, match="Restore the database"):
        prepare(data)
    with pytest.raises(BadConfiguration, match="Restore the database"):
        check(data)


def test_a_start_that_was_killed_between_keys_and_database_goes_on(data: DataDir) -> None:
    """Keys that no database has been used with yet are taken for the first one."""
    prepare(data)
    file_of(data.database).unlink()
    (data.keys / "unused").touch()
    assert prepare(data).newest == 1
    assert not (data.keys / "unused").exists()
