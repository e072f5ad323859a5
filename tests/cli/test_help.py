"""What somebody sees who asks what there is."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from click.shell_completion import ShellComplete
from tests.cli.shell import Shell

from pressrun import __version__
from pressrun.cli.main import pressrun, run
from pressrun.cli.reference import walk
from pressrun.services.lists.list_settings import LIST_SETTINGS


@pytest.mark.parametrize("arguments", [(), ("subscriber",)])
def test_without_a_verb_the_help_says_which_there_are(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert 64 == run(arguments)
    out, err = capsys.readouterr()
    assert ("", True, 1, "error:" in err) == (out, err.startswith("Usage: pressrun"), err.count("Usage:"), False)


def test_every_verb_is_told_in_a_whole_sentence_on_a_narrow_terminal() -> None:
    helps = [ctx.command.get_help(ctx) for ctx in walk(pressrun, terminal_width=60)]
    assert [] == [text for text in helps if "...\n" in text.partition("Commands:")[2]]


@pytest.mark.parametrize("at", [0, 1, 2])
def test_the_options_of_the_program_are_taken_before_and_behind_a_verb(
    shell: Shell, at: int, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.make_list("news")
    verb = ["list", "ls"]
    assert 0 == run([*verb[:at], "--config", str(shell.config), *verb[at:], "--json"])
    assert ["news"] == [row["name"] for row in json.loads(capsys.readouterr().out)]
    assert 0 == run([*verb[:at], "--version", *verb[at:]])
    assert f"pressrun, version {__version__}\n" == capsys.readouterr().out


def test_the_last_named_configuration_counts(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    assert 66 == run(["--config", str(shell.config), "list", "ls", "--config", "missing.toml"])
    assert "missing.toml does not exist" in capsys.readouterr().err


def test_every_verb_takes_the_options_of_the_program() -> None:
    taken = {ctx.command_path: {name for param in ctx.command.params for name in param.opts} for ctx in walk(pressrun)}
    assert ["pressrun help"] == [verb for verb, names in taken.items() if not names >= {"--config", "--version"}]


def test_the_version_as_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == run(["version", "--json"])
    assert {"version": __version__} == json.loads(capsys.readouterr().out)


def test_shells_complete_the_names_of_lists(shell: Shell) -> None:
    """And nothing, rather than a traceback, where there is no database or no configuration."""
    for verb in (["send"], ["list", "show"], ["subscriber", "add"], ["edition", "ls"]):
        assert [] == complete(shell, verb, "n")
    shell.make_list("news")
    shell.make_list("notes")
    shell.make_list("harbour")
    for verb in (["send"], ["list", "show"], ["subscriber", "add"], ["edition", "ls"]):
        assert ["news", "notes"] == complete(shell, verb, "n")
    shell.config.unlink()
    assert [] == complete(shell, ["send"], "n")


def complete(shell: Shell, verb: list[str], begun: str) -> list[str]:
    completion = ShellComplete(pressrun, {}, "pressrun", "_PRESSRUN_COMPLETE")
    return [item.value for item in completion.get_completions(["--config", str(shell.config), *verb], begun)]


def modules_after(*arguments: str) -> set[str]:
    """The modules that a call of the program has imported when it ends."""
    program = "import sys; from pressrun.cli.main import run; run(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    called = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    return set(called.stderr.split())


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["list", "--help"], ["list"]])
def test_what_shows_no_verb_imports_none(arguments: list[str]) -> None:
    """So that it is quick: nothing of the program but the table of verbs and what prints it."""
    ours = {name for name in modules_after(*arguments) if name.startswith("pressrun.") and name.count(".") > 1}
    cli = {
        f"pressrun.cli.{name}" for name in ("main", "shared", "shared.general_options", "shared.output", "verb_table")
    }
    cli.add("pressrun.runtime.held_signals")  # imports `signal` alone, and `serve` needs it before anything else
    assert set() == {name for name in ours - cli if not name.startswith(("pressrun.core.", "pressrun.observe."))}


@pytest.mark.parametrize(
    "verb", [["list", "ls"], ["list", "show", "news"], ["edition", "ls"], ["subscriber", "ls", "news"]]
)
def test_a_verb_that_reads_imports_no_daemon(shell: Shell, engine: str, verb: list[str]) -> None:
    """So that it is quick, too: no event loop, templates, keys of mails, web server, other engine, or audit log."""
    shell.make_list()
    imported = modules_after("--config", str(shell.config), *verb, "--json")
    slow = {"aiosqlite", "babel", "cryptography", "email_validator", "jinja2", "markdown_it", "starlette"}
    slow |= {"asyncio", "psycopg"} if engine == "sqlite" else {"pressrun.store.postgresql.move_target"}
    slow |= {"pressrun.cli.shared.recording"}
    assert set() == slow & imported
    assert "pressrun.daemon" not in imported


def test_the_help_of_list_set_explains_every_key() -> None:
    told = next(ctx.command.get_help(ctx) for ctx in walk(pressrun) if ctx.command_path == "pressrun list set")
    assert list(LIST_SETTINGS) == re.findall(r"^  ([a-z_]+)=", told, re.MULTILINE)
