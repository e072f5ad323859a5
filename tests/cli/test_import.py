"""`subscriber import` as an operator calls it, with files of other programs."""

from __future__ import annotations

import csv
import io

import pytest
from tests.cli.shell import Shell

from pressrun.cli.readers import import_outcome

LISTMONK = (
    "uuid,email,name,attributes,status,created_at,updated_at\n"
    "u,a@x.example,Ann,{},enabled,2023-01-02 15:04:05 +0000 UTC,z\n"
    "u,b@x.example,Bob,{},disabled,2023-01-02 15:04:05 +0000 UTC,z\n"
    "u,c@x.example,Cid,{},blocklisted,2023-01-02 15:04:05 +0000 UTC,z\n"
    "u,nobody,,{},blocklisted,2023-01-02 15:04:05 +0000 UTC,z\n"
    "u,nobody,,[],enabled,2023-01-02 15:04:05 +0000 UTC,z\n"
)
MILLION = 1_000_000


def test_an_export_reads_back_unchanged_in_every_state(shell: Shell) -> None:
    for name in ("news", "copy"):
        shell.good("list", "create", name, "--title", name)
    rows = [
        f'{state or "member"}@x.example,Ann,de,2020-01-02T00:00:00Z,a fair,192.0.2.7,{state or "active"},"a, \'b"'
        for state in ("", "pending", "suspended", "unsubscribed")
    ]
    header = "email,name,language,subscribed_at,consent_source,consent_ip,state,city"
    file = shell.folder / "rows.csv"
    file.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    shell.good("subscriber", "import", "news", str(file))
    exported = shell.good("subscriber", "export", "news").out
    assert sorted([header, *rows]) == sorted(exported.splitlines())
    file.write_text(exported, encoding="utf-8")
    shell.good("subscriber", "import", "copy", str(file))
    assert exported == shell.good("subscriber", "export", "copy").out


def test_nobody_who_left_is_mailed_because_the_rest_of_their_row_cannot_be_stored(shell: Shell) -> None:
    """A refused row would leave the door open to the next file. Rows of members are refused as before."""
    shell.make_list()
    file = shell.write(
        "members.csv",
        "email,name,subscribed_at,consent_ip,state,city\n"
        "a@x.example,Ann,2020-01-02,,active,Ulm\n"
        "A@x.example,Ann,02.01.2020,,unsubscribed,Ulm\n"
        "b@x.example,Bob\x07,2020-01-02,,unsubscribed,Ulm\n"
        "c@x.example,Cid,2020-01-02,home,disabled,bounced\n"
        "d@x.example,Dan,02.01.2020,,active,Ulm\n"
        "e@x.example,,2020-01-02,,active,bounced\n"
        "f@x.example,,2020-01-02,,pending,bounced\n",
    )
    counted = shell.good("subscriber", "import", "news", file, "--send-confirmation", "--json").json
    assert [6, 7, 8] == [row["line"] for row in counted["invalid"]]
    states = {row["address"]: row["state"] for row in shell.good("subscriber", "ls", "news", "--json").json}
    assert {"a@x.example": "unsubscribed", "b@x.example": "unsubscribed", "c@x.example": "suspended"} == states


def test_a_name_of_several_lines_becomes_one(shell: Shell) -> None:
    """As spreadsheets write a cell with a line break."""
    shell.make_list()
    file = shell.write("members.csv", 'email,name\na@x.example,"Ann\r\nof Ulm"\nb@x.example,Bob\tBerg\n')
    assert [] == shell.good("subscriber", "import", "news", file, "--json").json["invalid"]
    names = [row["name"] for row in shell.good("subscriber", "ls", "news", "--json").json]
    assert ["Ann of Ulm", "Bob Berg"] == names


def test_people_whom_another_program_has_blocked_are_suppressed(shell: Shell) -> None:
    """The dry run counts what the import does then, and a second import changes nothing."""
    shell.make_list()
    file = shell.write("listmonk.csv", LISTMONK)
    arguments = ("subscriber", "import", "news", file, "--format", "listmonk")
    dry = shell.good(*arguments, "--dry-run")
    assert "who unsubscribed from the list" in dry.err
    table = [line.split("  ") for line in dry.out.splitlines()[1:6]]
    assert [
        ["blocklisted", "refused", "1"],
        ["blocklisted", "suppressed (operator)", "1"],
        ["disabled", "suspended", "1"],
        ["enabled", "active", "1"],
        ["unreadable", "refused", "1"],
    ] == [[part.strip() for part in row if part.strip()] for row in table]
    counted = shell.good(*arguments, "--dry-run", "--json").json
    assert counted == shell.good(*arguments, "--json").json
    assert {"added": 2, "suppressed": 1, "unconfirmed": 0} == {
        name: counted[name] for name in ("added", "suppressed", "unconfirmed")
    }
    assert [5, 6] == [row["line"] for row in counted["invalid"]]
    assert [("a@x.example", "active"), ("b@x.example", "suspended")] == [
        (row["address"], row["state"]) for row in shell.good("subscriber", "ls", "news", "--json").json
    ]
    assert [("c@x.example", "operator")] == [
        (row["address"], row["reason"]) for row in shell.good("suppression", "ls", "--json").json
    ]
    again = shell.good(*arguments, "--json").json
    assert (0, 0, 3) == (again["added"], again["suppressed"], again["unchanged"])


def test_nothing_is_suppressed_for_a_list_that_does_not_exist(shell: Shell) -> None:
    """The list is looked for before anything is written."""
    shell.make_list()
    file = shell.write("listmonk.csv", LISTMONK)
    assert 1 == shell.call("subscriber", "import", "nope", file, "--format", "listmonk").code
    assert [] == shell.good("suppression", "ls", "--json").json


def test_refused_rows_go_to_a_file_with_their_text(shell: Shell) -> None:
    """An existing file is never replaced, and then nothing is imported."""
    shell.make_list()
    file = shell.write("members.csv", 'email,name\na@x.example,A\n"no,body",=B\nc@x.example\n')
    rejects = shell.folder / "rejects.csv"
    arguments = ("subscriber", "import", "news", file, "--rejects", str(rejects))
    rejects.write_text("mine", encoding="utf-8")
    assert 73 == shell.call(*arguments).code
    assert ("mine", []) == (rejects.read_text(encoding="utf-8"), shell.good("subscriber", "ls", "news", "--json").json)
    rejects.unlink()
    assert 2 == len(shell.good(*arguments, "--json").json["invalid"])
    rows = list(csv.DictReader(io.StringIO(rejects.read_text(encoding="utf-8"))))
    assert [("3", '"no,body",=B'), ("4", "c@x.example")] == [(row["line"], row["original"]) for row in rows]
    assert "has 1 field where" in rows[1]["reason"]
    assert 64 == shell.call(*arguments[:-1], "-").code


@pytest.mark.thorough
@pytest.mark.only_on("sqlite", "the rows are refused before any database hears of them")
@pytest.mark.timeout(600)
def test_a_million_refused_rows_keep_nobody_out(shell: Shell) -> None:
    """Each is told with its line, and the good one behind them is imported."""
    shell.make_list()
    file, rejects = shell.folder / "bad.csv", shell.folder / "rejects.csv"
    with file.open("w", encoding="utf-8") as out:
        out.write("email,name\n")
        out.writelines(f"nobody{number},Nobody\n" for number in range(MILLION))
        out.write("ann@x.example,Ann\n")
    called = shell.good("subscriber", "import", "news", str(file), "--rejects", str(rejects))
    assert {("added", "1"), ("invalid", str(MILLION))} <= {tuple(line.split()) for line in called.out.splitlines()}
    with rejects.open(encoding="utf-8", newline="") as written:
        lines = [row["line"] for row in csv.DictReader(written)]
    assert [str(line) for line in range(2, MILLION + 2)] == lines
    assert ["ann@x.example"] == [row["address"] for row in shell.good("subscriber", "ls", "news", "--json").json]


def test_rows_are_told_in_the_order_of_their_lines(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though they are imported in that of their addresses, and the last row of an address is the one that counts."""
    monkeypatch.setattr("pressrun.services.members.neighbours.BATCH", 2)
    monkeypatch.setattr("pressrun.services.members.neighbours.NEARBY", 6)
    shell.make_list()
    names = ["z@x.example,Zoe", "y,", "b@x.example,Bo", "x,", "Z@x.example,Zora", "a@x.example,Al"] * 3
    file = shell.write("readers.csv", "email,name\n" + "".join(f"{name}\n" for name in names))
    called = shell.good("subscriber", "import", "news", file, "--json", "--rejects", str(shell.folder / "rejects.csv"))
    assert [3, 5, 9, 11, 15, 17] == [row["line"] for row in called.json["invalid"]]
    written = list(csv.DictReader(io.StringIO((shell.folder / "rejects.csv").read_text())))
    assert [("3", "y,"), ("5", "x,"), ("9", "y,")] == [(row["line"], row["original"]) for row in written][:3]
    assert [("a@x.example", "Al"), ("b@x.example", "Bo"), ("z@x.example", "Zora")] == [
        (row["address"], row["name"]) for row in shell.good("subscriber", "ls", "news", "--json").json
    ]


def test_the_counts_come_last(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many refused rows would push them out of a terminal's window."""
    shell.make_list()
    file = shell.write("members.csv", "email\na@x.example\nnobody\n")
    printed: list[object] = []
    monkeypatch.setattr(import_outcome, "print_info", printed.append)
    monkeypatch.setattr(import_outcome, "print_fields", printed.append)
    shell.good("subscriber", "import", "news", file)
    line, counts = printed
    assert isinstance(line, str)
    assert line.startswith("line 3: ")
    assert isinstance(counts, dict)
    assert (1, 1) == (counts["added"], counts["invalid"])


def test_members_without_delivery_stay_suspended(shell: Shell) -> None:
    """First those whose delivery is off, then the whole list, which names them again."""
    shell.make_list()
    off = shell.write("off.txt", "B <b@x.example>\n")
    everybody = shell.write("all.txt", "A <a@x.example>\nB <b@x.example>\n")
    shell.good("subscriber", "import", "news", off, "--format", "mailman", "--state", "suspended")
    shell.good("subscriber", "import", "news", everybody, "--format", "mailman3")
    assert [("a@x.example", "active"), ("b@x.example", "suspended")] == [
        (row["address"], row["state"]) for row in shell.good("subscriber", "ls", "news", "--json").json
    ]


def test_those_who_never_confirmed_are_left_out(shell: Shell) -> None:
    """They are counted, and no confirmation is sent either."""
    shell.make_list()
    file = shell.write("phplist.csv", "email,confirmed,blacklisted\na@x.example,0,0\nb@x.example,1,0\n")
    answer = shell.good(
        "subscriber", "import", "news", file, "--format", "phplist", "--send-confirmation", "--json"
    ).json
    assert (1, 1) == (answer["added"], answer["unconfirmed"])
    assert [("b@x.example", "pending")] == [
        (row["address"], row["state"]) for row in shell.good("subscriber", "ls", "news", "--json").json
    ]


def test_suppressions_that_are_all_refused_are_said_to_suppress_nobody(shell: Shell) -> None:
    """As an import of readers says; the exit code stays 0, since the file was read."""
    said = "warning: every row was refused, so nobody was suppressed\n"
    bad = shell.good("suppression", "import", shell.write("bad.csv", "address,reason\nnobody,operator\n"))
    good = shell.good("suppression", "import", shell.write("good.csv", "address\nnobody\na@reader.example\n"))
    assert (True, False) == (bad.err.endswith(said), said in good.err)
