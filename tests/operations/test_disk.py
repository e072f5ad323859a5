"""Whatever is reported as done is on the disk, by content and by name, whatever file system that is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.disk import watched_disk

from pressrun.cli.shared.new_files import new_file, new_folder
from pressrun.config import write_initial_config
from pressrun.operations.dkim_keys import KeyType, create_dkim_key
from pressrun.store.files import replace_file, sync_tree
from pressrun.store.programs.job_files import MARKS, JobFiles
from pressrun.store.sqlite.migrate import back_up
from pressrun.store.upkeep import key_files, restore_switch
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.preparing import prepare

pytestmark = pytest.mark.only_on("sqlite", "files beside a database, and copies of its file")


def a_configuration(root: Path) -> None:
    write_initial_config(root / "etc" / "pressrun")


def a_dkim_key(root: Path) -> None:
    create_dkim_key(root / "data" / "dkim", domain="a.example", selector="a", key_type=KeyType.ED25519)


def the_rejects_of_an_import(root: Path) -> None:
    with new_file(root / "rejects.csv") as file:
        file.write(b"ada@reader.example")


def an_exported_archive(root: Path) -> None:
    with new_folder(root / "www/lists/site") as write:
        write("index.html", b"River News")
        write("2026/may/index.html", b"Dear reader")
        write("2026/may/image.png", b"PNG")


def keys_of_a_new_database(root: Path) -> None:
    key_files.make_keys(DataDir(root / "data"))


def a_small_file(root: Path) -> None:
    replace_file(root / "last-backup.json", b"{}")


def a_file_of_a_program(root: Path) -> None:
    incoming = JobFiles(root).begin()
    incoming.write(b"email\nada@reader.example\n")
    incoming.finish()


def what_a_dry_run_keeps(root: Path) -> None:
    files = JobFiles(root)
    files.write_lines("1.leavers", ["ada@reader.example"])
    with files.create(f"1{MARKS}") as marks:
        marks.write(b"an")
        files.sync(marks)


def what_is_restored(root: Path) -> None:
    folder = root / ".restoring"
    (folder / "keys").mkdir(parents=True)
    (folder / "keys" / "link-1").write_text("00", encoding="ascii")
    (root / "keys").mkdir()
    (root / "keys" / "link-1").write_text("11", encoding="ascii")
    sync_tree(root / "keys")  # what is there has been there for long
    restore_switch.prepare_switch(root, folder, root / "backups" / "before")
    restore_switch.commit_switch(root)
    restore_switch.complete_switch(root)
    (root / "backups" / "before" / "keys" / "link-1").unlink()


@pytest.mark.parametrize(
    "make",
    [
        a_configuration,
        a_dkim_key,
        the_rejects_of_an_import,
        an_exported_archive,
        keys_of_a_new_database,
        a_small_file,
        a_file_of_a_program,
        what_a_dry_run_keeps,
        what_is_restored,
    ],
)
def test_what_is_there_survives_a_power_cut(make: Callable[[Path], None], tmp_path: Path) -> None:
    """A file gets its name when its content is safe, and is there when its name is."""
    with watched_disk() as disk:
        make(tmp_path)
    assert ([], []) == (disk.lost(tmp_path), disk.too_soon)


def test_a_new_key_survives_a_power_cut(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    prepare(data)
    with watched_disk() as disk:
        key_files.rotate_link_key(data)
    assert "link-2" not in disk.lost(data.keys)
    assert [] == disk.too_soon


def test_a_copy_from_before_a_step_of_the_schema_survives_a_power_cut(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    prepare(data)
    with watched_disk() as disk:
        back_up(data.root / "pressrun.sqlite3", data.backups / "schema-1.sqlite3")
    assert "backups" not in disk.lost(data.root)
    assert ([], []) == (disk.lost(data.backups), disk.too_soon)
