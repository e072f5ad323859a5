"""The shipped units under a real systemd: start, reload, end, kills, a stuck daemon, sockets that systemd holds."""

from __future__ import annotations

import asyncio
import http.client
import os
import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.e2e.booted import SERVICE, UNITS, Booted, CannotBoot
from tests.e2e.crowd import Crowd
from tests.e2e.instance import until
from tests.ports import free_port
from tests.sink import Sink

HIDDEN = ("/root", "/home", "/tmp", "/var/tmp")  # ProtectHome=, PrivateTmp=

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.needs("systemd-analyze"),  # of the package that brings systemd itself
    pytest.mark.skipif(
        any(Path(place).is_relative_to(home) for place in (sys.base_prefix, sys.prefix) for home in HIDDEN),
        reason=f"the unit hides this interpreter from its service: {sys.prefix}, {sys.base_prefix}",
    ),
]

SLOW = "slow1000-{}@readers.example"  # the sink answers its mail after a second
CONFIGURATION = """\
data_dir = "/var/lib/pressrun"
base_url = "https://news.example"
mail_domain = "news.example"

[http]
listen = "{http}"

[[relay]]
host = "127.0.0.1"
port = {relay}
"""
READERS = 40
HTTP_SOCKET = "pressrun-http.socket"
SMTP_SOCKET = "pressrun-smtp.socket"
BACKUP = "pressrun-backup.service"
HOW_TO = UNITS.parent / "docs" / "how-to"
GO = "/run/pressrun/go"
AS_POSTFIX = ("setpriv", "--reuid=postfix", "--regid=postfix", "--clear-groups")
GREETING = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print(s.recv(200).decode())"
PATIENCE_SECONDS = 60.0


@pytest.fixture(scope="module")
def sink(sink_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sink]:
    with Sink(sink_program, tmp_path_factory.mktemp("relay"), "--grab", "DKIM-Signature") as relay:
        yield relay


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    try:
        with Booted(tmp_path_factory.mktemp("machine")) as booted:
            yield booted
    except CannotBoot as problem:
        pytest.skip(str(problem))


@pytest.fixture
def http_port(machine: Booted, sink: Sink) -> Iterator[int]:
    """Where the configured service will be found; it does not run before the test, nor after it."""
    port = free_port()
    configure(machine, sink, f"127.0.0.1:{port}")
    yield port
    machine.run("systemctl", "stop", "pressrun-*.socket", SERVICE)
    machine.run("systemctl", "reset-failed")


def configure(machine: Booted, sink: Sink, http: str, more: str = "") -> None:
    text = CONFIGURATION.format(http=http, relay=sink.port) + more
    machine.path("/etc/pressrun/config.toml").write_text(text, encoding="ascii")


def send(machine: Booted, name: str, *more: str) -> None:
    """An edition to a list of that name, which has forty readers and these."""
    addresses = [f"r{number}-{name}@readers.example" for number in range(READERS)]
    readers, edition = machine.path("/etc/pressrun/readers.csv"), machine.path("/etc/pressrun/boats.md")
    readers.write_text("\n".join(["email", *addresses, *more]) + "\n", encoding="ascii")
    edition.write_text("---\nsubject: Boats\n---\nHello\n", encoding="ascii")
    machine.pressrun("list", "create", name, "--title", name, "--postal-address", "1 Quay")
    machine.pressrun("subscriber", "import", name, "/etc/pressrun/readers.csv")
    machine.pressrun("send", "--yes", name, "/etc/pressrun/boats.md")


def taken(sink: Sink, name: str) -> Counter[str]:
    """How often the relay took the mail of each reader of a list."""
    return Counter(line.rcpt_to for line in sink.lines() if line.status == "A" and f"-{name}@" in line.rcpt_to)


def await_restart(machine: Booted) -> None:
    """Until systemd has started the service again by itself."""

    def is_back() -> bool:
        restarts, state = machine.state("NRestarts", "SubState")
        return int(restarts) > 0 and state == "running"

    until(lambda: is_back() or None, PATIENCE_SECONDS)


@pytest.fixture
def socket_port(machine: Booted, http_port: int) -> Iterator[int]:
    """Where systemd will hold the socket of the web server; its unit is neither enabled nor started."""
    held = f"[Unit]\nDefaultDependencies=no\n[Socket]\nListenStream=\nListenStream=127.0.0.1:{http_port}\n"
    machine.drop_in(HTTP_SOCKET, held)
    yield http_port
    machine.run("systemctl", "disable", HTTP_SOCKET)


@pytest.fixture
def smtp_port(machine: Booted) -> Iterator[int]:
    """Where systemd listens for mail, once that socket is started."""
    port = free_port()
    machine.drop_in(SMTP_SOCKET, f"[Socket]\nListenStream=\nListenStream=127.0.0.1:{port}\n")
    yield port
    machine.run("systemctl", "stop", SMTP_SOCKET)


def get(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    finally:
        connection.close()


def test_it_starts_reloads_and_ends(machine: Booted, sink: Sink, http_port: int) -> None:
    """Each said to systemd when it is through, and an edition goes out in between."""
    machine.run("systemctl", "start", SERVICE)
    assert ("active", "running") == machine.state("ActiveState", "SubState")
    assert 200 == get(http_port)
    machine.run("systemctl", "reload", SERVICE)
    send(machine, "news")
    until(lambda: len(taken(sink, "news")) == READERS or None, PATIENCE_SECONDS)
    machine.run("systemctl", "stop", SERVICE)
    assert ("inactive", "success", "0") == machine.state("ActiveState", "Result", "ExecMainStatus")
    assert {1} == set(taken(sink, "news").values())


def test_a_reload_that_is_refused_fails(machine: Booted, sink: Sink, http_port: int) -> None:
    """The command that asked for it fails, and the status says that what is in force is not what the file says."""
    machine.run("systemctl", "start", SERVICE)
    configure(machine, sink, "nowhere")
    with pytest.raises(AssertionError, match=r'found \\*"nowhere'):  # as the command or the log, in JSON, has it first
        machine.run("systemctl", "reload", SERVICE)
    [status] = machine.state("StatusText")
    assert ("active", "running") == machine.state("ActiveState", "SubState")
    assert status.startswith("configuration refused: 1 error, running with that of 20"), status
    assert 200 == get(http_port)
    configure(machine, sink, f"127.0.0.1:{http_port}")
    machine.run("systemctl", "reload", SERVICE)
    assert ("serving https://news.example",) == machine.state("StatusText")


def test_a_killed_daemon_is_started_again_and_repeats_nothing(machine: Booted, sink: Sink, http_port: int) -> None:
    """systemd lets its worker hear what the relay answers, before it starts the next one."""
    machine.run("systemctl", "start", SERVICE)
    send(machine, "tides", SLOW.format("tides"))
    until(lambda: SLOW.format("tides") in taken(sink, "tides") or None, PATIENCE_SECONDS)  # whose answer is yet to come
    machine.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", SERVICE)
    await_restart(machine)
    until(lambda: len(taken(sink, "tides")) == READERS + 1 or None, PATIENCE_SECONDS)
    until(lambda: "finished" in machine.pressrun("edition", "ls", "tides") or None, PATIENCE_SECONDS)
    assert {1} == set(taken(sink, "tides").values())


def test_a_daemon_that_stands_still_is_started_again(machine: Booted, http_port: int) -> None:
    """It is not heard of by the watchdog any more."""
    machine.drop_in(SERVICE, "[Service]\nWatchdogSec=3\n")
    try:
        machine.run("systemctl", "start", SERVICE)
        machine.run("systemctl", "kill", "--kill-whom=main", "--signal=STOP", SERVICE)
        await_restart(machine)
        assert 200 == get(http_port)
    finally:
        machine.drop_in(SERVICE, "")


def test_a_bad_configuration_is_not_tried_again(machine: Booted, sink: Sink, http_port: int) -> None:
    configure(machine, sink, "nowhere")
    with pytest.raises(AssertionError, match=r'found \\*"nowhere'):  # as the command or the log, in JSON, has it first
        machine.run("systemctl", "start", SERVICE)
    assert ("failed", "78", "0") == machine.state("ActiveState", "ExecMainStatus", "NRestarts")


def test_nobody_is_turned_away_while_it_starts(machine: Booted, sink: Sink, socket_port: int) -> None:
    """systemd holds the socket: the first visitor starts the service; a kill lets them wait, and so does a restart."""
    configure(machine, sink, "systemd")
    machine.run("systemctl", "start", HTTP_SOCKET)
    assert 200 == get(socket_port)
    machine.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", SERVICE)
    until(lambda: machine.state("SubState") != ("running",) or None)  # whom it had accepted already is cut off
    assert 200 == get(socket_port)
    machine.drop_in(SERVICE, f"[Service]\nExecStartPre=sh -c 'until [ -e {GO} ]; do sleep 0.1; done'\n")
    try:
        machine.run("systemctl", "--no-block", "restart", SERVICE)
        until(lambda: machine.state("SubState") == ("start-pre",) or None)
        with socket.create_connection(("127.0.0.1", socket_port), timeout=PATIENCE_SECONDS) as visitor:
            visitor.sendall(b"GET /healthz HTTP/1.0\r\nHost: news.example\r\n\r\n")
            machine.path(GO).touch()
            assert b" 200 " in visitor.recv(100)
    finally:
        machine.path(GO).unlink(missing_ok=True)
        machine.drop_in(SERVICE, "")


def test_three_restarts_turn_nobody_of_a_crowd_away(
    machine: Booted, sink: Sink, socket_port: int, smtp_port: int
) -> None:
    """200 visits a second and 50 connections of mail servers: whoever is being served is told 421 at worst."""
    configure(machine, sink, "systemd", '[smtp]\nlisten = "systemd"\n[limits]\nsmtp_connections = 200\n')
    machine.run("systemctl", "start", HTTP_SOCKET, SMTP_SOCKET)
    machine.run("systemctl", "start", SERVICE)
    machine.pressrun("list", "create", "crowd", "--title", "Crowd", "--postal-address", "1 Pier")
    crowd = Crowd(http_port=socket_port, smtp_port=smtp_port, visits=200, servers=50)

    async def restart() -> None:
        for _ in range(3):
            await asyncio.sleep(2)
            await asyncio.to_thread(machine.run, "systemctl", "restart", SERVICE)
        await asyncio.sleep(1)

    fates = asyncio.run(crowd.stay(restart))
    assert {} == fates.bad, fates
    assert fates.visits["answered"] > 1000
    assert fates.mails["accepted"] > 300


@pytest.fixture
def shell(machine: Booted) -> Callable[[str], str]:
    """Runs lines as the docs print them, as root; what they print is returned."""
    folder = machine.path("/run/bin")
    folder.mkdir(exist_ok=True)
    command = folder / "pressrun"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m pressrun "$@"\n', encoding="ascii")
    command.chmod(0o755)
    return lambda lines: machine.run("env", f"PATH=/run/bin:{os.environ['PATH']}", "sh", "-ec", lines)


def test_a_nightly_backup_its_drill_and_a_restore(
    machine: Booted, sink: Sink, http_port: int, shell: Callable[[str], str]
) -> None:
    """The unit of the timer backs up while the service runs; then the drill of the docs, as printed, and a restore."""
    install_backup(machine)
    machine.run("systemctl", "start", SERVICE)
    send(machine, "before")
    until(lambda: len(taken(sink, "before")) == READERS or None)
    machine.run("systemctl", "start", BACKUP)
    [backup] = machine.path("/var/backups/pressrun").glob("*.tar*")
    assert (0o600, machine.path("/var/lib/pressrun").stat().st_uid) == (
        backup.stat().st_mode & 0o777,
        backup.stat().st_uid,
    )
    output = shell(block_of("back-up.md", "Practise"))
    assert f"{READERS}" in output
    assert not machine.path("/var/tmp/drill").exists()
    machine.run("systemctl", "stop", SERVICE)
    shell(f"pressrun restore /var/backups/pressrun/{backup.name} --yes")
    machine.run("systemctl", "start", SERVICE)
    assert 200 == get(http_port)
    assert dict.fromkeys(taken(sink, "before"), 1) == taken(sink, "before")


def install_backup(machine: Booted) -> None:
    """The unit of the nightly backup, with the interpreter of the tests."""
    unit = machine.path(f"/etc/systemd/system/{BACKUP}")
    text = (UNITS / BACKUP).read_text(encoding="ascii")
    unit.write_text(text.replace("/opt/pressrun/bin/pressrun", f"{sys.executable} -m pressrun"), encoding="ascii")
    machine.drop_in(BACKUP, "[Unit]\nDefaultDependencies=no\n")


def block_of(page: str, heading: str) -> str:
    """The first block of commands below a heading of a how-to page."""
    text = (HOW_TO / page).read_text(encoding="utf-8")
    return text.partition(f"\n## {heading}\n")[2].partition("\n```sh\n")[2].partition("\n```\n")[0]


def test_a_socket_that_is_enabled_before_the_service(machine: Booted, sink: Sink, socket_port: int) -> None:
    """Starting the service is enough, though nothing else has opened the socket since it was enabled."""
    configure(machine, sink, "systemd")
    machine.run("systemctl", "enable", HTTP_SOCKET)
    machine.run("systemctl", "start", SERVICE)
    assert 200 == get(socket_port)


def test_a_socket_that_is_enabled_while_the_service_runs(machine: Booted, sink: Sink, socket_port: int) -> None:
    """The restart that a new `listen` asks for anyway opens it. systemd opens no socket beside a running service."""
    machine.run("systemctl", "start", SERVICE)
    configure(machine, sink, "systemd")
    with pytest.raises(AssertionError, match="Job failed"):
        machine.run("systemctl", "enable", "--now", HTTP_SOCKET)
    machine.run("systemctl", "restart", SERVICE)
    assert 200 == get(socket_port)


def test_a_socket_that_is_enabled_too_late(machine: Booted, sink: Sink, socket_port: int) -> None:
    """The service says which unit it misses and is tried again, so that enabling the unit is all that is to be done."""
    configure(machine, sink, "systemd")
    with pytest.raises(AssertionError, match=HTTP_SOCKET):
        machine.run("systemctl", "start", SERVICE)
    assert ("69",) == machine.state("ExecMainStatus")
    machine.run("systemctl", "enable", HTTP_SOCKET)
    until(lambda: machine.state("SubState") == ("running",) or None, PATIENCE_SECONDS)
    assert 200 == get(socket_port)


def test_stopped_with_its_sockets_it_stays_stopped(machine: Booted, sink: Sink, socket_port: int) -> None:
    """As the page on backups has it: no visitor starts it meanwhile, and then the service is all to be started."""
    configure(machine, sink, "systemd")
    machine.run("systemctl", "enable", HTTP_SOCKET)
    machine.run("systemctl", "start", SERVICE)
    machine.run("systemctl", "stop", "pressrun-*.socket", SERVICE)
    with pytest.raises(ConnectionRefusedError):
        get(socket_port)
    assert ("inactive",) == machine.state("ActiveState")
    machine.run("systemctl", "start", SERVICE)
    assert 200 == get(socket_port)


def make_key(machine: Booted, selector: str) -> str:
    """A key that signs among the credentials, which root alone can read; gives its table of the configuration."""
    machine.pressrun("dkim", "create", "--selector", selector)
    store = machine.path("/etc/credstore")
    store.mkdir(mode=0o700, exist_ok=True)
    made = machine.path(f"/var/lib/pressrun/dkim/news.example.{selector}.pem")
    (store / "dkim.pem").write_bytes(made.read_bytes())
    (store / "dkim.pem").chmod(0o600)
    made.unlink()
    return f'[dkim]\ndomain = "news.example"\nselector = "{selector}"\nkey_file = "dkim.pem"\n'


def test_a_new_credential_asks_for_a_restart(machine: Booted, sink: Sink, http_port: int) -> None:
    """It is handed over at the start alone: `check` says so, and a reload that would leave mail unsigned fails."""
    machine.run("systemctl", "start", SERVICE)
    configure(machine, sink, f"127.0.0.1:{http_port}", make_key(machine, "first"))
    machine.drop_in(SERVICE, "[Service]\nLoadCredential=dkim.pem:/etc/credstore/dkim.pem\n")
    try:
        said = machine.pressrun("check").splitlines()
        assert "Configuration OK. Restart the daemon to apply it" == said[-1]
        with pytest.raises(AssertionError, match="a new credential needs a restart"):
            machine.run("systemctl", "reload", SERVICE)
        machine.run("systemctl", "restart", SERVICE)
        assert "Configuration OK" == machine.pressrun("check").splitlines()[-1]
        machine.run("systemctl", "reload", SERVICE)
        configure(machine, sink, f"127.0.0.1:{http_port}", make_key(machine, "second"))  # of the same file name
        assert "Configuration OK. Restart the daemon to apply it" == machine.pressrun("check").splitlines()[-1]
    finally:
        machine.drop_in(SERVICE, "")


def test_a_credential_is_the_key_that_signs(machine: Booted, sink: Sink, http_port: int) -> None:
    """A file that root alone can read, handed over by systemd; `check`, run by root, finds it where it lies."""
    configure(machine, sink, f"127.0.0.1:{http_port}", make_key(machine, "quay"))
    machine.pressrun("check")
    machine.drop_in(SERVICE, "[Service]\nLoadCredential=dkim.pem:/etc/credstore/dkim.pem\n")
    try:
        machine.run("systemctl", "start", SERVICE)
        send(machine, "signed")
        until(lambda: len(taken(sink, "signed")) == READERS or None, PATIENCE_SECONDS)
    finally:
        machine.drop_in(SERVICE, "")
    sink.ask("XFLUSH")
    lines = [line for line in sink.log.read_text(encoding="utf-8").splitlines() if "-signed@" in line]
    assert READERS == sum("s=quay" in line for line in lines), lines


@pytest.mark.needs("postfix")
def test_postfix_reaches_the_socket_of_lmtp_whatever_becomes_of_the_service(
    machine: Booted, sink: Sink, http_port: int
) -> None:
    """It belongs to systemd and to the group of Postfix, however often the service starts."""
    configure(machine, sink, f"127.0.0.1:{http_port}", '[smtp]\nlmtp = "systemd"\n')
    machine.drop_in("pressrun-lmtp.socket", "[Unit]\nDefaultDependencies=no\n")
    place = "/run/pressrun/lmtp.sock"
    machine.run("systemctl", "enable", "pressrun-lmtp.socket")
    for verbs in (["start"], ["restart"], ["stop", "start"]):
        for verb in verbs:
            machine.run("systemctl", verb, SERVICE)
        assert "pressrun postfix 660\n" == machine.run("stat", "--format=%U %G %a", place)
        assert "220 " in machine.run(*AS_POSTFIX, sys.executable, "-c", GREETING, place)
