"""The verbs while no daemon is running, called as an operator calls them."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.shell import Shell

from pressrun import __version__
from pressrun.store.postgresql.location import PostgresDatabase
from pressrun.store.sqlite.location import SqliteFile

EDITION = "---\nsubject: Hello {{ name | default: you }}\n---\nThe text.\n\n![a quay](quay.png)\n"
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489")


def test_version_and_help_are_everywhere(shell: Shell) -> None:
    assert f"pressrun, version {__version__}\n" == shell.good("--version").out
    for verb in ([], ["list"], ["list", "create"], ["send"], ["subscriber", "import"], ["help"], ["version"]):
        assert f"Usage: {' '.join(['pressrun', *verb])} [OPTIONS]" in shell.good(*verb, "--help").out


def test_help_and_version_have_the_spellings_that_people_try(shell: Shell) -> None:
    for same in (["-h"], ["help"]):
        assert shell.good("--help").out == shell.good(*same).out
    assert shell.good("list", "create", "--help").out == shell.good("help", "list", "create").out
    assert shell.good("list", "create", "--help").out == shell.good("list", "create", "-h").out
    assert shell.good("--version").out == shell.good("version").out
    assert shell.good("help", "--help").out == shell.good("help", "help").out
    assert 64 == shell.call("help", "frobnicate").code


def test_an_empty_listing_says_so_beside_the_results(shell: Shell) -> None:
    """stdout stays empty, so that a program counts no rows."""
    shell.make_list()
    for verb in (["edition", "ls"], ["queue", "ls"], ["held", "ls"], ["inbound", "ls"], ["subscriber", "ls", "news"]):
        called = shell.good(*verb)
        assert ("", 1) == (called.out, len(called.err.splitlines())), verb


def test_a_setting_is_answered_with_what_it_is_now(shell: Shell) -> None:
    shell.make_list()
    assert "title   Notes\nlisted  no\n" == shell.good("list", "set", "news", "title=Notes", "listed=no").out


def test_reading_verbs_say_so_where_there_is_nothing_yet(shell: Shell) -> None:
    for verb in (["list", "ls"], ["edition", "ls"], ["queue", "ls"], ["held", "ls"], ["suppression", "ls"]):
        called = shell.good(*verb, "--json")
        assert ([], True) == (called.json, "yet. Create" in called.err)
    assert 1 == shell.call("list", "show", "news").code
    assert "address,reason,since\n" == shell.good("suppression", "export").out
    assert not shell.data.exists()


@pytest.mark.parametrize("verb", ["list ls", "list show news", "subscriber show a@x.example"])
def test_a_verb_that_reads_opens_the_database_once(shell: Shell, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Version, keys and rows are read by one connection, in one snapshot."""
    shell.make_list()
    shell.good("subscriber", "add", "news", "a@x.example")
    place = SqliteFile if isinstance(shell.database, Path) else PostgresDatabase
    connect, opened = place.connect, []

    def counted(self: Any, *, readonly: bool = False) -> Any:
        opened.append(readonly)
        return connect(self, readonly=readonly)

    monkeypatch.setattr(place, "connect", counted)
    shell.good(*verb.split())
    assert [True] == opened


def test_a_list_lives_through_its_verbs(shell: Shell) -> None:
    made = shell.good("list", "create", "news", "--title", "News", "--owner", "o@x.example", "--json").json
    promised = "name title from owner language archive active pending suspended unsubscribed".split()
    assert [] == [name for name in promised if name not in made]
    assert "Notes" == shell.good("list", "set", "news", "title=Notes", "listed=no", "--json").json["title"]
    assert made["name"] == shell.good("list", "show", "news", "--json").json["name"]
    assert "Notes" in shell.good("list", "ls").out
    assert shell.good("list", "close", "news", "--yes", "--json").json["closed_at"] is not None
    assert shell.good("list", "set", "news", "closed=false", "--json").json["closed_at"] is None
    shell.good("list", "set", "news", "closed=true", "--yes")
    shell.good("list", "rm", "news", "--yes")
    assert [] == shell.good("list", "ls", "--json").json


def test_readers_live_through_their_verbs(shell: Shell) -> None:
    shell.make_list()
    assert "active" == shell.good("subscriber", "add", "news", "Ann@x.example", "--name", "Ann", "--json").json["state"]
    assert (
        "pending"
        == shell.good("subscriber", "add", "news", "b@x.example", "--send-confirmation", "--json").json["state"]
    )
    listed = shell.good("subscriber", "ls", "news", "--json").json
    assert {"address", "name", "state", "since", "source"} == set(listed[0])
    assert ["b@x.example"] == [
        member["address"] for member in shell.good("subscriber", "ls", "news", "--state", "pending", "--json").json
    ]
    shown = shell.good("subscriber", "show", "ann@X.example", "--json").json
    assert {"address", "suppressed", "lists", "consent", "deliveries"} <= set(shown)
    assert "Ann" in shell.good("subscriber", "show", "ann@x.example").out
    shell.good("subscriber", "rm", "news", "ann@x.example")
    shell.good("subscriber", "erase", "ann@x.example", "--yes", "--json")
    assert 1 == shell.call("subscriber", "show", "ann@x.example").code


def test_a_file_is_counted_taken_in_and_written_out(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.make_list()
    content = "email,name,city\na@x.example,A,=Rome\nnobody,,\nb@x.example,B\nA@x.example,A,'+49\n"
    file = shell.write("readers.csv", content)
    assert "nothing was changed" in shell.good("subscriber", "import", "news", file, "--dry-run").err
    dry = shell.good("subscriber", "import", "news", file, "--dry-run", "--json").json
    assert (1, 1, [3, 4]) == (dry["added"], dry["updated"], [bad_row["line"] for bad_row in dry["invalid"]])
    assert 0 == shell.good("list", "show", "news", "--json").json["active"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
    assert dry == shell.good("subscriber", "import", "news", "-", "--json").json
    rows = list(csv.DictReader(io.StringIO(shell.good("subscriber", "export", "news").out)))
    assert [("a@x.example", "'+49", "active", "import")] == [
        (row["email"], row["city"], row["state"], row["consent_source"]) for row in rows
    ]
    again = shell.good(
        "subscriber",
        "import",
        "news",
        shell.write("again.csv", shell.good("subscriber", "export", "news").out),
        "--json",
    )
    assert 1 == again.json["unchanged"]
    called = shell.good("subscriber", "import", "news", file)
    assert ("line 3: " in called.err, "nothing was changed" in called.err) == (True, False)
    as_json = shell.good("subscriber", "export", "news", "--format", "json")
    assert "a@x.example" == as_json.json[0]["email"]
    assert as_json.out == shell.good("subscriber", "export", "news", "--json").out


def test_many_rows_go_in_several_batches(shell: Shell) -> None:
    shell.make_list()
    file = shell.write("readers.csv", "email\n" + "".join(f"reader{i}@x.example\n" for i in range(2500)))
    for expected in ("added", "unchanged"):
        dry = shell.good("subscriber", "import", "news", file, "--dry-run", "--json").json
        assert (2500, dry) == (dry[expected], shell.good("subscriber", "import", "news", file, "--json").json)
    assert 2500 == len(shell.good("subscriber", "ls", "news", "--json").json)


def test_an_edition_is_previewed_tested_and_taken(shell: Shell) -> None:
    shell.make_list()
    shell.good("subscriber", "add", "news", "a@x.example", "--name", "Ann")
    file = shell.write("edition.md", EDITION)
    shell.write("quay.png", PNG)
    shown = shell.good("preview", "news", file, "--as", "a@x.example", "--json").json
    assert ({"findings", "subject", "text", "html"}, "Hello Ann") == (set(shown), shown["subject"])
    shell.good("preview", "news", file, "--out", str(shell.folder / "out"))
    assert ["index.html", "message.eml", "message.html", "message.txt"] == sorted(
        p.name for p in (shell.folder / "out").iterdir()
    )
    assert 73 == shell.call("preview", "news", file, "--out", str(shell.folder / "out")).code
    tests = ("--test", "t@x.example", "--test", "u@x.example", "--test", "T@x.example")
    tested = shell.good("send", "news", file, *tests, "--json").json
    assert {"test": ["t@x.example", "u@x.example"]} == tested
    assert [] == shell.good("edition", "ls", "--json").json
    taken = shell.good("send", "news", file, "--yes", "--json")
    assert (1, "sending", 1, 1) == tuple(taken.json[name] for name in ("id", "state", "audience", "queued"))
    assert "no daemon is running" in taken.err
    refused = shell.call("send", "news", file, "--yes")
    assert (1, True) == (refused.code, "edition 1" in refused.err)
    later = shell.good("send", "news", file, "--yes", "--again", "--at", "+10m", "--json").json
    assert (2, "scheduled") == (later["id"], later["state"])
    assert {"x.example"} == {destination["domain"] for destination in shell.good("queue", "ls", "--json").json}


def test_an_edition_comes_from_stdin(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the format that is said, with its pictures from the working directory."""
    shell.make_list()
    shell.good("subscriber", "add", "news", "a@x.example")
    shell.write("quay.png", PNG)
    monkeypatch.chdir(shell.folder)
    for source, options, text in (
        (EDITION, (), "The text."),
        ("---\nsubject: Plain\n---\n*Stars*\n", ("--format", "txt"), "*Stars*"),
        (
            "Subject: Mail\nContent-Type: text/plain\n\nFrom a mail program.\n",
            ("--format", "eml"),
            "From a mail program.",
        ),
    ):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(source.encode())))
        assert text in shell.good("preview", "news", "-", *options, "--json").json["text"]
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(source.encode())))
        assert 1 == shell.good("send", "news", "-", *options, "--yes", "--json").json["audience"]


def test_the_buttons_of_an_edition(shell: Shell) -> None:
    shell.make_list()
    shell.good("subscriber", "add", "news", "a@x.example")
    file = shell.write("edition.txt", "---\nsubject: Hello\n---\nThe text.\n")
    shell.good("send", "news", file, "--yes")
    assert "paused" == shell.good("edition", "pause", "1", "--json").json["state"]
    assert "sending" == shell.good("edition", "resume", "1", "--json").json["state"]
    assert "cancelled" == shell.good("edition", "cancel", "1", "--yes", "--json").json["state"]
    assert 1 == shell.call("edition", "pause", "1").code
    report = shell.good("edition", "report", "1", "--json").json
    assert (1, [], []) == (report["cancelled"], report["failures"], report["waiting"])
    assert {"retried": 0} == shell.good("queue", "retry", "--domain", "x.example", "--json").json


def test_an_edition_is_moved_and_its_list_has_hours(shell: Shell) -> None:
    """What is said of the hours is said where people look."""
    shell.make_list()
    shell.good("subscriber", "add", "news", "a@x.example")
    file = shell.write("edition.txt", "---\nsubject: Hello\n---\nThe text.\n")
    shell.good("send", "news", file, "--yes", "--at", "2099-01-01T00:00:00Z")
    moved = shell.good("edition", "move", "1", "--at", "2099-06-01T22:00:00+02:00", "--json").json
    assert ("scheduled", "2099-06-01T20:00:00Z") == (moved["state"], moved["scheduled_at"])
    assert 65 == shell.call("edition", "move", "1", "--at", "2001-01-01T00:00:00Z").code
    shell.good("list", "set", "news", "hours=08:00-20:00", "timezone=Europe/Berlin")
    assert "2099-06-02T06:00:00Z" == shell.good("edition", "show", "1", "--json").json["held_until"]
    assert 65 == shell.call("list", "set", "news", "hours=late").code


def test_a_scheduled_edition_that_keeps_the_former_settings_is_named(shell: Shell) -> None:
    """It goes out as it was checked. Cancelled and sent once more, it has the new ones."""
    shell.make_list()
    shell.good("subscriber", "add", "news", "a@x.example")
    file = shell.write("edition.txt", "---\nsubject: Hello\n---\nThe text.\n")
    shell.good("send", "news", file, "--yes", "--at", "2099-01-01T00:00:00Z")
    assert "edition 1 keeps" not in shell.good("list", "set", "news", "hours=08:00-20:00").err
    assert "edition 1 keeps the settings that it was checked with" in shell.good("list", "set", "news", "footer=X").err
    shell.good("edition", "cancel", "1", "--yes")
    assert "edition 1 keeps" not in shell.good("list", "set", "news", "footer=Y", "--json").err
    shell.good("send", "news", file, "--yes", "--again", "--at", "2099-01-01T00:00:00Z")


def test_who_is_suppressed_and_no_subscriber_is_shown(shell: Shell) -> None:
    """So that an operator who looks an address up learns why it gets no mail; an erased one stays unknown."""
    shell.good("suppression", "add", "A@x.example", "--reason", "complaint")
    shown = shell.good("subscriber", "show", "a@x.example", "--json").json
    assert ("complaint", [], [], []) == tuple(shown[name] for name in ("suppressed", "lists", "consent", "deliveries"))
    assert "complaint" in shell.good("subscriber", "show", "a@x.example").out
    shell.good("subscriber", "erase", "a@x.example", "--yes")
    assert 1 == shell.call("subscriber", "show", "a@x.example").code


def test_suppressions_come_and_go(shell: Shell) -> None:
    shell.good("suppression", "add", "a@x.example", "--reason", "complaint")
    file = shell.write("out.csv", "b@x.example\na@x.example\nnobody\n")
    outcome = shell.good("suppression", "import", file, "--json").json
    assert (1, 1, [3]) == (outcome["added"], outcome["unchanged"], [row["line"] for row in outcome["invalid"]])
    listed = shell.good("suppression", "ls", "--json").json
    assert {("a@x.example", "complaint"), ("b@x.example", "operator")} == {(o["address"], o["reason"]) for o in listed}
    assert shell.good("suppression", "ls", "--json").json == shell.good("suppression", "export", "--json").json
    exported = shell.write("all.csv", shell.good("suppression", "export").out)
    assert 2 == shell.good("suppression", "import", exported, "--json").json["unchanged"]
    shell.good("suppression", "rm", "A@x.example", "--yes")
    assert 1 == len(shell.good("suppression", "ls", "--json").json)


def test_editors_come_and_go(shell: Shell) -> None:
    shell.make_list()
    shell.good("editor", "add", "news", "ed@x.example")
    assert [{"address": "ed@x.example"}] == shell.good("editor", "ls", "news", "--json").json
    assert "" == shell.good("editor", "rm", "news", "ed@x.example").out
    assert "" == shell.good("editor", "ls", "news").out


def test_a_key_is_added_and_the_old_one_stays(shell: Shell) -> None:
    shell.make_list()
    assert {"number": 2} == shell.good("key", "rotate", "--yes", "--json").json
    assert ["link-1", "link-2", "suppression"] == sorted(path.name for path in (shell.data / "keys").iterdir())


def test_migrating_a_current_database_does_nothing(shell: Shell) -> None:
    assert 1 == shell.call("migrate").code
    shell.make_list()
    assert {"steps": []} == shell.good("migrate", "--json").json


def test_an_edition_to_nobody_is_warned_of_and_one_on_its_way_says_where_to_look(shell: Shell) -> None:
    shell.make_list()
    file = shell.write("edition.txt", "---\nsubject: Hello\n---\nThe text.\n")
    called = shell.good("send", "news", file, "--yes")
    assert ("nobody would get this edition" in called.err, "pressrun edition report 1" in called.err) == (True, True)
    tested = shell.good("send", "news", file, "--test", "t@x.example")
    assert ("queued for t@x.example" in tested.out, "no daemon is running" in tested.err) == (True, True)


def test_a_corrected_file_is_warned_of_before_readers_get_both(shell: Shell) -> None:
    """Whoever says --again knows."""
    shell.make_list()
    warnings = []
    for text, more in (("The txt.", ()), ("The text.", ()), ("A text.", ("--again",))):
        file = shell.write("edition.txt", f"---\nsubject: Hello\n---\n{text}\n")
        warnings.append(
            "edition 1 of news has the same subject" in shell.good("send", "news", file, "--yes", *more).err
        )
    assert [False, True, False] == warnings


@pytest.mark.parametrize("column", ["status", "Blacklisted", "confirmed", "disabled", "delivery"])
def test_a_column_that_may_say_who_left_is_not_taken_as_a_merge_field(shell: Shell, column: str) -> None:
    shell.make_list()
    file = shell.write("readers.csv", f"email,{column}\na@x.example,blocklisted\n")
    for more in ([], ["--dry-run"]):
        called = shell.call("subscriber", "import", "news", file, *more)
        assert (65, True) == (called.code, f"'{column}'" in called.err)
    assert 0 == shell.good("list", "show", "news", "--json").json["active"]


def test_a_person_at_a_terminal_is_asked_by_name(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """List, subject and audience are named; a no leaves everything as it was."""
    shell.make_list()
    shell.good("subscriber", "add", "news", "a@x.example")
    file = shell.write("edition.txt", "---\nsubject: Hello\n---\nThe text.\n")
    monkeypatch.setattr("pressrun.cli.shared.output.require_terminal_or_agreement", lambda **_: None)
    monkeypatch.setattr("pressrun.cli.editions.send.require_terminal_or_agreement", lambda **_: None)
    for answer, code, editions in (("n\n", 1, 0), ("\n", 1, 0), ("y\n", 0, 1)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(answer.encode())))
        called = shell.call("send", "news", file)
        assert (code, True) == (called.code, "Send “Hello” to 1 reader of news now?" in called.err)
        assert editions == len(shell.good("edition", "ls", "--json").json)


def test_warnings_are_told_and_errors_end_it_before_anybody_is_asked(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person who was asked would wonder why a yes is refused; a script reads them on stderr."""
    shell.make_list()
    lax = shell.write("lax.md", "---\nsubject: Hello!!\n---\n[x](http://x.example)\n")
    wrong = shell.write("wrong.md", "---\nsubject: Hello!!\n---\n{{ shoe }} and {{ hat }}\n")
    monkeypatch.setattr("pressrun.cli.shared.output.require_terminal_or_agreement", lambda **_: None)
    monkeypatch.setattr("pressrun.cli.editions.send.require_terminal_or_agreement", lambda **_: None)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"y\n")))
    refused = shell.call("send", "news", wrong)
    assert (65, False) == (refused.code, "Send “" in refused.err)
    for words in (
        "warning: line 2: The subject has several",
        "line 4: No subscriber has a field “shoe”",
        "“hat”",
    ):
        assert words in refused.err
    for call in (
        ["send", "news", lax],
        ["send", "news", lax, "--yes", "--again"],
        ["send", "news", lax, "--test", "t@x.example"],
    ):
        assert 2 == shell.good(*call).err.count("warning: line ")


def test_no_control_character_of_the_data_reaches_the_terminal(shell: Shell) -> None:
    shell.make_list()
    file = shell.write("readers.csv", 'email,note\na@x.example,"\x1b[31mred\n"\nb@x.example,"two\nlines"\n')
    assert "line 2" in shell.good("subscriber", "import", "news", file).err
    shown = shell.good("subscriber", "show", "b@x.example").out
    assert (True, False) == ("two lines" in shown, "\x1b" in shown)


def test_an_archive_is_exported_without_the_service(shell: Shell) -> None:
    """Its index is rendered by the service's own template, which finds here all that it asks for."""
    shell.make_list()
    shell.good("archive", "export", "news", str(shell.folder / "site"))
    assert "Archive" in (shell.folder / "site" / "index.html").read_text()


def test_the_next_step_after_init_is_as_short_as_it_can_be(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the folder itself, `check` finds the file without being told."""
    (shell.folder / "new").mkdir()
    monkeypatch.chdir(shell.folder / "new")
    assert shell.good("init").out.endswith("then run `pressrun check`\n")
    assert shell.good("init", "inner").out.endswith("then run `pressrun --config inner/config.toml check`\n")
