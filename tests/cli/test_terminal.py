"""What strangers wrote is shown on a terminal and never obeyed by it, whichever verb shows it."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from tests.cli.shell import Shell, all_verbs
from tests.database import execute_at

import pressrun.cli
from pressrun.cli.shared.output import harmless

# A title for the window, a C1 control sequence, text from right to left, an invisible tag, a lone return, a bell.
HOSTILE = "\x1b]0;owned\x07\x9b2J\u202etxt\U000e0041\rx\x7f"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")

# Verbs that show what others wrote, each with what it is called with here.
SHOWING = {
    "archive export": None,  # a tar archive
    "audit ls": [],
    "config show": [],
    "consent verify": [],
    "doctor": None,  # asks the world; its findings go through the same function
    "edition delivery": ["1", "a@x.example"],
    "edition ls": [],
    "edition report": ["1"],
    "edition show": ["1"],
    "edition unlink": ["1"],
    "editor ls": ["news"],
    "held ls": [],
    "inbound ls": [],
    "inbound show": ["1"],
    "list ls": [],
    "list show": ["news"],
    "preview": ["news", "{file}"],
    "queue ls": [],
    "subscriber export": ["news"],
    "subscriber import": ["news", "{csv}", "--dry-run"],
    "subscriber ls": ["news"],
    "subscriber show": ["a@x.example"],
    "subscriber sync": ["news", "{csv}", "--dry-run"],
    "suppression export": [],
    "suppression import": ["{csv}"],
    "suppression ls": [],
    "token ls": [],
    "user ls": [],
}
# Verbs that show what their caller typed, the configuration, or names and counts of our own.
OWN = set(
    "audit verify|backup|backup verify|check|demo|dkim create|dkim show|edition approve|edition cancel"
    "|edition draft|edition link|edition move|edition pause|edition resend|edition resume|edition return|edition send"
    "|edition submit|edition test|editor add|editor rm|held release|held rm|help"
    "|inbound retry|inbound rm|init|key ls|key retire|key rotate|layout ls|list close|list create|list rm"
    "|list set|migrate|migrate-from|move-to|queue retry|reload|restore|send|serve|subscriber add"
    "|subscriber erase|subscriber rm|suppression add|suppression rm|token create|token revoke|user add"
    "|user grant|user invite|user link|user reset|user revoke|user rm|version".split("|")
)
# What others wrote, or could have written into the database by way of an older version or another program.
_FOREIGN = (
    ("subscriber", "name"), ("subscriber", "address"), ("delivery", "reply"), ("delivery", "relay"),
    ("edition", "subject"), ("edition", "title"), ("edition", "preheader"), ("list", "title"), ("list", "description"),
    ("inbound", "mail_from"), ("inbound", "recipient"), ("inbound", "outcome"), ("suppression", "address"),
    ("person", "address"), ("api_token", "name"), ("notice", "address"),
)  # fmt: skip


@pytest.fixture
def poisoned(shell: Shell) -> Shell:
    """A list with a reader, an edition, mails, suppressions and held sign-ups, full of control characters."""
    shell.begin_with("poisoned", partial(_poison, shell))
    return shell


def _poison(shell: Shell) -> None:
    shell.make_list()
    for name in "ab":
        shell.good("subscriber", "add", "news", f"{name}@x.example", "--name", "Ada")
    shell.good("suppression", "add", "s@x.example")
    shell.good("editor", "add", "news", "eve@x.example")
    shell.good("token", "create", "--name", "site")
    shell.good("send", "news", shell.write("e.md", "---\nsubject: Boats\n---\nHello {{ name }}\n"), "--yes")
    database = shell.database
    execute_at(database, "update delivery set state = 'failed', code = 550, kind = 'hard' where id = 1")
    execute_at(database, "update delivery set state = 'deferred', code = 451 where id = 2")
    execute_at(database, "insert into inbound_content (digest, content) values (x'01', ?)", HOSTILE.encode())
    execute_at(
        database,
        "insert into inbound (digest, content_id, mail_from, recipient, peer, utf8, received_at, state, recorded_at)"
        " values (x'02', 1, 'x', 'news-request', 'p', 0, 1, 'unreadable', 1)",
    )
    for table, column in _FOREIGN:
        execute_at(database, f"update {table} set {column} = coalesce({column}, '') || ?", HOSTILE)
    execute_at(database, "update subscriber set address = 'a@x.example' where id = 1")  # whom verbs are asked about
    shell.write("e2.md", f"---\nsubject: Boats\n---\nHello {HOSTILE}\n".replace("\r", ""))
    shell.write("r.csv", f'email,name\nnot{HOSTILE[:1]}@x.example,n\n"{HOSTILE[:9]}",x\n')


def _call(shell: Shell, verb: str, *more: str) -> tuple[int, str]:
    arguments = [word.format(file=shell.folder / "e2.md", csv=shell.folder / "r.csv") for word in SHOWING[verb] or []]
    called = shell.call(*verb.split(), *arguments, *more)
    return called.code, called.out + called.err


def test_every_verb_is_known_to_these_tests() -> None:
    """A new one shows what others wrote, or does not."""
    assert sorted({*SHOWING, *OWN}) == sorted(all_verbs())


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize("verb", sorted(verb for verb, arguments in SHOWING.items() if arguments is not None))
def test_no_control_character_reaches_a_terminal(
    poisoned: Shell, monkeypatch: pytest.MonkeyPatch, verb: str, form: list[str]
) -> None:
    """As text and as JSON, which stays JSON."""
    for stream in (sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    code, out = _call(poisoned, verb, *form)
    assert code in (0, 1, 65), out
    left = [c for c in _COLOURS.sub("", out) if not c.isprintable() and c not in "\n\t"]
    assert [] == left, (verb, out)
    if form and verb != "preview":
        json.loads(out[: out.rindex("]" if out.startswith("[") else "}") + 1])


def test_the_fixture_is_what_a_terminal_must_not_see(poisoned: Shell) -> None:
    """Into a pipe a mail and an export go as they are."""
    assert HOSTILE.replace("\r", "") in _call(poisoned, "inbound show")[1].replace("\r", "")
    assert "\x9b2J" in _call(poisoned, "subscriber export")[1]
    assert "\x9b2J" in _call(poisoned, "suppression ls", "--json")[1]


def test_a_kept_mail_as_json(poisoned: Shell) -> None:
    """The mail is text in one document; what is not UTF-8 is escaped."""
    database = poisoned.database
    execute_at(database, "update inbound_content set content = ? where id = 1", b"Subject: caf\xe9 \xc3\xa9\r\n\r\n")
    shown = poisoned.good("inbound", "show", "1", "--json").json
    assert {"id": 1, "mail": "Subject: caf\\xe9 é\r\n\r\n"} == shown


def test_a_kept_mail_on_a_real_terminal(poisoned: Shell) -> None:
    """Its controls stand there to be read."""
    ours, theirs = os.openpty()
    try:
        command = [sys.executable, "-m", "pressrun", "--config", str(poisoned.config), "inbound", "show", "1"]
        subprocess.run(command, stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL, check=True, timeout=60)
        shown = os.read(ours, 10_000)
    finally:
        os.close(ours)
        os.close(theirs)
    assert rb"\u001b]0;owned\u0007\u009b2J\u202etxt\udb40\udc41\u000dx\u007f" == shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Grüße, 世界 👋", "Grüße, 世界 👋"),
        ("a\tb\nc", "a\tb\nc"),
        ("no\u00a0break", "no\u00a0break"),
        ("\x1b[31m", "\\u001b[31m"),
        ("\u200b\u2066\ufeff", "\\u200b\\u2066\\ufeff"),
    ],
)
def test_text_is_harmless(text: str, expected: str) -> None:
    """Words stay what they are."""
    assert expected == harmless(text)


def test_all_output_goes_through_one_function() -> None:
    """Nothing else of the verbs writes to a terminal; click's own help holds only our words."""
    folder = Path(pressrun.cli.__file__).parent
    calls = {
        f"{path.name}: {ast.unparse(node.func)}"
        for path in sorted(folder.glob("*.py"))
        if path.name != "output.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("click.echo", "click.secho", "print")
    }
    assert set() == calls
