"""Background loops of a real daemon that meet faults of the machine, or of our own."""

from __future__ import annotations

import resource
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.e2e.conftest import READERS, MakeInstance
from tests.e2e.instance import Daemon, Instance, until
from tests.faults.storage import NoSmallDisk, fill_inodes, small_disk

# The same program, with a dispatcher that says after its first copies that it is through.
_DISPATCHER_ENDS = """
from pressrun.delivery.queue.dispatcher import Dispatcher as D
step = D.step
async def few(self):
    await step(self)
    return not self._results.waiting
D.step = few
from pressrun.cli.main import main; main()
"""
_LIMITED = """
import os, resource, sys
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2] or hard)))
os.execv(sys.argv[3], sys.argv[3:])
"""


def limited(soft: int, hard: int | str = "") -> list[str]:
    """What starts a program under these limits of open files."""
    return [sys.executable, "-c", _LIMITED, str(soft), str(hard)]


def test_the_end_of_the_dispatcher_ends_the_process(make_instance: MakeInstance) -> None:
    """What is in flight is recorded before; the exit code makes systemd start it again, and nobody has two copies."""
    instance = make_instance()
    instance.program, usual = (sys.executable, "-c", _DISPATCHER_ENDS), instance.program
    daemon = instance.start()
    instance.program = usual
    edition = instance.send()["id"]
    assert 1 == daemon.process.wait(30)
    daemon.close()
    assert 1 == daemon.log.read_text().count("daemon.dispatcher_ended")
    assert [] == instance.rows("select id from delivery where state = 'claimed'")
    instance.start()
    instance.await_state(edition, "finished")
    assert sorted(READERS) == sorted(instance.accepted())


@pytest.fixture
def few_inodes(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with room for 200 files."""
    with ExitStack() as stack:
        try:
            yield stack.enter_context(small_disk(tmp_path / "disk", "nr_inodes=200"))
        except NoSmallDisk as problem:
            pytest.skip(str(problem))


def _sign_up(instance: Instance, address: str) -> None:
    assert 303 == instance.post("/news/subscribe", {"email": address}).status


def _await_failing_head(daemon: Daemon) -> None:
    """Until the log says that the end of the evidence cannot be kept; that of the audit log may come before it."""
    failures = until(lambda: [row for row in daemon.events("loop.failed") if row["subject"] == "consent head"], 60.0)
    assert "housekeeping" == failures[0]["loop"]


@pytest.mark.thorough
def test_no_inode_is_left(make_instance: MakeInstance, few_inodes: Path) -> None:
    """Where the chain of evidence stands cannot be kept beside the keys; all else goes on, and it is kept later."""
    instance = make_instance(limits={"disk_reserve": "1 KiB"})
    shutil.move(instance.folder / "data", few_inodes / "data")
    (instance.folder / "data").symlink_to(few_inodes / "data")
    try:
        daemon = instance.start()
        head = few_inodes / "data" / "keys" / "consent-head"
        until(head.exists)
        before = head.read_text()
        fillers = fill_inodes(few_inodes)
        _sign_up(instance, "new@readers.example")
        _await_failing_head(daemon)
        instance.await_mails(1, to="new@readers.example")
        for filler in fillers:
            filler.unlink()
        until(lambda: head.read_text() != before, 30.0)
        until(lambda: daemon.events("loop.recovered"))
        assert 0 == daemon.stop()
    finally:
        instance.close()


@pytest.mark.thorough
def test_no_descriptor_is_left(make_instance: MakeInstance) -> None:
    """Whoever holds every connection keeps others out, and ends nothing; afterwards all goes on by itself."""
    instance = make_instance()
    daemon = instance.start(prefix=limited(96, 96))
    assert [True] == [
        "may need" in event["warning"] for event in daemon.events("config.warning") if "open files" in event["warning"]
    ]
    _sign_up(instance, "new@readers.example")
    held = [socket.create_connection(("127.0.0.1", instance.http_port), timeout=5) for _ in range(150)]
    until(lambda: len(list(Path(f"/proc/{daemon.process.pid}/fd").iterdir())) >= 95)
    _await_failing_head(daemon)
    assert {96} == {event["limit"] for event in until(lambda: daemon.events("daemon.no_open_files_left"))}
    for file in held:
        file.close()
    until(lambda: daemon.events("loop.recovered"), 30.0)
    assert 200 == instance.get("/readyz").status
    edition = instance.send()["id"]
    instance.await_state(edition, "finished")
    assert 0 == daemon.stop()


def test_check_warns_of_connections_that_do_not_fit(instance: Instance) -> None:
    done = instance.run("check", prefix=limited(96, 96))
    assert (0, True) == (done.code, "this process may open only 96" in done.err)


def test_the_daemon_takes_what_the_hard_limit_gives(instance: Instance) -> None:
    daemon = instance.start(prefix=limited(64))
    now, hard = resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)
    assert hard == now
