"""The program as an operator calls it, in this process: exit code, stdout and stderr of each call."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
import pytest
from psycopg.conninfo import conninfo_to_dict
from tests import postgresql
from tests.cli.kept_folders import KeptFolders

from pressrun.cli.main import pressrun, run
from pressrun.cli.reference import walk
from pressrun.cli.verb_table import VERBS
from pressrun.config import write_initial_config


def all_verbs() -> dict[str, click.Command]:
    """Every verb by its whole name, such as `list ls`; `backup` is one although it has others below it."""
    commands = {ctx.command_path.removeprefix("pressrun "): ctx.command for ctx in walk(pressrun)}
    return {
        path: command for path, command in commands.items() if path in VERBS or not isinstance(command, click.Group)
    }


def configure(folder: Path, server: str | None) -> Path:
    """Write what `init` writes, with a database on a server if there is one."""
    path = write_initial_config(folder)
    if server is not None:
        text = path.read_text(encoding="utf-8")
        path.write_text(f"database = {json.dumps(server)}\n{text}", encoding="utf-8")
    return path


@dataclass(frozen=True, slots=True)
class Called:
    """What one call gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """A folder with a configuration, and calls of the program there."""

    def __init__(
        self,
        folder: Path,
        capture: pytest.CaptureFixture[str],
        server: str | None = None,
        kept: KeptFolders | None = None,
    ) -> None:
        self.folder = folder
        self._kept = kept
        self.config = configure(folder, server)
        self._server = server
        self._capture = capture

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def database(self) -> Path | str:
        """Where it is: a file, or an address."""
        return self._server or self.data / "pressrun.sqlite3"

    def contents(self) -> dict[str, bytes]:
        """All that the database holds."""
        if isinstance(self.database, Path):
            return {"file": self.database.read_bytes()}
        return dict(postgresql.shared_server().contents(self.database_name))

    @property
    def database_name(self) -> str:
        """What a server calls it."""
        assert isinstance(self.database, str)
        return str(conninfo_to_dict(self.database)["dbname"])

    def call(self, *arguments: str) -> Called:
        self._capture.readouterr()
        code = run(["--config", str(self.config), *arguments])
        out, err = self._capture.readouterr()
        return Called(code, out, err)

    def good(self, *arguments: str) -> Called:
        called = self.call(*arguments)
        assert (0, "") == (called.code, called.err if called.code else "")
        return called

    def write(self, name: str, content: str | bytes) -> str:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def begin_with(self, key: Hashable, work: Callable[[], object]) -> None:
        """Do the work in this folder, or copy what it left in another. Before, there is only the configuration."""
        if self._kept is None or any(path != self.config for path in self.folder.iterdir()):
            work()
            return
        settings = self.config.read_text(encoding="utf-8").replace(json.dumps(self._server), "")
        database = None if self._server is None else self.database_name
        self._kept.fill(self.folder, (key, settings), work, self.config.name, database)

    def make_list(self, name: str = "news", *options: str) -> None:
        """Create a list; the first of a folder is usually a copy of one that was made so."""
        created = ("list", "create", name, "--title", "News", "--postal-address", "1 Road", *options)
        self.begin_with(created, partial(self.good, *created))
