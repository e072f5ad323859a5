"""The program as an operator calls it, in this process: exit code, stdout and stderr of each call."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest

from pressrun.cli.main import pressrun, run
from pressrun.cli.reference import walk
from pressrun.config import write_initial_config


def all_verbs() -> dict[str, click.Command]:
    """Every verb by its whole name, such as `list ls`."""
    commands = {ctx.command_path.removeprefix("pressrun "): ctx.command for ctx in walk(pressrun)}
    return {path: command for path, command in commands.items() if not isinstance(command, click.Group)}


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

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.config = write_initial_config(folder)
        self._capture = capture

    @property
    def data(self) -> Path:
        return self.folder / "data"

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

    def make_list(self, name: str = "news", *options: str) -> None:
        self.good("list", "create", name, "--title", "News", "--postal-address", "1 Road", *options)
