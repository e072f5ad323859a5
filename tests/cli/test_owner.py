"""The root rule, tried for real where the tests run as root."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.shell import Shell

from pressrun.cli.shared.owner import acting_as_owner, find_owner
from pressrun.core.errors import NotPermitted

NOBODY = 65534

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as somebody else")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach, unlike those of the test runner."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_the_owner_stays_who_they_are(tmp_path: Path) -> None:
    assert find_owner(tmp_path) is None
    assert find_owner(tmp_path / "not there yet") is None


@needs_root
def test_root_acts_as_the_owner_and_comes_back(open_folder: Path) -> None:
    os.chown(open_folder, NOBODY, NOBODY)
    before = (os.geteuid(), os.getegid(), os.getgroups())
    with acting_as_owner(open_folder):
        assert (NOBODY, NOBODY) == (os.geteuid(), os.getegid())
        assert 0 not in os.getgroups()
        with acting_as_owner(open_folder):  # within another it changes nothing
            (open_folder / "made").touch()
        with pytest.raises(PermissionError):
            Path("/", "made-by-a-test").touch()
    assert before == (os.geteuid(), os.getegid(), os.getgroups())
    assert NOBODY == (open_folder / "made").stat().st_uid


@needs_root
def test_root_comes_back_after_an_error(open_folder: Path) -> None:
    os.chown(open_folder, NOBODY, NOBODY)
    with pytest.raises(ZeroDivisionError), acting_as_owner(open_folder):
        raise ZeroDivisionError
    assert 0 == os.geteuid()


@needs_root
def test_nobody_else_may(open_folder: Path) -> None:
    os.seteuid(NOBODY)
    try:
        with pytest.raises(NotPermitted, match=f"belongs to root.* run chown -R nobody: {open_folder} as root"):
            find_owner(open_folder)
    finally:
        os.seteuid(0)


@needs_root
def test_a_database_of_another_user_is_named_with_the_remedy(
    open_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As after a copy by root; SQLite says only that it cannot open it."""
    shell = Shell(open_folder, capsys)
    shell.make_list()
    database = shell.data / "pressrun.sqlite3"
    for path in (shell.data, *shell.data.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    os.chown(database, 0, 0)
    called = shell.call("list", "ls")
    assert 69 == called.code
    assert f"{database} belongs to root. Run chown nobody {database} as root" in called.err


@needs_root
def test_what_root_makes_belongs_to_the_owner_of_the_data(
    open_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The configuration and the file to import are root's alone; data_dir and all in it stay the owner's."""
    shell = Shell(open_folder, capsys)
    shell.config.chmod(0o600)
    shell.data.mkdir(mode=0o700)
    os.chown(shell.data, NOBODY, NOBODY)
    shell.make_list()
    file = Path(shell.write("readers.csv", "email\na@x.example\n"))
    file.chmod(0o600)
    assert 1 == shell.good("subscriber", "import", "news", str(file), "--json").json["added"]
    assert "a@x.example" in shell.good("subscriber", "ls", "news").out
    shell.good("key", "rotate", "--yes")
    assert {NOBODY} == {path.stat().st_uid for path in shell.data.rglob("*")}
    assert 0 == os.geteuid()
