"""A desk for every test of this room."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.desk import Desk


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


@pytest.fixture
def open_desk(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk in a folder that every user can reach, with a list; its data are root's."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        desk = Desk(folder, capsys)
        desk.config.chmod(0o644)
        desk.make_list()
        desk.good("check")
        desk.write("edition.md", "---\nsubject: S\n---\nT\n")
        desk.write("readers.csv", "email\na@x.example\n")
        monkeypatch.chdir(folder)
        yield desk
