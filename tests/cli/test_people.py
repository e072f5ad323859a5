"""`user` and `token` as they are typed."""

from __future__ import annotations

import json

import pytest
from tests.cli.shell import Shell
from tests.database import execute_at

from pressrun.cli.people import people
from pressrun.control.protocol import VerbResult, answer_of


def test_the_first_operator_gets_a_link(shell: Shell) -> None:
    shell.make_list()
    added = shell.good("user", "add", "ann", "--operator", "--email", "ann@town.example", "--json").json
    assert ("ann", "ann@town.example", True, []) == tuple(
        added[key] for key in ("name", "address", "operator", "lists")
    )
    assert "/admin/enter/" in added["link"]
    plain = shell.good("user", "link", "ann@town.example")
    assert (plain.out.startswith("http"), "lets ann log in. It works once, until 20" in plain.err) == (True, True)


def test_a_person_without_rights_is_named_with_the_command_that_grants_some(shell: Shell) -> None:
    """Operators have all, and JSON has them as a field."""
    shell.make_list()
    words = "bob has no rights yet. Give some with `pressrun user grant bob --list LIST --role editor`"
    assert words in shell.good("user", "add", "bob").err
    assert "no rights" not in shell.good("user", "add", "ann", "--operator").err
    assert "" == shell.good("user", "add", "carl", "--json").err


def test_a_password_file_stands_in_for_the_link(shell: Shell) -> None:
    """The end of its line is no part of it."""
    shell.make_list()
    file = shell.write("password", "correct horse battery\n")
    added = shell.good("user", "add", "ann", "--password-file", file, "--json").json
    assert "link" not in added
    assert 65 == shell.call("user", "add", "bea", "--password-file", shell.write("short", "short\n")).code
    assert 66 == shell.call("user", "add", "bea", "--password-file", "none").code
    assert ["ann"] == [person["name"] for person in shell.good("user", "ls", "--json").json]


def test_what_people_may_do_is_listed(shell: Shell) -> None:
    shell.make_list()
    shell.good("user", "invite", "berta@town.example", "--list", "news", "--role", "editor", "--readers", "see")
    shell.good("user", "add", "ann", "--operator")
    listed = shell.good("user", "ls").out.splitlines()
    assert ["name", "address", "may do", "may log in"] == [
        heading.strip() for heading in listed[0].split("  ") if heading.strip()
    ]
    assert ("operator" in listed[1], "news: editor (see readers)" in listed[2]) == (True, True)
    assert "invited until 20" in listed[2]
    changed = shell.good("user", "revoke", "berta", "--list", "news", "--role", "editor")
    assert "berta: nothing\n" == changed.out


def test_whose_mail_does_not_arrive_is_said_below_the_list(shell: Shell) -> None:
    shell.make_list()
    shell.good("user", "invite", "berta@town.example", "--list", "news", "--role", "editor")
    listed = shell.good("user", "ls")
    assert ("", None) == (listed.err, shell.good("user", "ls", "--json").json[0]["undelivered"])
    execute_at(shell.database, "update delivery set state = 'failed', recorded_at = 1, reply = '550 gone'")
    warning = "warning: the latest email to berta did not arrive (1970-01-01T00:00:01Z): 550 gone\n"
    assert (listed.out, warning) == (shell.good("user", "ls").out, shell.good("user", "ls").err)
    undelivered = {"at": "1970-01-01T00:00:01Z", "reply": "550 gone"}
    assert undelivered == shell.good("user", "ls", "--json").json[0]["undelivered"]


def test_a_token_is_printed_once(shell: Shell) -> None:
    shell.make_list()
    made = shell.good("token", "create", "--name", "site", "--scope", "sign-up", "--list", "news", "--expires", "90d")
    assert (made.out.startswith("pr_"), len(made.out.strip())) == (True, 46)
    (listed,) = shell.good("token", "ls", "--json").json
    assert ("site", "sign-up", ["news"], None) == tuple(listed[key] for key in ("name", "scope", "lists", "last_used"))
    assert made.out.strip() not in shell.good("token", "ls").out
    assert {"id": 1, "name": "site", "made": []} == shell.good("token", "revoke", "1", "--json").json
    assert "" == shell.good("token", "ls").out


def test_revoking_a_token_names_those_that_were_made_with_it(shell: Shell) -> None:
    shell.make_list()
    for name in ("first", "second"):
        shell.good("token", "create", "--name", name)
    execute_at(shell.database, "update api_token set origin_id = 1 where id = 2")
    revoked = shell.good("token", "revoke", "1")
    assert "id    1\nname  first\n" == revoked.out
    warning = (
        "warning: second was made with this token and is still valid. To revoke it, run `pressrun token revoke 2`\n"
    )
    assert warning == revoked.err


@pytest.mark.parametrize("arguments", [("user", "revoke", "ann", "--operator"), ("user", "rm", "ann")])
def test_it_is_said_that_no_operator_is_left(shell: Shell, arguments: tuple[str, ...]) -> None:
    """The shell may do that, by mistake as well."""
    shell.make_list()
    shell.good("user", "add", "ann", "--operator")
    shell.good("user", "add", "bea", "--operator")
    assert "" == shell.good("user", "rm", "bea").err
    assert "warning: no operator can log in any more" in shell.good(*arguments).err


def test_what_an_older_daemon_has_done_is_not_lost(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer has no `revoked` or `editions`. The link in it is printed, with what to do, instead of a traceback."""
    shell.make_list()
    answer = {"name": "ann", "link": "https://x.example/admin/enter/x"}
    monkeypatch.setattr(people, "execute", lambda _, verb, *__: answer_of(verb, VerbResult(value=answer)))
    called = shell.call("user", "reset", "ann")
    assert (1, answer) == (called.code, json.loads(called.out))
    assert ("user.reset was carried out" in called.err, "Restart the service" in called.err) == (True, True)
    assert answer == shell.good("user", "reset", "ann", "--json").json


def test_a_reset_says_how_to_stop_what_still_goes_out(shell: Shell) -> None:
    shell.make_list()
    shell.good("user", "add", "ann", "--operator")
    shell.good("edition", "draft", "news", shell.write("a.md", "---\nsubject: Boats\n---\nHello\n"))
    approve = "update manuscript set approved_number = number, approved_by = 'person 1', approved_at = 1"
    execute_at(shell.database, approve)
    words = "warning: edition 1 of news is still approved by ann. To end that, run `pressrun edition return 1`\n"
    reset = shell.good("user", "reset", "ann")
    assert (True, True) == (words in reset.err, reset.out.startswith("http"))
    shell.good("edition", "return", "1")
    assert "edition 1" not in shell.good("user", "reset", "ann").err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["user", "add", "a b"], 65, "cannot name a person"),
        (["user", "add", "ann", "--email", "nobody"], 65, "invalid email address"),
        (["user", "grant", "ann"], 64, "say what"),
        (["user", "grant", "ann", "--operator"], 1, "no such person"),
        (["user", "invite", "a@x.example", "--list", "news"], 64, "--role"),
        (["user", "invite", "a@x.example", "--list", "news", "--role", "owner"], 64, "'owner' is not one of"),
        (["user", "rm", "a@x.example"], 1, "no such person: 'a@x.example'"),
        (["token", "create"], 64, "--name"),
        (["token", "create", "--name", "s", "--list", "none"], 1, "no such list: 'none'"),
        (["token", "create", "--name", "s", "--scope", "all"], 64, "'all' is not one of"),
        (["token", "create", "--name", "s", "--from", "here"], 65, "'here' is not a network"),
        (["token", "create", "--name", "s", "--expires", "never"], 65, "is not a valid end for a token"),
        (["token", "revoke", "9"], 1, "no such token: 9"),
        (["token", "revoke", "x"], 64, "invalid number"),
    ],
)
def test_a_mistake_says_what_would_be_right(shell: Shell, arguments: list[str], code: int, words: str) -> None:
    shell.make_list()
    called = shell.call(*arguments)
    assert (code, True) == (called.code, words in called.err), called.err
