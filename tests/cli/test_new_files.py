"""Files that a verb writes: private where they hold personal data, and nowhere else by a trick."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pressrun.cli.shared import new_files
from pressrun.cli.shared.files import read_input
from pressrun.cli.shared.new_files import PRIVATE, PUBLIC, new_file, new_folder, write_new
from pressrun.core.errors import NoInput, OutputExists, Refused
from pressrun.operations.opened_files import open_source

NOBODY = 65534

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be tricked into writing for others")


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder that every user can reach, unlike those of the test runner, with one of root's and one of another's."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        base = Path(name)
        base.chmod(0o755)
        (base / "ours").mkdir()
        (base / "theirs").mkdir()
        if os.geteuid() == 0:
            os.chown(base / "theirs", NOBODY, NOBODY)
        yield base


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_holds_personal_data_is_private(base: Path) -> None:
    """Whatever the umask; what is published is not."""
    with new_file(base / "rejects.csv") as file:
        file.write(b"ada@reader.example")
    write_new(base / "preview", {"message.eml": b"Dear Ada"}, PRIVATE)
    with new_folder(base / "site") as write:
        write("a/index.html", b"Hello")
    modes = [mode_of(base / name) for name in ("rejects.csv", "preview/message.eml", "site/a/index.html", "site")]
    assert [0o600, 0o600, 0o644, 0o755] == modes
    assert ["ours", "preview", "rejects.csv", "site", "theirs"] == sorted(path.name for path in base.iterdir())


def test_nothing_is_left_of_what_was_not_finished(base: Path) -> None:
    """Neither a file nor a folder."""
    with suppress(ValueError), new_file(base / "ours/rejects.csv") as file:
        file.write(b"half")
        raise ValueError
    with suppress(ValueError), new_folder(base / "ours/site") as write:
        write("index.html", b"half")
        raise ValueError
    assert [] == list((base / "ours").iterdir())


@pytest.mark.parametrize("name", ["ours", "theirs"])
def test_nothing_is_left_by_a_kill(base: Path, name: str) -> None:
    """What was written so far is in no file that has a name: nobody would know what a hidden file is."""
    with new_file(base / name / "rejects.csv") as file:
        file.write(b"ada@reader.example")
        file.flush()
        left = list((base / name).iterdir())
    assert ([], ["rejects.csv"]) == (left, [path.name for path in (base / name).iterdir()])


_KILLED = """
import os, sys
from pathlib import Path
from pressrun.cli.shared.new_files import new_folder
with new_folder(Path(sys.argv[1])) as write:
    write("a/index.html", b"half")
    os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("name", ["ours", "theirs"])
def test_the_next_export_removes_what_a_killed_one_left(base: Path, name: str) -> None:
    """Neither what another one is writing at the same time, nor what only looks like it."""
    folder = base / name
    for path in ("site", "other"):
        subprocess.run([sys.executable, "-c", _KILLED, folder / path], check=False)
    (folder / ".site-20261201").mkdir()
    left_by_other = [path for path in folder.iterdir() if path.name.startswith(".other-")]
    with new_folder(folder / "site") as write:
        write("index.html", b"whole")
        (draft,) = (path for path in folder.iterdir() if path.name.startswith(".site-pressrun-"))
        with suppress(ValueError), new_folder(folder / "site"):
            raise ValueError
        assert ["index.html"] == [path.name for path in draft.iterdir()]
    assert 1 == len(left_by_other)
    assert {folder / "site", folder / ".site-20261201", *left_by_other} == set(folder.iterdir())


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT])
def test_a_file_system_without_unnamed_files(base: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file has another name until it is finished, and is as private."""
    real = os.open

    def refuse(path: str, flags: int, *arguments: Any, **options: Any) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(number, os.strerror(number))
        return real(path, flags, *arguments, **options)

    monkeypatch.setattr(os, "open", refuse)
    with new_file(base / "ours/rejects.csv") as file:
        file.write(b"ada@reader.example")
    assert [base / "ours/rejects.csv"] == list((base / "ours").iterdir())
    assert 0o600 == mode_of(base / "ours/rejects.csv")
    with pytest.raises(OutputExists), new_file(base / "ours/rejects.csv"):
        pass


def test_without_proc(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unnamed file could get no name there."""
    monkeypatch.setattr(new_files, "_OPEN_FILES", base / "nothing")
    with new_file(base / "ours/rejects.csv") as file:
        file.write(b"ada@reader.example")
    assert [base / "ours/rejects.csv"] == list((base / "ours").iterdir())


def test_a_name_that_is_taken_meanwhile_is_left_alone(base: Path) -> None:
    """Also one that leads to another file."""
    with pytest.raises(OutputExists), new_file(base / "rejects.csv"):
        (base / "rejects.csv").symlink_to(base / "ours/file")
    assert [] == list((base / "ours").iterdir())


@needs_root
def test_root_writes_in_a_folder_of_others_as_they_would(base: Path) -> None:
    """So they can read it, and no name that they replace leads root anywhere that they may not go."""
    with new_file(base / "theirs/rejects.csv") as file:
        file.write(b"row")
    write_new(base / "theirs/below/preview", {"index.html": b"page"}, PUBLIC)
    paths = [base / "theirs" / name for name in ("rejects.csv", "below", "below/preview", "below/preview/index.html")]
    assert {NOBODY} == {path.stat().st_uid for path in paths}


@needs_root
def test_a_folder_that_is_replaced_by_a_link_leads_nowhere(base: Path) -> None:
    """While an export is being written, whoever owns the folder around it may replace it."""
    theirs = base / "theirs"
    with new_folder(theirs / "site") as write:
        write("a.html", b"page")
        (draft,) = theirs.iterdir()
        draft.rename(theirs / "aside")
        draft.symlink_to(base / "ours")
        write("b.html", b"page")
        write("c/d.html", b"page")
    assert [] == list((base / "ours").iterdir())


@needs_root
@pytest.mark.parametrize("target", ["{base}/ours", "../ours", "second"])
def test_a_link_of_others_leads_root_to_no_folder_of_anybody_else(base: Path, target: str) -> None:
    """Neither for writing nor for reading; a link to a folder of their own does."""
    theirs = base / "theirs"
    for name, leads_to in {"way": target.format(base=base), "second": "../ours", "own": "."}.items():
        (theirs / name).symlink_to(leads_to)
        os.chown(theirs / name, NOBODY, NOBODY, follow_symlinks=False)
    (base / "ours/secret").write_bytes(b"secret")
    with pytest.raises(Refused, match="symbolic link of somebody else"), new_file(theirs / "way/file"):
        pass
    with pytest.raises(NoInput, match="symbolic link"):
        read_input(str(theirs / "way/secret"))
    with new_file(theirs / "own/file"):
        pass
    assert ["secret"] == [path.name for path in (base / "ours").iterdir()]
    (base / "by-root").symlink_to("ours")
    assert b"secret" == read_input(str(base / "by-root/secret"))


@needs_root
def test_a_link_of_others_leads_root_to_no_source_but_theirs(base: Path) -> None:
    """What another program has left may end up in an archive for everybody."""
    theirs = base / "theirs"
    (base / "ours/secret").write_bytes(b"secret")
    (theirs / "own").write_bytes(b"own")
    os.chown(theirs / "own", NOBODY, NOBODY)
    for name, target in {"1": "../ours/secret", "2": "own", "3": "../ours", "5": "/dev/null"}.items():
        (theirs / name).symlink_to(target)
        os.chown(theirs / name, NOBODY, NOBODY, follow_symlinks=False)
    for path in (theirs / "1", theirs / "3/secret", theirs / "5"):
        with pytest.raises(NoInput, match="symbolic link of somebody"):
            open_source(path)
    (theirs / "4").symlink_to("../ours/secret")  # by root
    contents = {}
    for name in ("2", "4", "own"):
        with open_source(theirs / name) as file:
            contents[name] = file.read()
    assert {"2": b"own", "4": b"secret", "own": b"own"} == contents
