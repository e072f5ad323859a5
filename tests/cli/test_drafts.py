"""Drafts at the shell: made of a file, submitted, approved by somebody else, tested and sent."""

from __future__ import annotations

import json
from functools import partial

import pytest
from tests.cli.shell import Shell
from tests.database import execute_at


@pytest.fixture
def drafted(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(shell.folder)
    shell.begin_with("draft", partial(_draft, shell))
    return shell


def _draft(shell: Shell) -> None:
    shell.make_list()
    shell.good("subscriber", "add", "news", "a@x.example")
    shell.write("boats.md", "---\nsubject: Boats\n---\nHello\n")
    shell.good("edition", "draft", "news", "boats.md")


def test_the_same_file_is_the_same_draft(drafted: Shell) -> None:
    again = json.loads(drafted.good("edition", "draft", "news", "boats.md", "--json").out)
    assert (1, False, "draft") == (again["id"], again["created"], again["state"])
    refused = drafted.call("send", "news", "boats.md", "--yes")
    assert (1, True) == (refused.code, "pressrun edition send 1" in refused.err)


def test_a_draft_is_tested_and_sent(drafted: Shell) -> None:
    tested = json.loads(drafted.good("edition", "test", "1", "t@x.example", "T@x.example", "--json").out)
    assert {"test": ["t@x.example"]} == tested
    sent = json.loads(drafted.good("edition", "send", "1", "--yes", "--json").out)
    assert ("sending", 1) == (sent["state"], sent["audience"])


def test_the_author_does_not_approve(drafted: Shell) -> None:
    drafted.good("list", "set", "news", "approval=second-person")
    drafted.good("edition", "submit", "1")
    assert (77, 1) == (drafted.call("edition", "approve", "1").code, drafted.call("edition", "send", "1", "--yes").code)
    execute_at(drafted.database, "update revision set author = 'person 7'")
    approved = json.loads(drafted.good("edition", "approve", "1", "--json").out)
    assert ("draft", "shell") == (approved["state"], approved["approved_by"])
    assert "sending" == json.loads(drafted.good("edition", "send", "1", "--yes", "--json").out)["state"]


def test_a_returned_draft_says_why(drafted: Shell) -> None:
    drafted.good("edition", "submit", "1")
    returned = json.loads(drafted.good("edition", "return", "1", "--words", "No date", "--json").out)
    assert ("No date", None) == (returned["words"], returned["submitted_at"])


def test_a_draft_is_scheduled(drafted: Shell) -> None:
    assert (
        "scheduled" == json.loads(drafted.good("edition", "send", "1", "--yes", "--at", "+1h", "--json").out)["state"]
    )
    assert 65 == drafted.call("edition", "send", "1", "--yes", "--at", "2001-01-01T00:00:00Z").code
