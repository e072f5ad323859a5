"""What is said to systemd, what is taken from it, and what its own tools say of our units."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pressrun.core.errors import BadConfiguration
from pressrun.runtime.systemd import Notifier, forget_environment, listen_sockets, watchdog_seconds

_UNITS = Path(__file__).parent.parent.parent / "systemd"


@pytest.fixture(params=["file", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    name = str(tmp_path / "notify") if request.param == "file" else f"@pressrun-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name.replace("@", "\0", 1))
        listener.settimeout(5)
        yield listener, name


def _said(listener: socket.socket) -> list[str]:
    return listener.recv(4096).decode().split("\n")


def test_each_state_is_one_datagram(manager: tuple[socket.socket, str]) -> None:
    """The lines are those of sd_notify(3), in the file system and in the abstract name space."""
    listener, name = manager
    notifier = Notifier({"NOTIFY_SOCKET": name})
    said: list[tuple[Callable[[], None], list[str]]] = [
        (notifier.ready, ["READY=1"]),
        (lambda: notifier.ready("serving 3 lists"), ["READY=1", "STATUS=serving 3 lists"]),
        (lambda: notifier.ready("one\nline\n"), ["READY=1", "STATUS=one line"]),
        (notifier.watchdog, ["WATCHDOG=1"]),
        (lambda: notifier.extend_timeout(1.5), ["EXTEND_TIMEOUT_USEC=1500000"]),
        (lambda: notifier.stopping("draining"), ["STOPPING=1", "STATUS=draining"]),
    ]
    for say, expected in said:
        say()
        assert expected == _said(listener)
    notifier.close()


def test_reloading_carries_the_monotonic_clock(manager: tuple[socket.socket, str]) -> None:
    """So that systemd can tell a reload from one before it."""
    listener, name = manager
    notifier = Notifier({"NOTIFY_SOCKET": name})
    before = time.monotonic_ns() // 1000
    notifier.reloading()
    first, second = _said(listener)
    assert first == "RELOADING=1"
    assert before <= int(second.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000
    notifier.close()


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1"}])
def test_without_systemd_nothing_happens(environ: dict[str, str]) -> None:
    """Every call is harmless where nobody listens."""
    notifier = Notifier(environ)
    notifier.ready()
    notifier.watchdog()
    notifier.close()


def test_a_manager_that_went_away_stops_nothing(tmp_path: Path) -> None:
    """Serving goes on when systemd cannot be told."""
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    notifier.watchdog()
    notifier.close()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "7"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
    ],
)
def test_the_watchdog_is_for_us_alone(environ: dict[str, str], expected: float | None) -> None:
    """A child that inherits the environment is not watched."""
    assert expected == watchdog_seconds(environ, 7)


def _handed_over(*names: str) -> tuple[int, list[socket.socket]]:
    """Descriptors in a row, as systemd hands them over, each a listening socket."""
    first = 200
    sockets = []
    for offset, _ in enumerate(names):
        with socket.create_server(("127.0.0.1", 0)) as opened:
            os.dup2(opened.fileno(), first + offset, inheritable=True)
        sockets.append(opened)
    return first, sockets


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["http"], ["http"]),
        (["pressrun.socket"], ["http"]),
        (["lmtp"], ["lmtp"]),
        (["lmtp", "http", "smtp"], ["lmtp", "http", "smtp"]),
    ],
)
def test_sockets_come_by_name(names: list[str], expected: list[str]) -> None:
    """An only one without a name of ours serves http; all are closed to children."""
    first, _ = _handed_over(*names)
    environ = {"LISTEN_PID": "7", "LISTEN_FDS": str(len(names)), "LISTEN_FDNAMES": ":".join(names)}
    sockets = listen_sockets(environ, 7, first_descriptor=first)
    assert expected == list(sockets)
    for opened in sockets.values():
        assert not opened.get_inheritable()
        assert opened.gettimeout() == 0
        opened.close()


@pytest.mark.parametrize(
    "environ", [{}, {"LISTEN_PID": "8", "LISTEN_FDS": "1"}, {"LISTEN_PID": "7", "LISTEN_FDS": "x"}]
)
def test_sockets_for_another_process_are_left_alone(environ: dict[str, str]) -> None:
    """LISTEN_PID names whom they are for."""
    assert listen_sockets(environ, 7) == {}


def test_a_descriptor_that_is_not_listening_is_refused() -> None:
    """A datagram socket or a closed descriptor is a mistake in the unit."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        os.dup2(opened.fileno(), 220)
    environ = {"LISTEN_PID": "7", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "http"}
    with pytest.raises(BadConfiguration, match="http"):
        listen_sockets(environ, 7, first_descriptor=220)
    os.close(220)
    with pytest.raises(BadConfiguration, match="http"):
        listen_sockets(environ, 7, first_descriptor=221)


def test_one_name_for_two_sockets_is_refused() -> None:
    """We could not tell which is which."""
    first, _ = _handed_over("http", "http")
    environ = {"LISTEN_PID": "7", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "http:http"}
    with pytest.raises(BadConfiguration, match="two sockets named 'http'"):
        listen_sockets(environ, 7, first_descriptor=first)
    os.closerange(first, first + 2)


def test_children_inherit_nothing_of_it() -> None:
    """What was meant for us is taken out of the environment, the rest stays."""
    environ = {"NOTIFY_SOCKET": "/x", "LISTEN_FDS": "1", "WATCHDOG_USEC": "1", "PATH": "/bin"}
    forget_environment(environ)
    assert environ == {"PATH": "/bin"}


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """Our units with a program that exists, since nothing is installed below /opt here."""
    for path in [*_UNITS.glob("*.service"), *_UNITS.glob("*.socket")]:
        text = path.read_text(encoding="utf-8")
        (tmp_path / path.name).write_text(
            text.replace("/opt/pressrun/bin/pressrun", shutil.which("true") or "/bin/true")
        )
    return sorted(tmp_path.iterdir())


@pytest.mark.needs("systemd-analyze")
def test_systemd_has_nothing_to_say_against_the_units(units: list[Path]) -> None:
    """`systemd-analyze verify` is silent."""
    done = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.needs("systemd-analyze")
def test_the_service_is_hardened(units: list[Path]) -> None:
    """The exposure level is 1.1 at most."""
    unit = next(path for path in units if path.suffix == ".service")
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=11", unit],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert level is not None, done.stderr
    assert float(level[1]) <= 1.1
    assert done.returncode == 0


def test_the_units_name_what_the_daemon_looks_for() -> None:
    """Socket names, the way of reloading and the user are those that the code and the docs speak of."""
    service = (_UNITS / "pressrun.service").read_text(encoding="utf-8")
    for line in ("Type=notify", "User=pressrun", "StateDirectory=pressrun", "RuntimeDirectory=pressrun"):
        assert line in service.splitlines()
    for name in ("http", "smtp", "lmtp"):
        text = (_UNITS / f"pressrun-{name}.socket").read_text(encoding="utf-8")
        assert f"FileDescriptorName={name}" in text.splitlines()
        assert "Service=pressrun.service" in text.splitlines()


@pytest.mark.parametrize("name", ["http", "smtp", "lmtp"])
def test_an_enabled_socket_starts_with_the_service_and_outlasts_it(name: str) -> None:
    """Tried on a booted machine in tests/e2e/test_systemd.py. What closes it at a stop closes it in a restart, too."""
    lines = (_UNITS / f"pressrun-{name}.socket").read_text(encoding="utf-8").splitlines()
    assert "WantedBy=sockets.target pressrun.service" in lines
    assert not [line for line in lines if line.startswith(("PartOf=", "BindsTo=", "StopPropagatedFrom="))]
