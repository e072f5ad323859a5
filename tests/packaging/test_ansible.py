"""The Ansible role: what its own linter says, and what it makes of a bare Debian."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.booted import SERVICE, CannotBoot
from tests.packaging.debian_root import DebianRoot
from tests.ports import free_port

TOP = Path(__file__).parent.parent.parent
ROLES = TOP / "packaging" / "ansible" / "roles"
SECRET = "quayside"

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(900)]


@pytest.mark.needs("ansible-lint")
def test_the_linter_has_nothing_to_say() -> None:
    """In its strictest profile."""
    done = subprocess.run(
        ["ansible-lint", "--offline", "--strict", "--profile", "production", "--nocolor", ROLES / "pressrun"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed: 0 failure(s), 0 warning(s)" in done.stderr


class Play:
    """Ansible on this machine, each of whose commands enters the other one."""

    def __init__(self, machine: DebianRoot, folder: Path, package: Path) -> None:
        self._folder = folder
        inside = machine.path("/")
        remote = folder / "remote"  # a path that leads there from both
        machine.run("mkdir", "-p", str(remote))
        remote.symlink_to(machine.path(str(remote)))
        shell = folder / "enter"
        shell.write_text(f'#!/bin/sh\nexec nsenter --target {inside.parts[2]} --all /bin/sh "$@"\n', encoding="ascii")
        shell.chmod(0o755)
        self._host = {
            "ansible_connection": "local",
            "ansible_shell_executable": str(shell),
            "ansible_remote_tmp": str(remote),
            "ansible_python_interpreter": "/usr/bin/python3",
            "pressrun_package": str(package),
        }

    def run(self, **variables: object) -> dict[str, Any]:
        """The counts of one run by what became of the tasks, and "said": the messages of those that failed."""
        play = [{"hosts": "all", "gather_facts": False, "roles": ["pressrun"], "vars": variables}]
        (self._folder / "site.json").write_text(json.dumps(play), encoding="utf-8")
        hosts = {"all": {"hosts": {"lists": self._host}}}
        (self._folder / "hosts.json").write_text(json.dumps(hosts), encoding="utf-8")
        done = subprocess.run(
            ["ansible-playbook", "--inventory", "hosts.json", "site.json"],
            cwd=self._folder,
            env=os.environ
            | {"ANSIBLE_ROLES_PATH": str(ROLES), "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default"}
            | {"ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
        recap = done.stdout.rpartition("PLAY RECAP")[2]
        counts = dict(word.split("=") for word in recap.split() if "=" in word)
        return {name: int(count) for name, count in counts.items()} | {"said": done.stdout + done.stderr}


@pytest.fixture
def machine(package: Path, tmp_path: Path) -> Iterator[DebianRoot]:
    packages = tmp_path / "packages"
    packages.mkdir()
    shutil.copy(package, packages)
    try:
        with DebianRoot(tmp_path, packages) as booted:
            yield booted
    except CannotBoot as problem:
        pytest.skip(str(problem))


@pytest.mark.needs("ansible", "debhelper", "debian-root")
def test_a_bare_machine_is_configured_once_and_then_left_alone(
    machine: DebianRoot, package: Path, tmp_path: Path
) -> None:
    """A second run changes nothing; a change is reloaded; one that the program refuses fails and stays out."""
    play = Play(machine, tmp_path, package)
    port = free_port()
    relay = {"name": "primary", "host": "127.0.0.1", "port": free_port(), "username": "lists"}
    wanted = {
        "pressrun_base_url": "https://news.example",
        "pressrun_mail_domain": "news.example",
        "pressrun_http_listen": f"127.0.0.1:{port}",
        "pressrun_sockets": ["lmtp"],
        "pressrun_relays": [relay | {"security": "tls", "password_file": "smtp_password"}],
        "pressrun_secrets": {"smtp_password": SECRET},
        "pressrun_tables": {"delivery": {"rate": "50/s", "domain": {"gmail.com": {"rate": "5/s"}}}},
    }
    machine.run("groupadd", "--system", "postfix")  # which owns the socket of LMTP
    first = play.run(**wanted)
    assert 0 == first["failed"], first["said"]
    assert ("active", "running") == machine.state("ActiveState", "SubState")
    assert SECRET not in machine.path("/etc/pressrun/config.toml").read_text(encoding="utf-8")
    again = play.run(**wanted)
    assert (0, 0) == (again["changed"], again["failed"]), again["said"]

    [process] = machine.state("MainPID")
    slower = play.run(**wanted | {"pressrun_tables": {"delivery": {"rate": "7/s"}}})
    assert (2, 0) == (slower["changed"], slower["failed"]), slower["said"]  # the file, and the daemon
    assert [process] == [*machine.state("MainPID")]  # reloaded
    broken = play.run(**wanted | {"pressrun_tables": {"delivery": {"rate": "soon"}}})
    assert 1 == broken["failed"]
    assert re.search(r'found \\*"soon', broken["said"]), broken["said"]
    assert '"7/s"' in machine.path("/etc/pressrun/config.toml").read_text(encoding="utf-8")
    assert "active" == machine.run("systemctl", "is-active", SERVICE).strip()
