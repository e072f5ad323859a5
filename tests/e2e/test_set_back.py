"""A database that somebody sets back to an earlier moment without `pressrun restore`: nobody gets a second copy."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.instance import EDITION, Instance, opened_instance, plain_environment, until
from tests.postgresql import OwnDatabases, Server, new_server

pytestmark = pytest.mark.thorough

READERS = [f"reader{number}@readers.example" for number in range(3000)]
SLOWLY = {"rate": "500/s"}
KILLS = 6
LOOK_SECONDS = 5.0  # as in daemon.session_keeper
RENEW_SECONDS = 2.0  # as in core.upkeep.lease


@pytest.fixture
def server() -> Iterator[Server]:
    with new_server() as server:
        yield server


def copies_of(instance: Instance) -> list[str]:
    everybody = set(READERS)
    return [address for address in instance.accepted() if address in everybody]


@pytest.mark.only_on("postgresql", "it is about a server of the database")
def test_a_server_is_recovered_to_an_earlier_moment_amid_an_edition(
    server: Server, sink_program: Path, tmp_path: Path
) -> None:
    """The daemon ends by itself, and its next start delivers what the journal knows: the edition goes on."""
    url = server.url(OwnDatabases(server).new())
    with opened_instance(tmp_path / "instance", sink_program, server=url, delivery=SLOWLY) as instance:
        instance.create_list()
        instance.import_readers(*READERS)
        daemon = instance.start()
        edition = int(instance.send(EDITION)["id"])
        until(lambda: len(copies_of(instance)) > 300 or None)
        server.stop()
        server.keep()
        server.start()
        until(lambda: len(copies_of(instance)) > 1500 or None, 60)
        server.stop("immediate")
        server.put_back()
        server.start()
        assert 75 == daemon.process.wait(60)
        log = daemon.log.read_text(encoding="utf-8")
        assert (1, 1) == (
            log.count('"session.set_back"'),
            log.count("The next start holds back what may have gone out"),
        )
        daemon.close()
        daemon = instance.start()
        instance.await_state(edition, "finished", 120)
        assert sorted(READERS) == sorted(copies_of(instance))  # each of them once
        assert "storage.set_back" not in daemon.log.read_text(encoding="utf-8")  # no person need look
        assert 0 == daemon.stop()


@pytest.mark.only_on("postgresql", "it is about a server of the database")
def test_a_standby_takes_over_that_lacks_the_last_second(server: Server, sink_program: Path, tmp_path: Path) -> None:
    """Somebody has left in that second, so nothing goes to anybody until a person has looked."""
    url = server.url(OwnDatabases(server).new())
    with opened_instance(tmp_path / "instance", sink_program, server=url) as instance:
        instance.create_list()
        instance.import_readers("ann@readers.example", "ben@readers.example")
        daemon = instance.start()
        edition = int(instance.send(EDITION, "--at", "2090-01-01T12:00:00Z")["id"])
        head = instance.folder / "data" / "keys" / "consent-head"
        until(lambda: head.exists() or None)
        server.stop()
        server.keep()
        server.start()
        until(lambda: instance.run("subscriber", "rm", "news", "ben@readers.example").code == 0 or None, 60)
        time.sleep(2 * RENEW_SECONDS)  # a renewal has seen that row: nothing outside of the daemon shows it
        server.stop("immediate")
        server.put_back()
        server.start()
        assert 75 == daemon.process.wait(60)
        daemon.close()
        daemon = instance.start()
        assert "paused" == instance.show(edition)["state"]
        assert 1 == daemon.log.read_text(encoding="utf-8").count('"storage.set_back"')
        assert 0 == daemon.stop()


def start_and_kill(instance: Instance, seconds: float) -> None:
    """A start that is killed after a while."""
    process = subprocess.Popen(
        instance.command("serve"), cwd=instance.folder, env=plain_environment(), stderr=subprocess.DEVNULL
    )
    time.sleep(seconds)
    process.kill()
    process.wait(10)


@pytest.mark.only_on("sqlite", "it is about a file")
def test_an_old_file_is_copied_to_its_place(sink_program: Path, tmp_path: Path) -> None:
    """What was on its way waits for a person, whenever a start is killed; then the same process goes on with it."""
    with opened_instance(tmp_path / "instance", sink_program, delivery=SLOWLY) as instance:
        instance.create_list()
        instance.import_readers(*READERS)
        daemon = instance.start()
        edition = int(instance.send(EDITION)["id"])
        until(lambda: len(copies_of(instance)) > 300 or None)
        assert 0 == daemon.stop()
        shutil.copy(instance.database_file, tmp_path / "old")
        daemon = instance.start()
        head = instance.database_file.parent / "keys" / "audit-head"
        first = head.read_bytes() if head.exists() else b""
        until(lambda: (head.exists() and head.read_bytes() != first) or None)
        until(lambda: len(copies_of(instance)) > 600 or None)
        assert 0 == daemon.stop()
        before = len(copies_of(instance))
        shutil.copy(tmp_path / "old", instance.database_file)
        for _ in range(KILLS):
            start_and_kill(instance, random.uniform(0.2, 2.0))
        daemon = instance.start()
        instance.await_state(edition, "paused")
        time.sleep(LOOK_SECONDS + 1.0)
        assert before == len(copies_of(instance))
        instance.do("edition", "resume", str(edition), "--yes")
        instance.await_state(edition, "finished", 120)
        assert sorted(READERS) == sorted(copies_of(instance))  # by the journal each of them once, in spite of --yes
        assert 0 == daemon.stop()
