"""Two machines and one database: every verb on the one that serves, on the other meanwhile, and there afterwards."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cli.shell import Called, Shell, all_verbs
from tests.cli.test_permission import arguments_of
from tests.e2e.instance import until
from tests.ports import free_port

from pressrun.cli.shared import write_verbs
from pressrun.control.client import ControlClient

pytestmark = [
    pytest.mark.only_on("postgresql", "only a server lets two machines use one database"),
    pytest.mark.thorough,
]

START_SECONDS = 60.0

READING = set(
    "archive export|audit ls|audit verify|backup|check|consent verify|doctor|edition delivery|edition ls|edition report"
    "|edition show|editor ls|held ls|inbound ls|inbound show|key ls|layout ls|list ls|list show|migrate|preview"
    "|queue ls|subscriber export|subscriber ls|subscriber show|suppression export|suppression ls"
    "|token ls|user ls".split("|")
)  # `migrate` among them: there is nothing to do
WRITING = set(
    "edition approve|edition cancel|edition draft|edition link|edition move|edition pause|edition resend"
    "|edition resume|edition return|edition send|edition submit|edition test|edition unlink|editor add"
    "|editor rm|held release|held rm|inbound retry|inbound rm|key retire|key rotate|list close|list create|list rm"
    "|list set|migrate-from|queue retry|send|subscriber add|subscriber erase|subscriber import|subscriber rm"
    "|subscriber sync|suppression add|suppression import|suppression rm|token create|token revoke|user add"
    "|user grant|user invite|user link|user reset|user revoke|user rm".split("|")
)
WHOLE = {"move-to", "restore", "serve"}  # take the database for themselves
# Know nothing of the database.
OWN = set("backup verify|config show|demo|dkim create|dkim show|help|init|reload|version".split("|"))
# What the verbs are called with whose arguments say nothing of the files that `furnish` lays out.
GIVEN = {
    "edition draft": ["news", "draft.md"],
    "migrate-from": ["mlmmj", "spool"],
    "restore": ["before.tar", "--yes"],
    "subscriber sync": ["news", "readers.csv"],
    "user grant": ["news", "--operator"],
    "user invite": ["berta@town.example", "--list", "news", "--role", "editor"],
    "user revoke": ["news", "--operator"],
}
# What the service refuses as things stand.
REFUSED = {
    "edition approve",
    "edition link",
    "edition return",
    "edition send",
    "edition submit",
    "edition test",
    "inbound retry",
    "inbound rm",
    "list create",
}


def test_every_verb_is_known_to_these_tests() -> None:
    """A new one reads, writes, takes all, or knows nothing of the database."""
    assert sorted([*READING, *WRITING, *WHOLE, *OWN]) == sorted(all_verbs())


def call_all(shell: Shell, verbs: set[str]) -> dict[str, Called]:
    """Call these verbs with arguments that make sense; those that take something away come last."""
    commands = all_verbs()
    last = ["key retire", "edition cancel", "subscriber rm", "subscriber erase", "list close", "list rm"]
    order = sorted(verbs, key=lambda verb: (last.index(verb) if verb in last else -1, verb.endswith(" rm"), verb))
    return {verb: shell.call(*verb.split(), *(GIVEN.get(verb) or arguments_of(verb, commands[verb]))) for verb in order}


def wrong(called: Mapping[str, Called], *codes: int) -> dict[str, Called]:
    return {verb: call for verb, call in called.items() if call.code not in codes or "Traceback" in call.err}


def require_read(called: Mapping[str, Called]) -> None:
    """Each told what it found; of the world, `doctor` finds nothing here, which is 2."""
    others = {verb: call for verb, call in called.items() if verb != "doctor"}
    assert {} == wrong(others, 0, 1)
    assert (2, False) == (called["doctor"].code, "Traceback" in called["doctor"].err)


def set_up(shell: Shell) -> None:
    """What the arguments name: a list, a reader, an edition that nobody sends yet, a backup, and files.

    Nothing answers at the name server and the relay, so `doctor` asks nobody.
    """
    text = shell.config.read_text(encoding="utf-8").replace("port = 25\n", f"port = {free_port()}\n")
    nobody = f'[dns]\nserver = "127.0.0.1:{free_port()}"\ntimeout = "0.1s"\n'
    shell.config.write_text(text.replace("[dns]\n", nobody), encoding="utf-8")
    shell.write("edition.md", "---\nsubject: Hello\n---\nText.\n")
    shell.write("draft.md", "---\nsubject: A draft\n---\nText.\n")
    shell.write("readers.csv", "email\nb@x.example\n")
    shell.make_list()
    shell.good("subscriber", "add", "news", "a@x.example")
    first = shell.write("first.md", "---\nsubject: Before\n---\nText.\n")
    shell.good("send", "news", first, "--yes", "--at", "+1d")
    shell.good("backup", "before.tar")
    spool = shell.folder / "spool" / "gulls"
    (spool / "subscribers.d").mkdir(parents=True)
    (spool / "control").mkdir()
    (spool / "control" / "listaddress").write_text("gulls@lists.example.test\n", encoding="ascii")
    (spool / "subscribers.d" / "c").write_text("c@x.example\n", encoding="ascii")


def kept(shell: Shell) -> dict[str, bytes]:
    """All but the heartbeat of the one that serves."""
    return {table: content for table, content in shell.contents().items() if table != "session"}


@contextmanager
def serving(shell: Shell) -> Iterator[subprocess.Popen[bytes]]:
    """A daemon there, until it has ended as on SIGTERM."""
    text = shell.config.read_text(encoding="utf-8")
    for port in ("8080", "8025"):
        text = text.replace(f'listen = "127.0.0.1:{port}"', 'listen = "127.0.0.1:0"')
    shell.config.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pressrun", "--config", str(shell.config), "serve"]
    with (shell.folder / "log").open("wb") as log, subprocess.Popen(command, stderr=log) as daemon:
        try:
            until(lambda: _is_answering(shell), START_SECONDS)
            yield daemon
            daemon.terminate()
            assert 0 == daemon.wait(START_SECONDS)
        finally:
            daemon.kill()


def _is_answering(shell: Shell) -> bool:
    client = ControlClient.connect(shell.data / "control.sock")
    if client is not None:
        client.close()
    return client is not None


def test_every_verb_on_the_other_machine(
    shell: Shell, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meanwhile it reads, and hears who serves; afterwards it writes."""
    monkeypatch.setattr(write_verbs, "HELD_SECONDS", 0.0)
    folder = tmp_path / "two"
    folder.mkdir()
    assert isinstance(shell.database, str)
    two = Shell(folder, capsys, shell.database)
    monkeypatch.chdir(folder)
    set_up(two)
    shell.data.mkdir(mode=0o700)
    shutil.copytree(two.data / "keys", shell.data / "keys")
    with serving(shell) as daemon:
        require_read(call_all(two, READING))
        before = kept(two)
        refused = call_all(two, WRITING | WHOLE)
        assert {} == wrong(refused, 75)
        holder = f"in use by process {daemon.pid} on "
        assert {} == {verb: call for verb, call in refused.items() if holder not in call.err}
        assert before == kept(two)
    require_carried_out(call_all(two, WRITING))


def test_every_verb_beside_its_daemon(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who did not go through its socket would hear that the data are in use."""
    monkeypatch.chdir(shell.folder)
    set_up(shell)
    with serving(shell):
        require_carried_out(call_all(shell, WRITING))
        require_read(call_all(shell, READING))
        assert {} == wrong(call_all(shell, {"serve", "restore"}), 75)


def require_carried_out(called: Mapping[str, Called]) -> None:
    """Each did what it was told, or the service said why not."""
    assert {} == wrong(called, 0, 1, 65)
    assert REFUSED == {verb for verb, call in called.items() if call.code != 0}, called
