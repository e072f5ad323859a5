"""Whoever is neither root nor the owner of the data is told so by every verb, in one line, with 77."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
import pytest
from tests.cli.shell import Shell, all_verbs

from pressrun.cli import main
from pressrun.cli.shared.verb import RowId

NOBODY = 65534
FREE = {"init", "demo", "help", "version", "backup verify"}  # need no configuration
VALUES = {
    "FILE": "edition.md",
    "KEY": "title=T",
    "WHEN": "+10m",
    "DURATION": "30d",
    "ADDRESS": "a@x.example",
    "TARGET": "sqlite:elsewhere",
    "PROGRAM": "mailman3",
    "LIST": "news",
}  # what is looked at first

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def arguments_of(path: str, command: click.Command) -> list[str]:
    """Arguments that make sense, as far as can be told without the data."""
    if path == "backup":  # a group, too
        return ["elsewhere.tar"]
    arguments = []
    for parameter in command.params:
        if isinstance(parameter, click.Argument) and parameter.required:
            is_number = isinstance(parameter.type, click.types.IntParamType | RowId)
            arguments.append("1" if is_number else VALUES.get(_word(parameter), "news"))
        elif isinstance(parameter, click.Option) and (parameter.required or {"--yes", "--all"} & set(parameter.opts)):
            arguments += parameter.opts[:1] + ([] if parameter.is_flag else [_value(parameter)])
    return [
        "readers.csv" if path.endswith("import") and argument == "edition.md" else argument for argument in arguments
    ]


def _value(option: click.Option) -> str:
    if isinstance(option.type, click.Choice):
        return str(next(iter(option.type.choices)))
    return VALUES.get(option.metavar or "", "x")


def _word(argument: click.Argument) -> str:
    return (argument.metavar or argument.human_readable_name).strip("[].…").partition("=")[0]


VERBS = [(path.split(), arguments_of(path, command)) for path, command in all_verbs().items() if path not in FREE]


def test_there_are_verbs() -> None:
    """Or the tests below would say nothing."""
    assert len(VERBS) >= 50


@contextmanager
def stranger(*groups: int) -> Iterator[None]:
    """Be a user without rights, but for those of these groups."""
    before = os.getgroups()
    os.setgroups(groups)
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(before)


def closed_configuration(shell: Shell) -> None:
    """As an installation leaves /etc/pressrun."""
    shell.config.chmod(0o640)


def closed_folder(shell: Shell) -> None:
    """The file of the configuration cannot even be looked for."""
    folder = shell.folder / "etc"
    folder.mkdir(mode=0o750)
    shell.config = shell.config.rename(folder / "config.toml")


def closed_data(shell: Shell) -> None:
    """The configuration can be read: for members of the owner's group, where they were given that right."""


def closed_key(shell: Shell) -> None:
    """The key that signs looks as if it were missing to whoever may not read it."""
    shell.good("dkim", "create", "--selector", "s")
    with shell.config.open("a", encoding="utf-8") as file:
        file.write('[dkim]\ndomain = "lists.example.test"\nselector = "s"\n')
        file.write('key_file = "data/dkim/lists.example.test.s.pem"\n')
    shell.data.chmod(0o750)


@pytest.mark.parametrize("close", [closed_configuration, closed_folder, closed_data, closed_key])
def test_every_verb_of_a_stranger_is_77(open_shell: Shell, close: Callable[[Shell], None]) -> None:
    close(open_shell)
    wrong = {}
    with stranger(*([0] if close is closed_key else [])):
        for words, arguments in VERBS:
            called = open_shell.call(*words, *arguments)
            lines = called.err.splitlines()
            if (77, 1) != (called.code, len(lines)) or "Run pressrun with sudo" not in lines[0]:
                wrong[tuple(words)] = called
    assert {} == wrong


def test_what_needs_no_configuration_works_for_everybody(open_shell: Shell) -> None:
    closed_configuration(open_shell)
    open_shell.folder.chmod(0o777)
    with stranger():
        open_shell.good("--help")
        open_shell.good("--version")
        open_shell.good("list", "ls", "--help")
        open_shell.good("init", "mine")


def test_a_working_directory_that_cannot_be_read_is_passed_over(
    open_shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under `sudo -u`, in the home of somebody else: the configuration of the system is used."""
    monkeypatch.setattr("pressrun.config.loader._SYSTEM_WIDE", open_shell.config)
    monkeypatch.delenv("PRESSRUN_CONFIG", raising=False)
    home = open_shell.folder / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    home.chmod(0o700)
    os.chown(open_shell.data, NOBODY, NOBODY)
    for path in open_shell.data.rglob("*"):
        os.chown(path, NOBODY, NOBODY)
    with stranger():
        assert 0 == main.run(["list", "ls"])


def test_an_error_that_no_verb_foresaw_is_one_line(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "/var/lib/pressrun/lock")

    monkeypatch.setattr(main.pressrun, "main", fail)
    called = shell.call("list", "ls", "--json")
    assert (1, "error: /var/lib/pressrun/lock: no space left on device\n") == (called.code, called.err)
    assert {"error": "/var/lib/pressrun/lock: no space left on device"} == called.json
