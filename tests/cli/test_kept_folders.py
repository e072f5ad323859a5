"""Folders that tests begin with are made once, and are each test's own."""

from __future__ import annotations

from pathlib import Path

from tests.cli.kept_folders import KeptFolders


def test_a_copy_is_what_the_work_left_and_nobody_elses(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("first", "second", "third")]
    kept = KeptFolders(tmp_path / "kept")
    done: list[int] = []

    def work() -> None:
        done.append(len(done))
        (folders[0] / "data").mkdir(mode=0o700)
        (folders[0] / "data" / "file").write_text("made")

    for folder in folders:
        folder.mkdir()
        kept.fill(folder, "key", work)
        (folder / "data" / "file").write_text((folder / "data" / "file").read_text() + ", then changed")
    assert [0] == done
    assert {"made, then changed"} == {(folder / "data" / "file").read_text() for folder in folders}
    assert {0o40700} == {(folder / "data").stat().st_mode for folder in folders}


def test_the_configuration_of_each_stays(tmp_path: Path) -> None:
    kept = KeptFolders(tmp_path / "kept")
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.toml").write_text(name)
        kept.fill(folder, "key", (folder / "made").touch, "config.toml")
        assert (name, True) == ((folder / "config.toml").read_text(), (folder / "made").exists())


def test_other_work_is_done(tmp_path: Path) -> None:
    kept = KeptFolders(tmp_path / "kept")
    for key in ("one", "other"):
        folder = tmp_path / key
        folder.mkdir()
        kept.fill(folder, key, (folder / key).touch)
        assert [key] == [path.name for path in folder.iterdir()]
