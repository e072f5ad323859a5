"""`migrate-from`, as an operator calls it: first the table, then the lists, and the rest when it is called again."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from tests.cli.shell import Shell
from tests.database import select_at
from tests.operations.installations.mailman3_database import BY_USER, OWNER, Mailman3Database
from tests.operations.installations.test_dumps import LISTMONK

from pressrun.cli.shared.write_verbs import executing

MBOX = (
    "From olga@x.example  Fri May  1 12:00:00 2020\nSubject: High water\nMessage-ID: <1@x.example>\n\nIt rises.\n\n"
    "From x  Thu Jan  1 00:00:00 1970\nSubject: undated\n\nx\n"
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A list with an owner, people in three states, bans, and an archive with one message that has no date."""
    database = Mailman3Database(tmp_path / "mailman.db")
    database.add("olga@x.example", role=OWNER)
    database.add("ada@x.example", "Ada")
    database.add("off@x.example", of_member={"delivery_status": BY_USER})
    database.add("banned@x.example")
    database.add("no address")
    database.ban("banned@x.example", "news.lists.example")
    database.ban(r"^.*@bad\.example", None)
    database.ban("^.*@worse.example", None)  # which could be an address
    (tmp_path / "news@lists.example.mbox").write_text(MBOX)
    return database.path


def people(rows: list[dict[str, Any]]) -> dict[tuple[str, str], int]:
    return {(row["there"], row["here"]): row["people"] for row in rows}


def test_a_dry_run_shows_what_would_become_of_everyone(shell: Shell, source: Path) -> None:
    """And changes nothing; rejects go to a file."""
    called = shell.good(
        *("migrate-from", "mailman3", str(source), "--files", str(source.parent)),
        *("--dry-run", "--json", "--rejects", str(source.parent / "rejects.csv")),
    )
    (described,) = called.json["lists"]
    assert ("news@lists.example", "news", ["olga@x.example"]) == (
        described["from"],
        described["to"],
        described["editors"],
    )
    assert {
        ("member", "active"): 1,
        ("delivery off by the member", "suspended"): 1,
        ("member", "suppressed"): 1,
        ("member", "refused"): 1,
    } == people(described["members"])
    assert 3 == called.json["rejects"]
    rejects = (source.parent / "rejects.csv").read_text()
    assert "no address" in rejects
    assert "bad" in rejects
    assert "worse" in rejects
    assert [] == shell.good("list", "ls", "--json").json


def test_rejects_need_a_file(shell: Shell, source: Path) -> None:
    """On stdout, they would be mixed with the report."""
    called = shell.call("migrate-from", "mailman3", str(source), "--dry-run", "--json", "--rejects", "-")
    assert (64, True) == (called.code, "--rejects needs the name of a file" in called.json["error"])


def test_the_table_of_all_lists_says_what_it_counts(shell: Shell, source: Path) -> None:
    """Its rows look like those of a list."""
    out = shell.good("migrate-from", "mailman3", str(source), "--dry-run").out
    assert re.search(r"^addresses that no list will mail:\nthere +here +people\n", out, re.MULTILINE), out


def test_what_a_new_list_still_needs_is_said(shell: Shell, source: Path) -> None:
    """No program has a postal address to move, and no edition goes out without one."""
    command = ("migrate-from", "mailman3", str(source))
    assert "postal_address" in shell.good(*command, "--dry-run").err
    assert "postal_address" in shell.good(*command).err
    assert "postal_address" not in shell.good(*command).err


def test_a_list_moves_in_as_the_table_says(shell: Shell, source: Path) -> None:
    """Once more changes nothing, and finds its list again though that has another name."""
    command = (
        "migrate-from",
        "mailman3",
        str(source),
        "--files",
        str(source.parent),
        "--json",
        "--list",
        "news=letter",
    )
    first = shell.good(*command).json["lists"][0]
    assert {"added": 2, "skipped_suppressed": 1} == {
        name: number for name, number in first["imported"].items() if number
    }
    assert {"added": 1, "refused": 1} == first["archive"]
    shown = shell.good("list", "show", "letter", "--json").json
    assert ("The News", "de", "members", "olga@x.example") == tuple(
        shown[key] for key in ("title", "language", "archive", "owner")
    )
    states = {row["address"]: row["state"] for row in shell.good("subscriber", "ls", "letter", "--json").json}
    assert {"ada@x.example": "active", "off@x.example": "suspended"} == states
    assert ["banned@x.example"] == [row["address"] for row in shell.good("suppression", "ls", "--json").json]
    assert ["olga@x.example"] == [row["address"] for row in shell.good("editor", "ls", "letter", "--json").json]
    (edition,) = shell.good("edition", "ls", "--json").json
    assert ("finished", 0, "High water") == (edition["state"], edition["audience"], edition["subject"])
    shell.good("editor", "rm", "letter", "olga@x.example")
    before = shell.contents()
    again = shell.good("migrate-from", "mailman3", str(source), "--files", str(source.parent), "--json").json["lists"][
        0
    ]
    assert (True, "letter", 2, {"unchanged": 1, "refused": 1}) == (
        *(again["begun"], again["to"], again["imported"]["unchanged"]),
        again["archive"],
    )
    assert before.keys() == shell.contents().keys()
    assert 1 == len(shell.good("edition", "ls", "--json").json)
    assert [] == shell.good("editor", "ls", "letter", "--json").json  # removed in between


def test_a_name_that_is_taken_stops_everything_before_it_begins(shell: Shell, source: Path) -> None:
    """The error has the option that helps."""
    shell.make_list("news")
    called = shell.call("migrate-from", "mailman3", str(source))
    assert (65, True) == (called.code, "--list 'news@lists.example=NAME'" in called.err)
    assert [] == shell.good("suppression", "ls", "--json").json
    assert 1 == shell.call("migrate-from", "mailman3", str(source), "--list", "other").code
    assert 65 == shell.call("migrate-from", "mailman3", str(source), "--list", "news=news-owner").code


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_an_archive_that_cannot_be_read_stops_everything_before_it_begins(
    shell: Shell, source: Path, options: list[str]
) -> None:
    """Else the members of its list would come, and the next lists would not."""
    archive = source.parent / "news@lists.example.mbox.gz"
    archive.write_bytes(gzip.compress(MBOX.encode())[:-9])
    called = shell.call("migrate-from", "mailman3", str(source), "--files", str(source.parent), *options)
    assert (66, True, True) == (called.code, str(archive) in called.err, "--no-archives" in called.err)
    assert [] == shell.good("suppression", "ls", "--json").json
    assert [] == shell.good("list", "ls", "--json").json
    shell.good("migrate-from", "mailman3", str(source), "--files", str(source.parent), "--no-archives", *options)


@pytest.fixture
def archived(tmp_path: Path) -> Path:
    """A dump of listmonk whose first list is archived."""
    dump = tmp_path / "dump.sql"
    dump.write_text(LISTMONK.replace("type, optin,", "type, optin, status,").replace("double\t", "double\tarchived\t")
        .replace("private\tsingle\t", "private\tsingle\tactive\t"))  # fmt: skip
    return dump


def is_open(shell: Shell, name: str) -> bool:
    return shell.good("list", "show", name, "--json").json["closed_at"] is None


def test_a_list_that_is_closed_there_is_closed_here_once(shell: Shell, archived: Path) -> None:
    """Its people come all the same; again moves nothing into it, and leaves it open where somebody has reopened it."""
    command = ("migrate-from", "listmonk", str(archived), "--json")
    assert "closed=true" in shell.good(*command[:-1], "--dry-run").out
    planned = shell.good(*command, "--dry-run").json["lists"]
    moved = shell.good(*command).json["lists"]
    assert [(True, False), (False, False)] == [(old["closes"], old["closed"]) for old in planned]
    assert planned[0]["members"] == moved[0]["members"]
    closed, other = (old["to"] for old in moved)
    states = {row["address"]: row["state"] for row in shell.good("subscriber", "ls", closed, "--json").json}
    assert ("active", "unsubscribed") == (states["a1@x.example"], states["a3@x.example"])
    assert [False, True] == [is_open(shell, name) for name in (closed, other)]
    again = shell.good(*command).json["lists"][0]
    assert (False, True, [], False) == (again["closes"], again["closed"], again["members"], "imported" in again)
    assert "closed here" in shell.good(*command[:-1]).out
    shell.good("list", "set", closed, "closed=false")
    reopened = shell.good(*command).json["lists"][0]
    assert (False, True) == (reopened["closes"], is_open(shell, closed))


class Killed(BaseException):
    """Stands for a kill."""


def kill_before(call: int, patched: pytest.MonkeyPatch) -> None:
    """Kill a command before its call to the database with this number."""
    number = 0

    def counting(*args: Any, **options: Any) -> Any:
        nonlocal number
        number += 1
        if number == call:
            raise Killed
        return executing(*args, **options)

    patched.setattr("pressrun.cli.operating.migrate_from.executing", counting)
    patched.setattr("pressrun.cli.shared.write_verbs.executing", counting)


@pytest.mark.parametrize("call", range(1, 9))
def test_wherever_it_is_interrupted_nobody_is_wrongly_active_and_again_does_the_rest(
    shell: Shell, source: Path, call: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each batch is a transaction of its own; suppressions come before members."""
    command = ("migrate-from", "mailman3", str(source), "--files", str(source.parent), "--json")
    with monkeypatch.context() as patched:
        kill_before(call, patched)
        try:
            shell.call(*command)
        except Killed:
            listed = shell.good("list", "ls", "--json").json
            if listed:
                rows = shell.good("subscriber", "ls", "news", "--state", "active", "--json").json
                assert {row["address"] for row in rows} <= {"ada@x.example"}
                places = select_at(shell.database, "select kind from redirect where kind <> 'origin'")
                assert rows or not places  # whoever unsubscribes at an old address is there
    shell.good(*command)
    rows = shell.good("subscriber", "ls", "news", "--json").json
    assert {"ada@x.example": "active", "off@x.example": "suspended"} == {row["address"]: row["state"] for row in rows}
    assert 1 == len(shell.good("edition", "ls", "--json").json)
    assert 1 == len(shell.good("editor", "ls", "news", "--json").json)


@pytest.mark.parametrize("call", range(4, 10))
def test_a_list_is_closed_once_wherever_the_move_is_interrupted(
    shell: Shell, archived: Path, call: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Again closes it with all of its people, and yet again leaves it open where somebody has reopened it."""
    command = ("migrate-from", "listmonk", str(archived), "--json")
    with monkeypatch.context() as patched:
        kill_before(call, patched)
        with pytest.raises(Killed):
            shell.call(*command)
    closed = shell.good(*command).json["lists"][0]["to"]
    assert not is_open(shell, closed)
    assert {"a1@x.example", "a3@x.example"} <= {
        row["address"] for row in shell.good("subscriber", "ls", closed, "--json").json
    }
    shell.good("list", "set", closed, "closed=false")
    shell.good(*command)
    assert is_open(shell, closed)
