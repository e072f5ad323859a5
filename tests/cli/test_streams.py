"""A caller may close the standard streams, or read none of them: the exit code says what happened all the same."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest
from tests.cli.shell import Shell


def call_by_sh(shell: Shell, call: str) -> subprocess.CompletedProcess[str]:
    """Have a shell call the program, as `"$@" VERB`."""
    program = [sys.executable, "-m", "pressrun", "--config", str(shell.config)]
    command = ["sh", "-c", call, "sh", *program]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("streams", "out"),
    [("2>&-", "[]\n"), ("2>/dev/full", "[]\n"), (">&-", ""), ("<&- >&- 2>&-", ""), ("<&-", "[]\n")],
)
def test_what_is_done_is_0(shell: Shell, streams: str, out: str) -> None:
    shell.make_list()
    called = call_by_sh(shell, f'"$@" edition ls news --json {streams}')
    assert (0, out, "") == (called.returncode, called.stdout, called.stderr)


@pytest.mark.parametrize("streams", ["2>&-", "2>/dev/full", ">&- 2>&-"])
def test_what_fails_keeps_its_code(shell: Shell, streams: str) -> None:
    """Also where a verb has something to say that nobody can read."""
    shell.make_list()
    assert 1 == call_by_sh(shell, f'"$@" list show nope {streams}').returncode
    assert 64 == call_by_sh(shell, f'"$@" list {streams}').returncode


def test_results_that_cannot_be_written_are_an_error(shell: Shell) -> None:
    shell.make_list()
    called = call_by_sh(shell, '"$@" list ls >/dev/full')
    assert (1, "error: no space left on device\n") == (called.returncode, called.stderr)


@pytest.mark.parametrize("stdout", ["/dev/full", "&-"])
def test_what_cannot_be_written_as_json_keeps_its_code(shell: Shell, stdout: str) -> None:
    """Neither the results nor the error have a place there; stderr has the error once and no traceback."""
    shell.make_list()
    called = call_by_sh(shell, f'"$@" list show nope --json >{stdout}')
    assert (1, 1) == (called.returncode, called.stderr.count("\n")), called.stderr


@pytest.mark.parametrize("charset", ["latin-1", "ascii", "utf-16"])
def test_files_get_utf8_in_every_locale(shell: Shell, charset: str) -> None:
    """What is exported is imported again, and JSON is UTF-8 (RFC 8259 §8.1)."""
    shell.make_list()
    shell.good("subscriber", "add", "news", "ana@reader.example", "--name", "Žofie Müller")
    for call in ('"$@" subscriber export news', '"$@" subscriber ls news --json', '"$@" subscriber ls news'):
        called = call_by_sh(shell, f"PYTHONIOENCODING={charset} {call}")
        assert (0, "", True) == (called.returncode, called.stderr, "Žofie Müller" in called.stdout)


def test_a_terminal_gets_its_own_charset(shell: Shell) -> None:
    """What it cannot show is escaped."""
    shell.make_list()
    shell.good("subscriber", "add", "news", "ana@reader.example", "--name", "Žofie Müller")
    program = [sys.executable, "-m", "pressrun", "--config", str(shell.config), "subscriber", "ls", "news"]
    ours, terminal = pty.openpty()
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    subprocess.run(program, stdout=terminal, env=environment, check=True, timeout=60)
    os.close(terminal)
    shown = os.read(ours, 4096)
    os.close(ours)
    assert "\\u017dofie Müller".encode("latin-1") in shown


@pytest.mark.parametrize("stdout", ["/dev/null", "&-"])
def test_a_backup_to_nowhere_is_no_backup(shell: Shell, stdout: str) -> None:
    """It would be recorded as the last one, and doctor would find nothing wrong."""
    shell.make_list()
    called = call_by_sh(shell, f'"$@" backup - >{stdout}')
    assert (64, True) == (called.returncode, "nothing would be kept" in called.stderr)
