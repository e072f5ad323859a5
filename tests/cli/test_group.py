"""Verbs by membership of a group: a real daemon of one user, and real processes of others."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.cli.shell import configure

from pressrun.control.client import ControlClient

OWNER, MEMBER, STRANGER, GROUP = 61001, 61002, 61003, 61000
SUDO = "Run pressrun with sudo"
pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(os.getuid() != 0, reason="only root can become other users"),
    pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed (apt-get install util-linux)"),
    pytest.mark.only_on("sqlite", "who may use a socket is the same with every database"),
]


class Machine:
    """A folder that everybody can enter, with data of OWNER and GROUP."""

    def __init__(self, folder: Path, *, group: bool) -> None:
        self.folder = folder
        self.config = configure(folder, None)
        text = self.config.read_text(encoding="utf-8")
        for port in ("8080", "8025"):
            text = text.replace(f'listen = "127.0.0.1:{port}"', 'listen = "127.0.0.1:0"')
        text = text.replace("# socket = ", "socket = ").replace('"/run/pressrun/control.sock"', '"run/control.sock"')
        self.config.write_text(text.replace("# group = false", f"group = {str(group).lower()}"), encoding="utf-8")
        self.config.chmod(0o640)
        for name, mode in (("run", 0o755), ("data", 0o700)):
            (folder / name).mkdir(mode=mode)
            os.chown(folder / name, OWNER, GROUP)
        os.chown(self.config, 0, GROUP)
        folder.chmod(0o755)
        self.daemon: subprocess.Popen[bytes] | None = None

    def run(
        self, uid: int, gid: int, *arguments: str, stdin: bytes = b"", groups: str = ""
    ) -> subprocess.CompletedProcess[bytes]:
        command = self._command(uid, gid, *arguments, groups=groups)
        return subprocess.run(command, check=False, capture_output=True, input=stdin)

    def _command(self, uid: int, gid: int, *arguments: str, groups: str = "") -> list[str]:
        who = ["setpriv", "--reuid", str(uid), "--regid", str(gid)]
        who += ["--groups", groups] if groups else ["--clear-groups"]
        program = [sys.executable, "-P", "-m", "pressrun", "--config", str(self.config)]
        return [*(who if uid else []), *program, *arguments]

    def member(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return self.run(MEMBER, GROUP, *arguments, stdin=stdin)

    def good(self, *arguments: str) -> Any:
        called = self.member(*arguments, "--json")
        assert (0, b"") == (called.returncode, called.stderr if called.returncode else b"")
        return json.loads(called.stdout)

    def serve(self, *, as_user: int = OWNER) -> None:
        self.daemon = subprocess.Popen(
            self._command(as_user, GROUP, "serve"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/"
        )
        until = time.monotonic() + 30
        while (client := ControlClient.connect(self.folder / "data" / "control.sock")) is None:
            assert self.daemon.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        client.close()

    def close(self) -> None:
        if self.daemon is not None:
            self.daemon.send_signal(signal.SIGTERM)
            self.daemon.communicate(timeout=60)


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    with tempfile.TemporaryDirectory(dir="/tmp") as name, closing(Machine(Path(name), group=True)) as made:
        made.serve()
        made.good("list", "create", "news", "--title", "News", "--postal-address", "1 Road")
        yield made


@pytest.fixture(scope="module")
def alone() -> Iterator[Machine]:
    """The same without `[control] group`."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name, closing(Machine(Path(name), group=False)) as made:
        made.serve()
        yield made


def test_a_member_writes_and_reads_and_the_log_says_who(machine: Machine) -> None:
    machine.good("subscriber", "add", "news", "a@x.example")
    assert "a@x.example" in {row["address"] for row in machine.good("subscriber", "ls", "news")}
    assert 0 < machine.good("list", "show", "news")["active"]
    assert "news" == machine.good("subscriber", "show", "a@x.example")["lists"][0]["name"]
    log = machine.good("audit", "ls")
    assert {("list.create", MEMBER), ("subscriber.add", MEMBER)} <= {(row["action"], row["uid"]) for row in log}
    assert 0 == machine.run(0, 0, "list", "set", "news", "title=T").returncode
    assert 0 == machine.run(OWNER, GROUP, "list", "set", "news", "title=U").returncode
    assert [OWNER, 0] == [row["uid"] for row in machine.good("audit", "ls", "--limit", "2")]


def test_a_process_that_was_given_the_group_is_a_member(machine: Machine) -> None:
    """By `SupplementaryGroups` of a unit: no user database knows of it."""
    called = machine.run(STRANGER, STRANGER, "list", "ls", groups=str(GROUP))
    assert (0, b"") == (called.returncode, called.stderr)


READS = (
    ["list", "ls"], ["edition", "ls"], ["suppression", "ls"], ["queue", "ls"], ["inbound", "ls"], ["held", "ls"],
    ["key", "ls"], ["audit", "ls"],
)  # fmt: skip


@pytest.mark.parametrize("arguments", READS, ids=" ".join)
def test_members_read_what_root_reads(machine: Machine, arguments: list[str]) -> None:
    by_root = machine.run(0, 0, *arguments, "--json")
    by_member = machine.member(*arguments, "--json")
    assert (0, by_root.stdout) == (by_member.returncode, by_member.stdout)


NEED_FILES = (
    ["check"], ["backup", "out.tar"], ["dkim", "create"], ["dkim", "show"], ["key", "rotate", "--yes"], ["migrate"],
    ["key", "retire", "1", "--after", "1d", "--yes"], ["move-to", "sqlite:x", "--yes"], ["reload"],
    ["audit", "verify"], ["consent", "verify"], ["layout", "ls"],
)  # fmt: skip


@pytest.mark.parametrize("arguments", NEED_FILES, ids=" ".join)
def test_what_needs_files_of_the_owner_is_77(machine: Machine, arguments: list[str]) -> None:
    called = machine.member(*arguments)
    assert (77, True, False) == (called.returncode, SUDO in called.stderr.decode(), b"Traceback" in called.stderr)


@pytest.mark.parametrize("arguments", [["list", "ls"], ["check"], ["subscriber", "add", "news", "b@x.example"]])
def test_every_other_user_is_77(machine: Machine, arguments: list[str]) -> None:
    """Also where they may read the configuration, and where the modes of the socket would let them in."""
    socket = machine.folder / "run" / "control.sock"
    assert (0o660, GROUP) == (socket.stat().st_mode & 0o777, socket.stat().st_gid)
    for config_mode, socket_mode in ((0o640, 0o660), (0o644, 0o660), (0o644, 0o666)):
        machine.config.chmod(config_mode)
        socket.chmod(socket_mode)
        called = machine.run(STRANGER, STRANGER, *arguments)
        socket.chmod(0o660)
        machine.config.chmod(0o640)
        assert (77, True, False) == (called.returncode, SUDO in called.stderr.decode(), b"Traceback" in called.stderr)


@pytest.mark.parametrize("arguments", [["list", "ls"], ["check"], ["list", "create", "b", "--title", "B"]])
def test_without_the_key_a_member_is_77(alone: Machine, arguments: list[str]) -> None:
    called = alone.member(*arguments)
    assert (77, True) == (called.returncode, SUDO in called.stderr.decode())
    assert not (alone.folder / "run" / "control.sock").exists()


def test_files_are_read_with_the_rights_of_the_caller(machine: Machine) -> None:
    """Neither the owner's files nor root's are read through the daemon."""
    for owner in (0, OWNER):
        secret = machine.folder / f"secret-{owner}.md"
        secret.write_text("---\nsubject: S\n---\nThe secret.\n")
        secret.chmod(0o600)
        os.chown(secret, owner, owner)
        for verb in (["send", "news", str(secret), "--yes"], ["subscriber", "import", "news", str(secret)]):
            called = machine.member(*verb)
            assert (True, b"secret." in called.stdout + called.stderr) == (called.returncode != 0, False)
    assert 0 == machine.member("subscriber", "import", "news", "-", stdin=b"email\nc@x.example\n").returncode


def test_an_edition_goes_its_way_by_a_member(machine: Machine) -> None:
    edition = machine.folder / "edition.md"
    edition.write_text("---\nsubject: S\n---\nT\n")
    machine.good("send", "news", str(edition), "--yes", "--at", "+1h")
    assert "scheduled" == machine.good("edition", "show", "1")["state"]
    machine.good("edition", "cancel", "1", "--yes")
    assert "cancelled" == machine.good("edition", "report", "1")["state"]


def test_members_need_a_running_daemon() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        stopped = Machine(Path(name), group=True)
        for verb in (["list", "ls"], ["subscriber", "add", "news", "a@x.example"]):
            called = stopped.member(*verb)
            assert (75, True) == (called.returncode, b"no daemon answers" in called.stderr)
            stopped.config.chmod(0o644)
            called = stopped.run(STRANGER, STRANGER, *verb)
            assert (77, True) == (called.returncode, SUDO in called.stderr.decode())


def test_root_starts_the_daemon_and_the_folder_of_the_socket_is_made_for_the_owner() -> None:
    """As in /run, where the owner of the data could not make it."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name, closing(Machine(Path(name), group=True)) as machine:
        folder = machine.folder / "run"
        folder.rmdir()
        machine.serve(as_user=0)
        assert (OWNER, 0o755) == (folder.stat().st_uid, folder.stat().st_mode & 0o777)
        assert [] == machine.good("list", "ls")
