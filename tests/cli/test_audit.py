"""Every verb that writes leaves its row in the audit log, on both engines, and no row holds an address or a value."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from typing import Any

import pytest
from tests.cli.shell import Shell
from tests.database import REFUSALS, drop_triggers_at, execute_at, select_at
from tests.engines import location_at

from pressrun.cli.verb_table import READING, VERBS
from pressrun.core.signing.chain import Head
from pressrun.operations.dkim_keys import create_dkim_key
from pressrun.store.location import Location
from pressrun.store.queue import inbound
from pressrun.store.queue.inbound import InboundState, NewInbound
from pressrun.store.sqlite import migrate
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import keep_head

Row = Mapping[str, Any]
SECRET_TITLE = "Zurückhaltung"
EDITION = "---\nsubject: S\n---\nT\n"


class Killed(BaseException):
    """Stands for a kill."""


def location(shell: Shell) -> Location:
    return location_at(str(shell.database))


def rows(shell: Shell, *options: str) -> list[dict[str, Any]]:
    """The rows of the log, the oldest first."""
    newest_first: list[dict[str, Any]] = shell.good("audit", "ls", "--json", "--limit", "1000", *options).json
    return newest_first[::-1]


@pytest.fixture
def laid_out(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Something for every verb to work on."""
    monkeypatch.chdir(shell.folder)
    shell.begin_with("audit", partial(_lay_out, shell))
    return shell


def _lay_out(shell: Shell) -> None:
    shell.make_list()
    shell.make_list("closed")
    shell.good("list", "close", "closed", "--yes")
    shell.write("edition.md", EDITION)
    shell.write("draft.md", EDITION.replace("S", "Draft"))
    shell.write("readers.csv", "email\nr@x.example\n")
    shell.write("suppressed.csv", "u@x.example\n")
    shell.good("subscriber", "add", "news", "a@x.example")
    shell.good("send", "news", "edition.md", "--yes", "--at", "+1h")


def kept_mail(shell: Shell) -> None:
    with closing(location(shell).connect()) as connection:
        connection.write(_keep_mail)


def _keep_mail(tx: Transaction) -> None:
    for number in (1, 2):
        row = NewInbound(
            mail_from=f"k{number}@x.example",
            recipient="news-request@lists.example.test",
            peer="127.0.0.1",
            utf8=False,
            digest=bytes([number]) * 32,
            state=InboundState.FAILED,
        )
        inbound.store_mail(tx, [row], b"Subject: kept\r\n\r\nT\r\n", int(time.time()))


def a_second_list(shell: Shell) -> None:
    shell.good("list", "set", "news", "family=all")
    shell.make_list("nachrichten", "--language", "de")
    shell.good("list", "set", "nachrichten", "family=all")
    shell.write("folge.md", EDITION)
    shell.good("send", "nachrichten", "folge.md", "--yes", "--at", "+1h")


def linked(shell: Shell) -> None:
    a_second_list(shell)
    shell.good("edition", "link", "1", "2")


def paused(shell: Shell) -> None:
    shell.good("edition", "pause", "1")


def sent(shell: Shell) -> None:
    shell.good("edition", "cancel", "1", "--yes")
    shell.write("other.md", EDITION.replace("S", "Other"))
    shell.good("subscriber", "rm", "news", "a@x.example")
    shell.good("send", "news", "other.md", "--yes")


def suppressed(shell: Shell) -> None:
    shell.good("suppression", "add", "s@x.example")


def an_editor(shell: Shell) -> None:
    shell.good("editor", "add", "news", "e@x.example")


def rotated(shell: Shell) -> None:
    shell.good("key", "rotate", "--yes")


def a_person(shell: Shell) -> None:
    shell.good("user", "add", "ann", "--email", "ann@x.example")


def an_operator(shell: Shell) -> None:
    shell.good("user", "add", "ann", "--operator")


def a_token(shell: Shell) -> None:
    shell.good("token", "create", "--name", "site")


def nothing(_: Shell) -> None:
    pass


def a_draft(shell: Shell) -> None:
    shell.good("edition", "draft", "news", "draft.md")


def a_draft_of_another(shell: Shell) -> None:
    a_draft(shell)
    execute_at(shell.database, "update revision set author = 'person 7'")


# Of each verb: what must be there, its arguments, and what its row says of action, list, object, and fields.
Walk = tuple[Callable[[Shell], None], list[str], tuple[str, str | None, str | None, list[str]]]
WALKS: dict[str, Walk] = {
    "list create": (nothing, ["b", "--title", SECRET_TITLE], ("list.create", "b", None, ["title"])),
    "list set": (nothing, ["news", f"title={SECRET_TITLE}"], ("list.set", "news", None, ["title"])),
    "list close": (nothing, ["news", "--yes"], ("list.close", "news", None, [])),
    "list rm": (nothing, ["closed", "--yes"], ("list.rm", "closed", None, [])),
    "editor add": (nothing, ["news", "e@x.example"], ("editor.add", "news", None, [])),
    "editor rm": (an_editor, ["news", "e@x.example"], ("editor.rm", "news", None, [])),
    "subscriber add": (nothing, ["news", "b@x.example"], ("subscriber.add", "news", None, [])),
    "subscriber rm": (nothing, ["news", "a@x.example"], ("subscriber.rm", "news", None, [])),
    "subscriber erase": (nothing, ["a@x.example", "--yes"], ("subscriber.erase", None, None, [])),
    "subscriber import": (nothing, ["news", "readers.csv"], ("subscriber.import", "news", None, [])),
    "subscriber sync": (nothing, ["news", "readers.csv"], ("subscriber.sync", "news", None, [])),
    "suppression add": (nothing, ["s@x.example"], ("suppression.add", None, None, [])),
    "suppression rm": (suppressed, ["s@x.example", "--yes"], ("suppression.rm", None, None, [])),
    "suppression import": (nothing, ["suppressed.csv"], ("suppression.import", None, None, [])),
    "send": (nothing, ["news", "edition.md", "--yes", "--again"], ("edition.send", "news", "edition 2", [])),
    "edition draft": (nothing, ["news", "draft.md"], ("edition.draft", "news", "edition 2", [])),
    "edition test": (a_draft, ["2", "t@x.example"], ("edition.proof", "news", "edition 2", [])),
    "edition submit": (a_draft, ["2"], ("edition.submit", "news", "edition 2", [])),
    "edition approve": (a_draft_of_another, ["2"], ("edition.approve", "news", "edition 2", [])),
    "edition return": (a_draft, ["2", "--words", SECRET_TITLE], ("edition.return", "news", "edition 2", [])),
    "edition send": (a_draft, ["2", "--yes"], ("edition.release", "news", "edition 2", [])),
    "edition pause": (nothing, ["1"], ("edition.pause", "news", "edition 1", [])),
    "edition resume": (paused, ["1"], ("edition.resume", "news", "edition 1", [])),
    "edition move": (nothing, ["1", "--at", "+2h"], ("edition.move", "news", "edition 1", [])),
    "edition cancel": (nothing, ["1", "--yes"], ("edition.cancel", "news", "edition 1", [])),
    "edition resend": (sent, ["2", "--failed"], ("edition.resend", "news", "edition 2", [])),
    "edition link": (a_second_list, ["1", "2"], ("edition.link", "news", "edition 1, 2", [])),
    "edition unlink": (linked, ["2"], ("edition.unlink", "nachrichten", "edition 2", [])),
    "queue retry": (nothing, [], ("queue.retry", None, None, [])),
    "inbound retry": (kept_mail, ["1"], ("inbound.retry", None, "mail 1", [])),
    "inbound rm": (kept_mail, ["2", "--yes"], ("inbound.rm", None, "mail 2", [])),
    "held release": (nothing, ["--yes"], ("held.release", None, None, [])),
    "held rm": (nothing, ["--yes"], ("held.rm", None, None, [])),
    "key rotate": (nothing, ["--yes"], ("key.rotate", None, "key 2", [])),
    "key retire": (rotated, ["1", "--after", "30d", "--yes"], ("key.retire", None, "key 1", [])),
    "token create": (nothing, ["--name", "site"], ("token.create", None, "token 1", [])),
    "token revoke": (a_token, ["1"], ("token.revoke", None, "token 1", [])),
    "user add": (nothing, ["ann", "--email", "ann@x.example"], ("user.add", None, "person ann", [])),
    "user invite": (
        nothing,
        ["ann@x.example", "--list", "news", "--role", "editor"],
        ("user.invite", "news", "person ann", []),
    ),
    "user grant": (
        a_person,
        ["ann@x.example", "--list", "news", "--role", "editor"],
        ("user.grant", "news", "person ann", []),
    ),
    "user revoke": (an_operator, ["ann", "--operator"], ("user.revoke", None, "person ann", [])),
    "user link": (a_person, ["ann@x.example"], ("user.link", None, "person ann", [])),
    "user reset": (a_person, ["ann"], ("user.reset", None, "person ann", [])),
    "user rm": (a_person, ["Ann"], ("user.rm", None, "person ann", [])),
    "backup": (nothing, ["backup.tar"], ("backup", None, None, [])),
    "dkim create": (nothing, [], ("dkim.create", None, None, [])),
}
ELSEWHERE = {
    "migrate": "test_a_step_of_the_schema_is_recorded_once",
    "move-to": "test_a_move_is_recorded_where_the_data_are_then",
    "restore": "test_a_restore_is_recorded_in_what_was_restored",
    "migrate-from": "it calls list.create, subscriber.import and others, which are walked, once for each list or batch",
    "reload": "tests/control/test_door.py: it needs a daemon, and is a verb as any other there",
}


def test_every_verb_that_writes_is_walked() -> None:
    """A new verb belongs to READING, or here."""
    assert VERBS.keys() - READING == WALKS.keys() | ELSEWHERE.keys()


@pytest.mark.parametrize("path", WALKS)
def test_a_verb_leaves_its_row_and_no_address_or_value(laid_out: Shell, path: str) -> None:
    prepare, arguments, expected = WALKS[path]
    prepare(laid_out)
    before = len(rows(laid_out))
    laid_out.good(*path.split(), *arguments)
    new = [row for row in rows(laid_out)[before:] if row["action"] != "erased" and row["outcome"] != "begun"]
    assert [(*expected, "done", 0, "shell")] == [
        (*(row[name] for name in ("action", "list", "object", "fields", "outcome")), row["uid"], row["way"])
        for row in new
        if row["uid"] is not None
    ]
    text = json.dumps(rows(laid_out), ensure_ascii=False)
    assert ("@" not in text, SECRET_TITLE not in text) == (True, True)
    assert laid_out.good("audit", "verify", "--json").json["ok"]


REFUSED: dict[str, tuple[list[str], int]] = {
    "list create": (["news", "--title", "T"], 1),
    "list set": (["news", "from=nobody"], 65),
    "list close": (["none", "--yes"], 1),
    "list rm": (["news", "--yes"], 1),
    "editor add": (["news", "no address"], 65),
    "editor rm": (["news", "z@x.example"], 1),
    "subscriber add": (["closed", "b@x.example"], 1),
    "subscriber rm": (["news", "z@x.example"], 1),
    "subscriber erase": (["z@x.example", "--yes"], 1),
    "subscriber import": (["none", "readers.csv"], 1),
    "suppression rm": (["z@x.example", "--yes"], 1),
    "send": (["news", "edition.md", "--yes"], 1),
    "edition resume": (["1"], 1),
    "inbound rm": (["7", "--yes"], 1),
    "key retire": (["1", "--after", "1d", "--yes"], 1),
    "token create": (["--name", "a@x.example"], 65),
    "token revoke": (["7"], 1),
    "user add": (["a@x.example"], 65),
    "user invite": (["a@x.example", "--list", "none", "--role", "editor"], 1),
    "user grant": (["z@x.example", "--operator"], 1),
    "user revoke": (["z@x.example", "--operator"], 1),
    "user link": (["nobody"], 1),
    "user reset": (["nobody"], 1),
    "user rm": (["z@x.example"], 1),
}


@pytest.mark.parametrize("path", REFUSED)
def test_what_is_refused_has_a_row_of_its_own(laid_out: Shell, path: str) -> None:
    arguments, code = REFUSED[path]
    before = len(rows(laid_out))
    assert code == laid_out.call(*path.split(), *arguments).code
    (row,) = rows(laid_out)[before:]
    assert ("refused", code, True) == (row["outcome"], row["code"], "@" not in json.dumps(row))


def test_what_nobody_agreed_to_leaves_no_row(laid_out: Shell) -> None:
    before = rows(laid_out)
    assert 64 == laid_out.call("subscriber", "erase", "a@x.example").code
    assert 66 == laid_out.call("send", "news", "none.md", "--yes").code
    assert before == rows(laid_out)


def test_a_step_of_the_schema_is_recorded_once(shell: Shell) -> None:
    shell.make_list()
    shell.good("migrate")
    (row,) = [row for row in rows(shell) if row["action"] == "migrate"]
    version = location(shell).newest_version
    assert (f"schema {version}", 1) == (row["object"], row["number"])
    drop_triggers_at(location(shell), "audit")
    execute_at(shell.database, "update audit set object = 'schema 1' where action = 'migrate'")
    shell.good("migrate")
    assert ["schema 1", f"schema {version}"] == [row["object"] for row in rows(shell) if row["action"] == "migrate"]


def test_a_move_is_recorded_where_the_data_are_then(shell: Shell, tmp_path_factory: pytest.TempPathFactory) -> None:
    shell.make_list()
    there = tmp_path_factory.mktemp("there") / "moved.sqlite3"
    shell.good("move-to", f"sqlite:{there}", "--yes")
    with closing(location_at(str(there)).connect(readonly=True)) as connection:
        rows = connection.read(
            lambda tx: [
                (row["action"], row["outcome"])
                for row in tx.rows("audit.latest", before=1 << 60, limit=2, since=0, who=None, list=None)
            ]
        )
    assert [("move-to", "done"), ("move-to", "begun")] == rows


@pytest.mark.only_on("sqlite", "a backup is restored into a file")
def test_a_restore_is_recorded_in_what_was_restored(laid_out: Shell) -> None:
    laid_out.good("backup", "backup.tar")
    laid_out.good("restore", "backup.tar", "--yes")
    restores = [row for row in rows(laid_out) if row["action"] == "restore"]
    assert [("done", 0, "shell")] == [(row["outcome"], row["uid"], row["way"]) for row in restores]
    assert laid_out.good("audit", "verify", "--json").json["ok"]


def test_a_dkim_key_whose_command_is_killed_has_a_row(laid_out: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row comes before the file, so the log knows of every key."""

    def killed(*arguments: Any, **options: Any) -> None:
        create_dkim_key(*arguments, **options)
        raise Killed

    monkeypatch.setattr("pressrun.cli.operating.keys.create_dkim_key", killed)
    with pytest.raises(Killed):
        laid_out.call("dkim", "create")
    assert 1 == len(list((laid_out.data / "dkim").iterdir()))
    assert ("dkim.create", "begun") == tuple(rows(laid_out)[-1][name] for name in ("action", "outcome"))


def test_a_person_is_shown_by_id_or_digest_and_gone_once_erased(laid_out: Shell) -> None:
    laid_out.good("suppression", "add", "s@x.example")
    laid_out.good("editor", "add", "news", "a@x.example")
    by_id, by_digest = rows(laid_out)[-1], rows(laid_out)[-2]
    assert (1, None) == (by_id["subscriber"], by_id["address"])
    assert (None, 16) == (by_digest["subscriber"], len(by_digest["address"]))
    for address in ("a@x.example", "s@x.example"):
        laid_out.good("subscriber", "erase", address, "--yes")
    laid_out.call("subscriber", "add", "news", "a@x.example")
    assert {(None, None, None)} == {(row["subscriber"], row["address"], row["editor"]) for row in rows(laid_out)}
    summary = laid_out.good("audit", "verify", "--json").json
    assert (True, 3) == (summary["ok"], summary["erased"])


def test_rows_are_found_by_who_list_time_and_page(laid_out: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "ina")
    laid_out.good("list", "set", "closed", "title=T")
    monkeypatch.setenv("SUDO_USER", "no user @ all")
    laid_out.good("list", "set", "news", "title=T")
    assert [("list.set", "ina")] == [(row["action"], row["sudo_user"]) for row in rows(laid_out, "--who", "ina")]
    assert ["list.create", "list.close", "list.set"] == [row["action"] for row in rows(laid_out, "--list", "closed")]
    every = rows(laid_out)
    assert every == rows(laid_out, "--who", "0") == rows(laid_out, "--since", "1h") == rows(laid_out, "--who", "root")
    assert [] == rows(laid_out, "--since", "0s", "--list", "none")
    assert every[:2] == rows(laid_out, "--after", "3")
    assert "root (ina)" in laid_out.good("audit", "ls").out
    assert 65 == laid_out.call("audit", "ls", "--since", "yesterday").code


TAMPERINGS = {
    "changed": "update audit set outcome = 'refused' where number = 3",
    "by somebody else": "update audit set who = 'ina' where number = 3",
    "about somebody else": "update audit set subscriber_id = 9 where number = 2",
    "deleted": "delete from audit where number = 3",
    "truncated": "delete from audit where number >= 4",
    "made a mark": "update audit set who = '', way = '', action = 'erased', list = null, uid = null where number = 3",
}


@pytest.mark.parametrize("statement", TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_verify_finds_what_was_tampered_with(laid_out: Shell, statement: str) -> None:
    assert laid_out.good("audit", "verify", "--json").json["ok"]
    drop_triggers_at(location(laid_out), "audit")
    execute_at(laid_out.database, statement)
    called = laid_out.call("audit", "verify", "--json")
    assert (1, False, True) == (called.code, called.json["ok"], "tampered" in called.json["error"])


def test_verify_finds_rows_in_another_order(laid_out: Shell) -> None:
    drop_triggers_at(location(laid_out), "audit")
    for old, new in ((2, 99), (3, 2), (99, 3)):
        execute_at(laid_out.database, f"update audit set number = {new} where number = {old}")
    assert 1 == laid_out.call("audit", "verify").code


def test_a_head_that_was_kept_finds_a_log_made_anew(laid_out: Shell) -> None:
    head = laid_out.good("audit", "verify", "--json").json["head"]
    laid_out.good("list", "set", "news", "title=T")
    laid_out.good("audit", "verify", "--head", head)
    number = head.partition(":")[0]
    assert 1 == laid_out.call("audit", "verify", "--head", f"{number}:{'0' * 64}").code
    keep_head(DataDir(laid_out.data), "audit", Head(int(number), b"x" * 32))
    assert 1 == laid_out.call("audit", "verify").code


def test_triggers_refuse_what_the_program_never_does(laid_out: Shell) -> None:
    one_more = (
        "insert into audit (number, at, who, way, action, fields, outcome, content_digest, chain)"
        " values (99, 1, '', '', '', '[]', '', x'', x'')"
    )
    for statement in (*TAMPERINGS.values(), one_more):
        with pytest.raises(REFUSALS):
            execute_at(laid_out.database, statement)


def test_a_row_that_cannot_be_written_stops_nobody(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was done in this process is done; a warning says that the log does not have it."""
    shell.make_list()

    def refuse(*_: object) -> None:
        raise PermissionError(30, "Read-only file system")

    monkeypatch.setattr("pressrun.cli.shared.recording.execute_unrecorded", refuse)
    called = shell.call("dkim", "create")
    assert (0, True) == (called.code, "this is not in the audit log" in called.err)


def test_without_data_there_is_no_log(shell: Shell) -> None:
    """`dkim create` may be the first thing that is done."""
    shell.good("dkim", "create")
    called = shell.call("audit", "ls")
    assert (0, "") == (called.code, called.out)


@pytest.mark.only_on("sqlite", "a server's database is backed up with the newest schema alone")
def test_a_backup_leaves_older_data_as_they_are(shell: Shell) -> None:
    """It is what comes before the upgrade, so it may not begin with one for the sake of a row here."""
    shell.make_list()
    older = migrate.newest_version() - 1
    execute_at(shell.database, f"pragma user_version = {older}")
    called = shell.good("backup", str(shell.folder / "before.tar"))
    assert "audit" not in called.err
    assert [(older,)] == select_at(shell.database, "pragma user_version")
