"""A caller may close the standard streams, or read none of them: the exit code says what happened all the same."""

from __future__ import annotations

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


NOT_UTF8 = "LC_ALL=C PYTHONCOERCECLOCALE=0 PYTHONUTF8=0"  # as in a locale with ISO 8859-1, which few machines have


@pytest.mark.parametrize("verb", ["export news", "ls news --json", "ls news"])
def test_results_are_utf8_in_every_locale(shell: Shell, verb: str) -> None:
    """What is exported is imported again, and JSON is UTF-8 (RFC 8259 §8.1)."""
    shell.make_list()
    shell.good("subscriber", "add", "news", "ana@reader.example", "--name", "Žofie Müller")
    called = call_by_sh(shell, f'{NOT_UTF8} "$@" subscriber {verb}')
    assert (0, "", True) == (called.returncode, called.stderr, "Žofie Müller" in called.stdout)


def test_files_are_found_in_every_locale(shell: Shell) -> None:
    """Their names are UTF-8, whatever the locale."""
    shell.make_list("news")
    shell.write("žurnál.txt", "High water")
    shell.write("edition.md", "---\nsubject: Ž\nattachments: [žurnál.txt]\n---\nHello\n")
    called = call_by_sh(shell, f'cd "{shell.config.parent}"; {NOT_UTF8} "$@" preview news edition.md')
    assert (0, True) == (called.returncode, "Hello" in called.stdout), called.stderr


def test_what_cannot_be_written_is_escaped(shell: Shell) -> None:
    """Somebody who asks for another character set gets it, and no traceback."""
    shell.make_list()
    shell.good("subscriber", "add", "news", "ana@reader.example", "--name", "Žofie")
    called = call_by_sh(shell, 'PYTHONIOENCODING=latin-1 "$@" subscriber ls news')
    assert (0, True) == (called.returncode, r"\u017dofie" in called.stdout), called.stderr


@pytest.mark.parametrize("stdout", ["/dev/null", "&-"])
def test_a_backup_to_nowhere_is_no_backup(shell: Shell, stdout: str) -> None:
    """It would be recorded as the last one, and doctor would find nothing wrong."""
    shell.make_list()
    called = call_by_sh(shell, f'"$@" backup - >{stdout}')
    assert (64, True) == (called.returncode, "nothing would be kept" in called.stderr)


@pytest.mark.parametrize(("environment", "events"), [("", 0), ("JOURNAL_STREAM=$(stat -L -c %d:%i /dev/stderr)", 1)])
def test_a_backup_is_an_event_of_the_journal_only(shell: Shell, environment: str, events: int) -> None:
    """Cron mails whatever a command writes; where it is called by hand or by a script, stdout says enough."""
    shell.make_list()
    called = call_by_sh(shell, f'{environment} "$@" backup {shell.folder}/b.tar')
    assert (0, True) == (called.returncode, called.stdout.startswith("wrote "))
    assert events == called.stderr.count('"event": "backup.written"')
    assert events == bool(called.stderr)
