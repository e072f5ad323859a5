"""What somebody sees who asks what there is."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.shell_completion import ShellComplete
from tests.cli.desk import Desk

from pressrun.cli.groups import HELP_OPTIONS
from pressrun.cli.main import pressrun, run

HELP: dict[str, Any] = {"help_option_names": HELP_OPTIONS}  # as the program makes its contexts; click keeps the first


@pytest.mark.parametrize("arguments", [(), ("subscriber",)])
def test_without_a_verb_the_help_says_which_there_are(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert 64 == run(arguments)
    out, err = capsys.readouterr()
    assert ("", True, 1, "error:" in err) == (out, err.startswith("Usage: pressrun"), err.count("Usage:"), False)


def test_every_verb_is_told_in_a_whole_sentence_on_a_narrow_terminal() -> None:
    def helps(command: click.Command, parent: click.Context | None = None) -> list[str]:
        ctx = click.Context(command, info_name=command.name, parent=parent, terminal_width=60, **HELP)
        below = command.commands.values() if isinstance(command, click.Group) else ()
        return [command.get_help(ctx), *(text for one in below for text in helps(one, ctx))]

    assert [] == [text for text in helps(pressrun) if "...\n" in text.partition("Commands:")[2]]


def test_shells_complete_the_names_of_lists(desk: Desk) -> None:
    """And nothing, rather than a traceback, where there is no database or no configuration."""
    for verb in (["send"], ["list", "show"], ["subscriber", "add"], ["edition", "ls"]):
        assert [] == complete(desk, verb, "n")
    desk.make_list("news")
    desk.make_list("notes")
    desk.make_list("harbour")
    for verb in (["send"], ["list", "show"], ["subscriber", "add"], ["edition", "ls"]):
        assert ["news", "notes"] == complete(desk, verb, "n")
    desk.config.unlink()
    assert [] == complete(desk, ["send"], "n")


def complete(desk: Desk, verb: list[str], begun: str) -> list[str]:
    shell = ShellComplete(pressrun, {}, "pressrun", "_PRESSRUN_COMPLETE")
    return [item.value for item in shell.get_completions(["--config", str(desk.config), *verb], begun)]
