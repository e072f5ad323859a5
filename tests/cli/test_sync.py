"""`subscriber sync` as an operator calls it."""

from __future__ import annotations

import pytest
from tests.cli.shell import Shell


def roster(shell: Shell, *names: str) -> str:
    return shell.write("roster.csv", "email\n" + "".join(f"{name}@x.example\n" for name in names))


def states(shell: Shell) -> dict[str, str]:
    rows = shell.good("subscriber", "ls", "news", "--json").json
    return {row["address"].partition("@")[0]: row["state"] for row in rows}


def test_more_leavers_than_allowed_change_nothing(shell: Shell) -> None:
    """An empty file empties no list; a number or a percentage allows more."""
    shell.make_list()
    assert 4 == shell.good("subscriber", "sync", "news", roster(shell, "a", "b", "c", "d"), "--json").json["added"]
    file = roster(shell, "a", "b", "e")
    refused = shell.call("subscriber", "sync", "news", file)
    assert (65, True) == (refused.code, "2 of 4 members" in refused.err)
    assert 65 == shell.call("subscriber", "sync", "news", file, "--max-leave", "49%").code
    assert 65 == shell.call("subscriber", "sync", "news", file, "--max-leave", "1", "--dry-run").code
    assert {"a": "active", "b": "active", "c": "active", "d": "active"} == states(shell)
    dry = shell.good("subscriber", "sync", "news", file, "--max-leave", "50%", "--dry-run")
    assert "no longer listed unsubscribed 2" in " ".join(dry.out.split())
    assert 4 == list(states(shell).values()).count("active")
    done = shell.good("subscriber", "sync", "news", file, "--max-leave", "2", "--json").json
    assert (1, 2, 2) == (done["added"], done["left"], done["unchanged"])
    assert {"a": "active", "b": "active", "c": "unsubscribed", "d": "unsubscribed", "e": "active"} == states(shell)


def test_a_row_that_may_be_a_members_changes_nothing(shell: Shell) -> None:
    """One whose other fields are refused keeps its member, and one without an address is nobody's."""
    shell.make_list()
    shell.good("subscriber", "sync", "news", roster(shell, "a", "b"))
    torn = shell.write("torn.csv", "email,name\na@x.example,A\nb@x.example\n")
    refused = shell.call("subscriber", "sync", "news", torn, "--max-leave", "100%")
    assert (65, True) == (refused.code, "line 3: has 1 field where" in refused.err)
    bad = shell.write("bad.csv", "email,language\na@x.example,de\nb@x.example,!!\nnobody,de\n")
    answer = shell.good("subscriber", "sync", "news", bad, "--json").json
    assert ([3, 4], 0) == ([row["line"] for row in answer["invalid"]], answer["left"])
    assert {"a": "active", "b": "active"} == states(shell)


def test_rows_in_another_state_are_not_listed(shell: Shell) -> None:
    """A roster may keep former members, with a column that says so."""
    shell.make_list()
    shell.good("subscriber", "sync", "news", roster(shell, "a", "b"))
    file = shell.write("with.csv", "email,status\na@x.example,active\nb@x.example,left\nc@x.example,blocked\n")
    assert 65 == shell.call("subscriber", "sync", "news", file).code
    shell.good("subscriber", "sync", "news", file, "--map", "status=state", "--max-leave", "1")
    assert {"a": "active", "b": "unsubscribed"} == states(shell)


@pytest.mark.parametrize("limit", ["", "5 %", "101%", "-1", "many"])
def test_a_limit_is_a_number_or_a_percentage(shell: Shell, limit: str) -> None:
    """Anything else is a mistake in the command."""
    shell.make_list()
    assert 64 == shell.call("subscriber", "sync", "news", roster(shell, "a"), "--max-leave", limit).code
