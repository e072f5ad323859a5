"""The completion that packages install, in the shells themselves: quick to be silent where something is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.shell import Shell

SCRIPTS = Path(__file__).parent.parent.parent / "packaging" / "completion"

# What a shell would offer for the words of a line, the last of them begun.
BASH = """
source {script}
COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMPREPLY=()
compopt() {{ :; }}  # bash knows it only while a person types
_pressrun_completion pressrun
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
ZSH = """
compdef() {{ : }}
_describe() {{ print -l -- "${{(@)completions_with_descriptions%%:*}}" }}
compadd() {{ print -l -- "${{completions[@]}}" }}
source {script}
words=({words}); CURRENT=${{#words}}
_pressrun_completion
"""
FISH = """
source {script}
complete --do-complete '{words}'
"""


@pytest.fixture(
    params=[
        pytest.param(("bash", "pressrun", BASH), id="bash"),
        pytest.param(("zsh", "_pressrun", ZSH), id="zsh", marks=pytest.mark.needs("zsh")),
        pytest.param(("fish", "pressrun.fish", FISH), id="fish", marks=pytest.mark.needs("fish")),
    ]
)
def offer(request: pytest.FixtureRequest, shell: Shell, tmp_path: Path) -> Callable[[str], set[str]]:
    """What a shell offers for a line; raises AssertionError if anything else is written."""
    name, script, program = request.param
    caller = tmp_path / "bin" / "pressrun"
    caller.parent.mkdir()
    caller.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pressrun "$@"\n', encoding="utf-8")
    caller.chmod(0o755)
    environment = {"PATH": f"{caller.parent}:{os.environ['PATH']}", "PRESSRUN_CONFIG": str(shell.config)}
    environment |= {"HOME": str(tmp_path), "LANG": "C.UTF-8", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}

    def ask(words: str) -> set[str]:
        text = program.format(script=SCRIPTS / script, words=words)
        command = [name, "-c", text] if name == "fish" else [name, "-f", "-c", text]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert "" == done.stderr
        return {line.partition("\t")[0] for line in done.stdout.splitlines() if line}

    return ask


@pytest.mark.only_on("sqlite", "shells ask the program, which reads both engines by the same way")
def test_a_shell_offers_verbs_options_lists_and_editions(shell: Shell, offer: Callable[[str], set[str]]) -> None:
    """And not one address."""
    shell.make_list("news")
    shell.make_list("notes")
    shell.good("subscriber", "add", "news", "ann@reader.example")
    shell.write("boats.md", "---\nsubject: Boats for ann@reader.example\n---\nHello\n")
    shell.good("send", "news", str(shell.folder / "boats.md"), "--yes")
    assert {"list"} == offer("pressrun lis")
    assert {"--canary"} == offer("pressrun send --can")
    assert {"news", "notes"} == offer("pressrun list show n")
    assert {"1"} == offer("pressrun edition pause 1")


@pytest.mark.only_on("sqlite", "shells ask the program, which reads both engines by the same way")
@pytest.mark.parametrize("what", ["no database", "no configuration", "a broken configuration"])
def test_where_nothing_can_be_read_a_shell_offers_nothing(
    shell: Shell, offer: Callable[[str], set[str]], what: str
) -> None:
    """Without a word, which would land in the line that a person types."""
    if what == "no configuration":
        shell.config.unlink()
    elif what == "a broken configuration":
        shell.config.write_text("nonsense", encoding="utf-8")
    assert set() == offer("pressrun list show n") | offer("pressrun edition pause 1")
