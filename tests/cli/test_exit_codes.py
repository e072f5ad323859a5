"""What bad input gets: the code, a sentence that names it, and nothing changed."""

from __future__ import annotations

import errno
import os
import re
from functools import partial

import pytest
from tests.cli.shell import Shell
from tests.cli.test_audit import location
from tests.cli.test_check import with_schema

from pressrun.cli import main
from pressrun.store.upkeep.data_lock import DataLock
from pressrun.store.upkeep.datadir import DataDir

EDITION = "---\nsubject: Hello\n---\nThe text.\n"

CASES = [
    # 1: unknown things, and what a rule forbids
    (1, "no such list: 'nope'", ["list", "show", "nope"]),
    (1, "no such list: 'nope'", ["list", "set", "nope", "title=T"]),
    (1, "no such list: 'nope'", ["list", "close", "nope", "--yes"]),
    (1, "no such list: 'nope'", ["subscriber", "add", "nope", "a@x.example"]),
    (1, "no such list: 'nope'", ["subscriber", "ls", "nope"]),
    (1, "no such list: 'nope'", ["subscriber", "import", "nope", "good.csv"]),
    (1, "no such list: 'nope'", ["subscriber", "import", "nope", "empty.csv"]),
    (1, "no such list: 'nope'", ["subscriber", "import", "nope", "good.csv", "--dry-run"]),
    (1, "no such list: 'nope'", ["editor", "add", "nope", "a@x.example"]),
    (1, "no such list: 'nope'", ["edition", "ls", "nope"]),
    (1, "no such list: 'nope'", ["send", "nope", "good.md", "--yes"]),
    (1, "no such list: 'nope'", ["preview", "nope", "good.md"]),
    (1, "no such edition: 7", ["edition", "show", "7"]),
    (1, "no such edition: 7", ["edition", "report", "7"]),
    (1, "no such edition: 7", ["edition", "pause", "7"]),
    (1, "no such edition: 7", ["edition", "resend", "7", "--failed"]),
    (1, "unknown address", ["subscriber", "show", "a@x.example"]),
    (1, "unknown address", ["subscriber", "erase", "a@x.example", "--yes"]),
    (1, "Omit --as", ["preview", "news", "good.md", "--as", "a@x.example"]),
    (1, "not subscribed", ["subscriber", "rm", "news", "a@x.example"]),
    (1, "not suppressed", ["suppression", "rm", "a@x.example", "--yes"]),
    (1, "is still open", ["list", "rm", "news", "--yes"]),
    (1, "already", ["list", "create", "news", "--title", "T"]),
    # 64: usage
    (64, "No such command", ["frobnicate"]),
    (64, "No such command", ["list", "frobnicate"]),
    (64, "Did you mean `pressrun send`?", ["sned", "news", "good.md"]),
    (64, "Did you mean `pressrun list`?", ["lists"]),
    (64, "Did you mean `pressrun edition report`?", ["report", "7"]),
    (64, "Did you mean `pressrun subscriber import` or `pressrun suppression import`?", ["import", "news"]),
    (64, "Did you mean `pressrun subscriber ls`?", ["subscriber", "lst"]),
    (64, "Did you mean `pressrun subscriber rm`?", ["subscriber", "remove", "news", "a@x.example"]),
    (64, "Did you mean `pressrun subscriber rm`?", ["unsubscribe", "news", "a@x.example"]),
    (64, "Did you mean `pressrun queue retry`?", ["queue", "flush"]),
    (64, "Did you mean `pressrun doctor`?", ["status"]),
    (64, "Missing argument", ["list", "show"]),
    (64, "Missing option '--title'", ["list", "create", "x"]),
    (64, "No such option", ["list", "ls", "--frob"]),
    (64, "invalid number", ["edition", "show", "first"]),
    (64, "not KEY=VALUE", ["list", "set", "news", "title"]),
    (64, "did you mean title", ["list", "set", "news", "titel=T"]),
    (64, "'--archive'", ["list", "create", "x", "--title", "T", "--archive", "hidden"]),
    (64, "'--state'", ["subscriber", "ls", "news", "--state", "happy"]),
    (64, "--yes", ["send", "news", "good.md"]),
    (1, "/nowhere does not exist. Create it first", ["backup", "nowhere/news.tar"]),
    (1, "/good.md is a file, not a folder", ["backup", "good.md/news.tar"]),
    (1, "/good.md is a file, not a folder", ["backup", "good.md/"]),
    (1, "/nowhere does not exist. Create it first", ["backup", "nowhere/"]),
    (64, "is empty", ["backup", ""]),
    (64, "--yes", ["list", "close", "news"]),
    (64, "--yes", ["list", "rm", "news"]),
    (64, "--yes", ["list", "set", "news", "closed=true"]),
    (64, "--canary", ["send", "news", "good.md", "--yes", "--canary", "0"]),
    (64, "'nan' is not a percentage", ["send", "news", "good.md", "--yes", "--canary", "nan"]),
    (64, "'5%%' is not a percentage", ["send", "news", "good.md", "--yes", "--canary", "5%%"]),
    (64, "--test", ["send", "news", "good.md", "--test", "a@x.example", "--wait"]),
    (64, "--failed", ["edition", "resend", "7"]),
    (64, "UTF-8", ["list", "show", "\udcff"]),
    # 65: bad input data
    (65, "cannot name a list", ["list", "create", "No", "--title", "T"]),
    (65, "reserved", ["list", "create", "admin", "--title", "T"]),
    (65, "line break", ["list", "create", "x", "--title", "a\nb"]),
    (65, "from", ["list", "create", "x", "--title", "T", "--from", "a@x.example, b@x.example"]),
    (65, "archive", ["list", "set", "news", "archive=hidden"]),
    (65, "invalid email address 'no address': an email", ["subscriber", "add", "news", "no address"]),
    (65, "invalid email address 'a@localhost': the part after", ["subscriber", "add", "news", "a@localhost"]),
    (65, "invalid email address 'no address': an email", ["editor", "add", "news", "no address"]),
    (65, "invalid email address 'no address': an email", ["subscriber", "show", "no address"]),
    (65, "invalid email address 'no address': an email", ["suppression", "add", "no address"]),
    (65, "no column `email`", ["subscriber", "import", "news", "no-email.csv"]),
    (65, "the word `email`", ["subscriber", "import", "news", "bare.csv"]),
    (65, "line 3 is not UTF-8", ["subscriber", "import", "news", "latin1.csv"]),
    (65, "2 times", ["subscriber", "import", "news", "twice.csv"]),
    (65, "'why'", ["suppression", "import", "why.csv"]),
    (65, "line 3", ["send", "news", "unknown-key.md", "--yes"]),
    (65, "line 3", ["preview", "news", "unknown-key.md"]),
    (65, "gone.png", ["send", "news", "missing-image.md", "--yes"]),
    (65, "shoe", ["send", "news", "unknown-field.md", "--yes"]),
    (65, "symbolic link", ["send", "news", "link-out.md", "--yes"]),
    (65, "is above the edition file", ["send", "news", "above.md", "--yes"]),
    (65, "postal", ["send", "bare", "good.md", "--yes"]),
    (65, "is in the past", ["send", "news", "good.md", "--yes", "--at", "2001-01-01T00:00:00Z"]),
    (65, "invalid time", ["send", "news", "good.md", "--yes", "--at", "soon"]),
    (65, "must end in .md", ["send", "news", "good.csv", "--yes"]),
    # 66: no such input file
    (66, "gone.md", ["send", "news", "gone.md"]),
    (66, "gone.md", ["preview", "news", "gone.md"]),
    (66, "LIST comes before FILE", ["send", "good.md", "news", "--yes"]),
    (66, "gone.csv", ["subscriber", "import", "news", "gone.csv"]),
    (66, "gone.csv", ["suppression", "import", "gone.csv"]),
    (66, "directory", ["subscriber", "import", "news", "."]),
    # 73, 75
    (73, "not be overwritten", ["init", "."]),
    (73, "not be overwritten", ["preview", "news", "good.md", "--out", "full"]),
    (75, "no daemon is running", ["send", "news", "good.md", "--yes", "--wait"]),
]


def make_lists(shell: Shell) -> None:
    shell.make_list()
    shell.good("list", "create", "bare", "--title", "Bare")


def lay_out_files(shell: Shell) -> None:
    shell.write("good.md", EDITION)
    shell.write("unknown-key.md", "---\nsubject: Hello\ncolour: red\n---\nThe text.\n")
    shell.write("missing-image.md", EDITION + "![a](gone.png)\n")
    shell.write("unknown-field.md", EDITION + "{{ shoe }}\n")
    shell.write("link-out.md", EDITION + "![a](link.png)\n")
    shell.write("above.md", EDITION + "![a](../x.png)\n")
    (shell.folder / "link.png").symlink_to("/etc/hostname")
    shell.write("good.csv", "email\na@x.example\n")
    shell.write("empty.csv", "email\n")
    shell.write("bare.csv", "a@x.example\nb@x.example\n")
    shell.write("no-email.csv", "address,name\na@x.example,A\n")
    shell.write("latin1.csv", "email,name\na@x.example,A\nb@x.example,é\n".encode("latin-1"))
    shell.write("twice.csv", "email,city,city\na@x.example,1,2\n")
    shell.write("why.csv", "address,why\na@x.example,x\n")
    (shell.folder / "full").mkdir()
    shell.write("full/message.txt", "precious")


def _name(value: object) -> str:
    return " ".join(map(ascii, value)) if isinstance(value, list) else ""


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
@pytest.mark.parametrize(("code", "words", "arguments"), CASES, ids=_name)
def test_bad_input_gets_its_code_and_its_reason(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, code: int, words: str, arguments: list[str], *, as_json: bool
) -> None:
    shell.begin_with("news and bare", partial(make_lists, shell))
    lay_out_files(shell)
    monkeypatch.chdir(shell.folder)
    before = shell.good("list", "ls", "--json").out
    called = shell.call(*arguments, *(["--json"] if as_json else []))
    assert (code, True) == (called.code, words in called.err)
    if as_json:
        assert ["error"] == list(called.json)
        assert words in called.json["error"]
    else:
        assert "" == called.out
    assert before == shell.good("list", "ls", "--json").out
    assert [] == shell.good("edition", "ls", "--json").json


def test_data_that_another_process_holds_are_75(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers go on meanwhile; writers wait a little, in case a daemon is just starting."""
    monkeypatch.setattr("pressrun.cli.shared.write_verbs.HELD_SECONDS", 0.2)
    shell.make_list()
    lock = DataLock.acquire(DataDir(shell.data))
    try:
        called = shell.call("list", "create", "more", "--title", "More")
        assert (75, True) == (called.code, "another process is using" in called.err)
        assert 75 == shell.call("serve").code
        assert [] == shell.good("migrate", "--json").json["steps"]
        with_schema(shell, 3)
        assert 75 == shell.call("migrate").code
        with_schema(shell, location(shell).newest_version)
        assert ["news"] == [row["name"] for row in shell.good("list", "ls", "--json").json]
    finally:
        lock.release()
    shell.good("list", "create", "more", "--title", "More")


def test_a_bad_configuration_is_78_and_tells_every_error(shell: Shell) -> None:
    shell.config.write_text("data_dir = 7\ncolour = 'red'\n")
    called = shell.call("check", "--json")
    assert 78 == called.code
    assert {"key", "line", "found", "expected"} == set(called.json["errors"][0])
    assert {"data_dir", "colour"} <= {error["key"] for error in called.json["errors"]}
    assert 78 == shell.call("list", "ls").code


def test_a_configuration_that_is_not_there_is_66(shell: Shell) -> None:
    shell.config.unlink()
    assert 66 == shell.call("list", "ls").code


def test_a_database_without_its_keys_is_78(shell: Shell) -> None:
    shell.make_list()
    (shell.data / "keys" / "link-1").unlink()
    for verb in (["list", "set", "news", "title=T"], ["check"]):
        called = shell.call(*verb)
        assert (78, True) == (called.code, "restore" in called.err)


def test_a_backup_counts_where_data_dir_takes_no_note_of_it(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a disk that the kernel has mounted read-only, just when a backup is needed most."""
    shell.make_list()

    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("pressrun.store.upkeep.last_backup.replace_file", refuse)
    called = shell.call("backup", str(shell.folder / "rescue.tar"))
    assert 0 == called.code
    assert "monitoring does not know of it" in called.err
    assert 0 == shell.call("backup", "verify", str(shell.folder / "rescue.tar")).code


def test_a_working_directory_that_was_removed_is_in_nobodys_way(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a terminal that is still in the folder of an earlier release."""
    former = shell.folder / "former"
    former.mkdir()
    monkeypatch.chdir(former)
    former.rmdir()
    shell.make_list()
    assert "news" in shell.good("list", "ls").out
    assert 66 == shell.call("--config", "config.toml", "list", "ls").code


def test_a_list_that_does_not_go_with_the_configuration_is_named(shell: Shell) -> None:
    """What could be set while mail was received: a warning, since all else works."""
    shell.make_list("news", "--owner", "büro@harbour.example")
    shell.make_list("other", "--owner", "post@bücher.example")
    assert "list " not in shell.good("check").err
    shell.config.write_text(re.sub(r"(?ms)^\[smtp\]$.*?^(?=\[\[relay)", "", shell.config.read_text()))
    warned = [line for line in shell.good("check").err.splitlines() if "list " in line]
    assert ["list news"] == [line[len("warning: ") :].partition(":")[0] for line in warned]
    assert "pressrun list set news owner=…" in warned[0]


def test_whoever_answers_for_something_and_gets_no_mail_is_named(shell: Shell) -> None:
    shell.make_list("news", "--owner", "owner@harbour.example")
    assert "suppressed" not in shell.good("check").err
    shell.good("suppression", "add", "Owner@harbour.example", "--reason", "complaint")
    for verb in (["check"], ["list", "show", "news"], ["list", "set", "news", "owner=owner@harbour.example"]):
        warned = shell.good(*verb).err
        assert "list news: owner: owner@harbour.example is suppressed (complaint)" in warned
        assert "pressrun suppression rm owner@harbour.example" in warned
    shell.good("list", "set", "news", "owner=other@harbour.example")
    shell.config.write_text(
        'operator = "ops@harbour.example"\n' + re.sub(r"(?m)^operator.*$", "", shell.config.read_text())
    )
    shell.good("suppression", "add", "ops@harbour.example")
    assert "operator: ops@harbour.example is suppressed (operator)" in shell.good("check").err


def test_a_new_list_says_what_it_lacks(shell: Shell) -> None:
    bare = shell.good("list", "create", "bare", "--title", "Bare").err
    needed = ("--postal-address", "1 Road", "--owner", "ops@example.org")
    full = shell.good("list", "create", "full", "--title", "Full", *needed).err
    for words in ("no postal address", "nobody gets the mail that readers write"):
        assert [True, False] == [words in said for said in (bare, full)]


def test_a_list_says_what_a_change_has_taken_from_it(shell: Shell) -> None:
    """There is no warning about anything that the change does not concern."""
    shell.good("list", "create", "news", "--title", "News", "--postal-address", "1 Road", "--owner", "o@example.org")
    bare = shell.good("list", "set", "news", "postal-address=", "owner=").err
    assert [True, True] == [words in bare for words in ("no postal address", "nobody gets the mail that readers write")]
    assert "" == shell.good("list", "set", "news", "title=Other").err
    assert "" == shell.good("list", "set", "news", "require_postal_address=false").err
    assert "no postal address" in shell.good("list", "set", "news", "require_postal_address=true").err
    assert "" == shell.good("list", "set", "news", "postal_address=1 Road", "owner=o@example.org").err


@pytest.mark.parametrize("local", ["postmaster", "abuse", "Postmaster", "news-owner", "news-join"])
def test_an_operator_whose_mail_would_come_back_is_78(shell: Shell, local: str) -> None:
    """Every verb says so, before anything starts; another name at mail_domain is a warning."""
    text = shell.config.read_text()
    domain = re.search(r'mail_domain = "(.*)"', text)[1]  # type: ignore[index]
    set_operator(shell, f"{local}@{domain}")
    for verb in (["check"], ["serve"], ["list", "ls"]):
        called = shell.call(*verb)
        assert (78, True) == (called.code, "an address of Pressrun's own" in called.err)
    set_operator(shell, f"ops@{domain}")
    assert "operator: is at mail_domain" in shell.good("check").err


def test_an_operator_who_has_the_address_of_a_list_is_found(shell: Shell) -> None:
    """Whichever of the two comes first."""
    domain = re.search(r'mail_domain = "(.*)"', shell.config.read_text())[1]  # type: ignore[index]
    shell.make_list()
    set_operator(shell, f"ops@{domain}")
    refused = shell.call("list", "create", "ops", "--title", "Ops")
    assert (1, True) == (refused.code, "is the operator, whose mail would go to the list" in refused.err)
    shell.good("list", "set", "news", f"owner=clerk@{domain}")
    refused = shell.call("list", "create", "clerk", "--title", "Clerk")
    assert (1, True) == (refused.code, "is the owner of news" in refused.err)
    set_operator(shell, f"news@{domain}")
    called = shell.call("check")
    assert (78, True) == (called.code, "the address of the list news" in called.err)


def set_operator(shell: Shell, address: str) -> None:
    text = re.sub(r"(?m)^operator.*\n", "", shell.config.read_text())
    shell.config.write_text(f'operator = "{address}"\n{text}')


# Verbs that only read, that write, and that have a way of their own to the database.
_WITH_KEYS = (
    "list ls", "list show news", "subscriber ls news", "subscriber show ada@reader.example", "subscriber export news",
    "edition ls", "queue ls", "suppression ls", "held ls", "inbound ls", "editor ls news", "consent verify",
    "subscriber add news ada@reader.example", "list set news title=Other", "suppression add bob@reader.example",
    "subscriber erase ada@reader.example --yes", "queue retry", "key rotate --yes", "check", "migrate", "serve",
    "move-to sqlite:elsewhere --yes",
)  # fmt: skip


@pytest.mark.parametrize(
    ("key", "remedy"), [("suppression", "Restore it from the"), ("link-1", "Restore the keys from a")]
)
def test_another_key_is_78(shell: Shell, key: str, remedy: str) -> None:
    """Whatever the verb does, before it does anything."""
    shell.make_list()
    (shell.data / "keys" / key).write_text("ab" * 32)
    before = shell.contents()
    called = {verb: shell.call(*verb.split()) for verb in _WITH_KEYS}
    assert {} == {verb: call for verb, call in called.items() if call.code != 78 or f"{remedy} backup" not in call.err}
    assert before == shell.contents()


@pytest.mark.only_on("sqlite", "it is about the file of the database")
def test_loose_permissions_are_found(shell: Shell) -> None:
    shell.make_list()
    assert 0 == shell.call("check").code
    (shell.data / "pressrun.sqlite3").chmod(0o644)
    called = shell.call("check")
    assert (78, True) == (called.code, "chmod 600" in called.err)


@pytest.mark.only_on("sqlite", "it is about the file of the database")
def test_a_file_that_is_no_database_is_78_or_69(shell: Shell) -> None:
    shell.make_list()
    (shell.data / "pressrun.sqlite3").write_bytes(b"no database at all" * 100)
    assert shell.call("list", "ls").code in (69, 78)


def test_an_interrupt_is_130(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(main.pressrun, "main", interrupt)
    assert 130 == shell.call("list", "ls").code


@pytest.mark.parametrize("arguments", [[], ["list"], ["subscriber"]])
def test_a_group_without_a_verb_shows_its_help_and_is_64(shell: Shell, arguments: list[str]) -> None:
    called = shell.call(*arguments)
    assert (64, True) == (called.code, "Usage:" in called.err)


def test_an_export_of_an_unknown_list_is_1_and_writes_nothing(shell: Shell) -> None:
    shell.make_list()
    called = shell.call("subscriber", "export", "nope")
    assert (1, "", True) == (called.code, called.out, "no such list: 'nope'" in called.err)


def test_the_cases_touch_every_file_only_by_name() -> None:
    """A case that names a folder of this machine would pass here and fail elsewhere."""
    assert [] == [argument for _, _, arguments in CASES for argument in arguments if argument.startswith(os.sep)]
