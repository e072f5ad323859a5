"""The Debian package: what it says of itself, and what becomes of a machine on which it is installed."""

from __future__ import annotations

import http.client
import re
import shutil
import smtplib
import subprocess
import threading
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.booted import SERVICE, CannotBoot
from tests.e2e.instance import until
from tests.packaging.debian_build import build, file_name
from tests.packaging.debian_root import DebianRoot
from tests.ports import free_port
from tests.sink import Sink

from pressrun import __version__
from pressrun.store.sqlite.migrate import newest_version

TOP = Path(__file__).parent.parent.parent
NEXT = "9.9"  # an upgrade is to a later version of the same program, with a schema of its own
LATER = "create table later (id integer primary key) strict;"
DEBIAN_NAMES = {"argon2-cffi": "argon2", "markdown-it-py": "markdown-it", "pyyaml": "yaml"}
PATIENCE_SECONDS = 60.0


def test_it_has_the_version_of_the_program() -> None:
    """The newest entry of its changelog is the release that CHANGELOG.md describes."""
    first = (TOP / "debian" / "changelog").read_text(encoding="utf-8").partition("\n")[0]
    assert f"pressrun ({__version__}) unstable; urgency=medium" == first


def test_it_asks_for_no_less_than_the_wheel_does() -> None:
    """Each dependency at its floor, so that an older Debian refuses the package rather than breaks with it."""
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    control = (TOP / "debian" / "control").read_text(encoding="utf-8")
    floors = dict(dependency.lower().split(">=") for dependency in project["dependencies"])
    wanted = {f"python3-{DEBIAN_NAMES.get(name, name)} (>= {floor})" for name, floor in floors.items()}
    assert wanted == set(re.findall(r"^ {9}(python3-\S+ \(>= [^)]+\)),?$", control, re.MULTILINE))


@pytest.mark.thorough
@pytest.mark.needs("debhelper")
@pytest.mark.timeout(900)
def test_it_is_built_the_same_each_time(package: Path, tmp_path: Path) -> None:
    """In another folder, time zone and umask, the same octets."""
    again = build(tmp_path, __version__, zone="Asia/Tokyo", mask=0o077)
    assert package.read_bytes() == again.read_bytes()


@pytest.mark.thorough
@pytest.mark.needs("debhelper", "lintian")
@pytest.mark.timeout(900)
def test_lintian_has_nothing_to_say(package: Path) -> None:
    """No error, and no warning either."""
    done = subprocess.run(
        ["lintian", "--allow-root", "--fail-on=error,warning", package],
        capture_output=True,
        text=True,
        check=False,
        timeout=800,
    )
    assert (0, "") == (done.returncode, done.stdout)


# ------------------------------------------------------------------ on a machine

RIGHTS = {"config": "640 root pressrun", "folder": "750 root pressrun", "data": "700 pressrun pressrun"}
GREETING = "---\nsubject: Boats\n---\nHello\n"
# The lines of the configuration that the test changes, as an operator would.
CHANGES = {
    "http": r'^listen = "127\.0\.0\.1:8080"$',
    "smtp": r'^listen = "127\.0\.0\.1:8025"$',
    "relay": r"^port = 25$",
}


@pytest.fixture
def machine(package: Path, tmp_path: Path) -> Iterator[DebianRoot]:
    """A bare Debian with the package in /var/cache, and a later version of it."""
    packages = tmp_path / "packages"
    packages.mkdir()
    shutil.copy(package, packages)
    shutil.copy(build(tmp_path / "next", NEXT, steps=[LATER]), packages)
    try:
        with DebianRoot(tmp_path, packages) as booted:
            yield booted
    except CannotBoot as problem:
        pytest.skip(str(problem))


def configure(machine: DebianRoot, **places: str) -> None:
    """Change the file that the package wrote where an operator would."""
    config = machine.path("/etc/pressrun/config.toml")
    text = config.read_text(encoding="utf-8")
    for before, after in places.items():
        text, replaced = re.subn(CHANGES[before], after, text, count=1, flags=re.MULTILINE)
        assert replaced == 1, before
    config.write_text(text, encoding="utf-8")


class Visitors:
    """Four of them, each with one request after the other for as long as the `with` lasts."""

    def __init__(self, port: int) -> None:
        self.outcomes: Counter[object] = Counter()
        self._port = port
        self._have_left = threading.Event()
        self._threads = [threading.Thread(target=self._visit) for _ in range(4)]

    def __enter__(self) -> Visitors:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._have_left.set()
        for thread in self._threads:
            thread.join()

    def _visit(self) -> None:
        while not self._have_left.is_set():
            self.outcomes[get(self._port)] += 1


def get(port: int) -> int | str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    except OSError as problem:
        return repr(problem)
    finally:
        connection.close()


@pytest.mark.thorough
@pytest.mark.needs("debhelper", "debian-root", "cc")
@pytest.mark.timeout(900)
def test_from_a_bare_machine_to_a_bounce_and_to_the_purge(
    machine: DebianRoot, sink_program: Path, tmp_path: Path
) -> None:
    """An edition sent, a bounce handled, upgraded over a step of the schema with nobody refused, removed and purged."""
    http_port, smtp_port = free_port(), free_port()
    with Sink(sink_program, tmp_path) as relay:
        machine.install(file_name(__version__))
        assert RIGHTS == rights(machine)
        assert "inactive" == machine.state("ActiveState")[0]  # nobody has configured it
        configure(
            machine,
            http='listen = "systemd"',
            smtp=f'listen = "127.0.0.1:{smtp_port}"',
            relay=f"port = {relay.port}",
        )
        machine.drop_in("pressrun-http.socket", f"[Socket]\nListenStream=\nListenStream=127.0.0.1:{http_port}\n")
        machine.run("systemctl", "enable", "pressrun-http.socket")
        machine.run("systemctl", "enable", "--now", SERVICE)
        send(machine)
        [copy] = until(lambda: [line for line in relay.lines() if line.rcpt_to == "ann@readers.example"])
        until(lambda: "finished" in machine.pressrun("edition", "ls") or None)
        bounce(smtp_port, copy.mail_from, copy.rcpt_to)
        until(lambda: "hard-bounce" in machine.pressrun("suppression", "ls") or None, PATIENCE_SECONDS)

        with Visitors(http_port) as visitors:
            machine.install(file_name(NEXT))
            until(lambda: get(http_port) == 200 or None, PATIENCE_SECONDS)
        assert {200} == set(visitors.outcomes), visitors.outcomes
        assert ("active", NEXT) == (machine.state("ActiveState")[0], version(machine))
        assert "hard-bounce" in machine.pressrun("suppression", "ls")
        assert machine.path(f"/var/lib/pressrun/backups/schema-{newest_version()}.sqlite3").exists()

        machine.apt("remove", "pressrun")
        assert isinstance(get(http_port), str)  # nobody listens
        assert machine.path("/etc/pressrun/config.toml").exists()
        machine.apt("purge", "pressrun")
        assert not machine.path("/etc/pressrun").exists()
        assert machine.path("/var/lib/pressrun/keys").is_dir()  # for those who said no


def version(machine: DebianRoot) -> str:
    return machine.run("dpkg-query", "--show", "--showformat=${Version}", "pressrun")


def rights(machine: DebianRoot) -> dict[str, str]:
    """Of what the package has made."""
    places = {"config": "/etc/pressrun/config.toml", "folder": "/etc/pressrun", "data": "/var/lib/pressrun"}
    return {name: machine.run("stat", "--format=%a %U %G", place).strip() for name, place in places.items()}


def send(machine: DebianRoot) -> None:
    """An edition to two readers, by the verbs that an operator types."""
    machine.path("/srv/boats.md").write_text(GREETING, encoding="ascii")
    machine.pressrun("list", "create", "news", "--title", "News", "--postal-address", "1 Quay")
    for name in ("ann", "ben"):
        machine.pressrun("subscriber", "add", "news", f"{name}@readers.example")
    machine.pressrun("send", "--yes", "news", "/srv/boats.md")


def bounce(port: int, sender: str, reader: str) -> None:
    """The notification that the reader's provider sends, hours later, to where the copy came from."""
    notification = f"""\
From: MAILER-DAEMON@readers.example
To: {sender}
Subject: Undelivered
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

No such mailbox.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.readers.example

Final-Recipient: rfc822; {reader}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such mailbox
--b--
"""
    with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE_SECONDS) as session:
        session.sendmail("", [sender], notification)
