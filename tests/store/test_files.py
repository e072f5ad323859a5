"""New names of finished files, which replace nothing, also where there are no hard links."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from unittest.mock import Mock

import pytest

from pressrun.store.files import name_new_file

pytestmark = pytest.mark.only_on("sqlite", "no database is opened")


@pytest.fixture(params=[None, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def draft(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished file, on file systems with hard links and on those that refuse them, each in its own way."""
    if request.param is not None:
        monkeypatch.setattr(os, "link", Mock(side_effect=OSError(request.param, os.strerror(request.param))))
    path = tmp_path / ".draft"
    path.write_text("ours")
    return path


def test_a_finished_file_gets_its_name(draft: Path) -> None:
    path = draft.with_name("a.txt")
    name_new_file(draft, path)
    assert "ours" == path.read_text()


def test_a_name_in_an_open_folder(draft: Path) -> None:
    folder = os.open(draft.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        name_new_file(draft.name, "a.txt", folder)
    finally:
        os.close(folder)
    assert "ours" == draft.with_name("a.txt").read_text()


@pytest.mark.parametrize("is_link", [False, True])
def test_nothing_is_replaced(draft: Path, is_link: bool) -> None:
    """Nor does a symbolic link lead us elsewhere."""
    path = draft.with_name("a.txt")
    if is_link:
        path.symlink_to(draft.with_name("elsewhere"))
    else:
        path.write_text("theirs")
    with pytest.raises(FileExistsError):
        name_new_file(draft, path)
    assert "ours" == draft.read_text()
    assert is_link or "theirs" == path.read_text()
    assert not draft.with_name("elsewhere").exists()


def test_other_errors_are_raised(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        name_new_file(tmp_path / "missing", tmp_path / "a.txt")
