"""A shell for every test of this room."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests import postgresql
from tests.cli.shell import Shell


@pytest.fixture
def server_url(engine: str) -> Iterator[str | None]:
    """A database of this test's own on a server, which the first verb fills; None where the engine is a file."""
    if engine == "sqlite":
        yield None
        return
    server = postgresql.shared_server()
    with closing(postgresql.OwnDatabases(server)) as made:
        yield server.url(made.new())


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], server_url: str | None) -> Shell:
    return Shell(tmp_path, capsys, server_url)


@pytest.fixture
def open_shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell in a folder that every user can reach, with a list; its data are root's."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        shell = Shell(folder, capsys)
        shell.config.chmod(0o644)
        shell.make_list()
        shell.good("check")
        shell.write("edition.md", "---\nsubject: S\n---\nT\n")
        shell.write("readers.csv", "email\na@x.example\n")
        monkeypatch.chdir(folder)
        yield shell
