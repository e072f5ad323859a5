"""Pressrun in a folder that only root can enter: root acts as the owner of the data, who can load nothing there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from tests.cli.shell import Shell
from tests.cli.test_permission import NOBODY

import pressrun
from pressrun.store.sqlite import migrate

_IS_OPEN = all(
    folder.stat().st_mode & 0o5 == 0o5
    for module in (os, click)
    for folder in Path(str(module.__file__)).resolve().parents
)

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else"),
    pytest.mark.skipif(not _IS_OPEN, reason="nobody else could load the libraries"),
    pytest.mark.only_on("sqlite", "it is about the files of the program"),
]


@pytest.fixture
def closed(open_shell: Shell) -> Shell:
    """A shell beside such a folder, without data."""
    installed = open_shell.folder / "closed"
    shutil.copytree(Path(pressrun.__file__).parent, installed / "pressrun")
    installed.chmod(0o700)
    shutil.rmtree(open_shell.data)
    open_shell.data.mkdir(mode=0o700)
    os.chown(open_shell.data, NOBODY, NOBODY)
    return open_shell


def _call(shell: Shell, *arguments: str) -> None:
    called = subprocess.run(
        [sys.executable, "-m", "pressrun", *arguments],
        cwd=shell.folder,
        env={**os.environ, "PYTHONPATH": str(shell.folder / "closed")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert 0 == called.returncode, called.stderr


def test_verbs_have_loaded_what_they_need(closed: Shell) -> None:
    """Else a new database would get another version than that of its schema, which no later run could make good."""
    _call(closed, "list", "create", "news", "--title", "T")
    assert migrate.newest_version() == migrate.version_of(closed.data / "pressrun.sqlite3")
    _call(closed, "list", "set", "news", "postal_address=1 Quay")
    closed.write("states.csv", "email,state\na@x.example,active\nb@x.example,desabonné\n")
    _call(closed, "subscriber", "import", "news", "states.csv")
    _call(closed, "send", "news", "edition.md", "--yes")
