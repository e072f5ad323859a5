"""A process that is killed in the middle of verbs leaves no change without its row in the audit log, and no row without
its change."""

from __future__ import annotations

import itertools
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest
from tests import postgresql
from tests.cli.shell import Shell
from tests.database import select_at

from pressrun.acts.arguments import ListSettings, SubscriberAdd
from pressrun.control.client import ControlClient
from pressrun.core.errors import PressrunError

pytestmark = pytest.mark.thorough
ROUNDS = 6
CLIENTS = 4


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: str) -> Iterator[Shell]:
    with ExitStack() as stack:
        url = None
        if engine == "postgresql":
            server = postgresql.shared_server()
            url = server.url(stack.enter_context(closing(postgresql.OwnDatabases(server))).new())
        shell = Shell(tmp_path, capsys, url)
        text = shell.config.read_text(encoding="utf-8")
        for port in ("8080", "8025"):
            text = text.replace(f'listen = "127.0.0.1:{port}"', 'listen = "127.0.0.1:0"')
        shell.config.write_text(text, encoding="utf-8")
        shell.make_list()
        yield shell


def start(shell: Shell, *arguments: str) -> subprocess.Popen[bytes]:
    program = [sys.executable, "-P", "-m", "pressrun", "--config", str(shell.config), *arguments]
    return subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def ask(shell: Shell, number: int) -> None:
    """Add readers and change a setting until the daemon is gone."""
    client = ControlClient.connect(shell.data / "control.sock")
    assert client is not None
    with closing(client), suppress(PressrunError, OSError):
        for count in itertools.count():
            address = f"r{number}-{count}-{time.monotonic_ns()}@x.example"
            client.call("subscriber.add", SubscriberAdd(list="news", address=address), lambda _: None)
            settings = {"description": f"{number} {count}"}
            client.call("list.set", ListSettings(list="news", settings=settings), lambda _: None)


def count_readers(shell: Shell) -> int:
    return int(select_at(shell.database, "select count(*) from subscriber")[0][0])


def require_a_row_for_each_change(shell: Shell) -> int:
    readers = {number for (number,) in select_at(shell.database, "select id from subscriber")}
    rows = [
        number
        for (number,) in select_at(
            shell.database,
            "select subscriber_id from audit where action = 'subscriber.add' and outcome = 'done' order by number",
        )
    ]
    assert sorted(readers) == sorted(rows)
    assert shell.good("audit", "verify", "--json").json["ok"]
    return len(readers)


def test_a_daemon_that_is_killed(shell: Shell) -> None:
    chance, before = random.Random(18), 0
    for _ in range(ROUNDS):
        daemon = start(shell, "serve")
        ends_at = time.monotonic() + 60
        while (client := ControlClient.connect(shell.data / "control.sock")) is None:
            assert time.monotonic() < ends_at
            time.sleep(0.02)
        client.close()
        threads = [threading.Thread(target=ask, args=(shell, number)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        while count_readers(shell) == before:
            assert time.monotonic() < ends_at
            time.sleep(0.02)
        time.sleep(chance.uniform(0.0, 0.5))
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()
        for thread in threads:
            thread.join()
        before = require_a_row_for_each_change(shell)


def test_verbs_without_a_daemon_that_are_killed(shell: Shell) -> None:
    chance = random.Random(19)
    for number in range(ROUNDS):
        verb = start(shell, "subscriber", "add", "news", f"o{number}@x.example")
        time.sleep(chance.uniform(0.2, 1.2))
        verb.send_signal(signal.SIGKILL)
        verb.wait()
    shell.good("subscriber", "add", "news", "last@x.example")
    assert 1 <= require_a_row_for_each_change(shell)
