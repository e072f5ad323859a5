"""A shell for every test of this room."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests import engines, postgresql
from tests.cli.kept_folders import KeptFolders
from tests.cli.shell import Shell
from tests.editions.inline_builder import InlineMaker

from pressrun.daemon.wiring import services


@pytest.fixture
def server_url(engine: str) -> Iterator[str | None]:
    """A database of this test's own on a server, which the first verb fills; None where the engine is a file."""
    if engine == "sqlite":
        yield None
        return
    server = postgresql.shared_server()
    with closing(postgresql.OwnDatabases(server)) as made:
        url = server.url(made.new())
        with engines.kept_sessions(url):
            yield url


@pytest.fixture(scope="session")
def kept_folders(tmp_path_factory: pytest.TempPathFactory) -> KeptFolders:
    """What tests begin with."""
    return KeptFolders(tmp_path_factory.mktemp("kept"))


@pytest.fixture
def shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], server_url: str | None, kept_folders: KeptFolders
) -> Shell:
    return Shell(tmp_path, capsys, server_url, kept_folders)


@pytest.fixture(autouse=True)
def editions_are_made_here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verb reads and builds editions in this process; `tests/sandbox` and `tests/e2e` have the helper processes.

    Tests that are thorough for another reason than their engine have them, too.
    """
    if all(mark.args == ("postgresql",) for mark in request.node.iter_markers("thorough")):
        monkeypatch.setattr(services, "SandboxedMaker", InlineMaker.of)


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
