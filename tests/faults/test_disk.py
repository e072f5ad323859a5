"""A full disk and a locked database: clear errors, nothing lost, nothing twice, and all well again afterwards.

The full disk is made in two ways. On a file system of its own, which only root may mount; and, for everybody, by the
largest file that the daemon may write, which SQLite meets in the same place.
"""

from __future__ import annotations

import resource
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.database import held_by_another
from tests.e2e.conftest import READERS, MakeInstance
from tests.e2e.instance import Instance, until
from tests.faults.storage import NoSmallDisk, fill, small_disk

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.only_on("sqlite", "the disk of a database on a server is the server's, and nobody locks all of it"),
]

MANY = tuple(f"reader{number}@inbox.example" for number in range(400))


def _work_is_refused(instance: Instance) -> None:
    refused = instance.run("subscriber", "add", "news", "late@readers.example", "--json")
    assert (refused.code, "error" in refused.json) == (69, True), refused
    assert instance.get("/healthz").status == 200


def _all_is_well(instance: Instance, edition: int) -> None:
    done = instance.await_state(edition, "finished")
    assert (done["delivered"], done["failed"]) == (len(MANY) + 3, 0)
    accepted = instance.accepted()
    assert len(accepted) == len(set(accepted)) == len(MANY) + 3
    instance.do("subscriber", "add", "news", "late@readers.example")
    assert instance.get("/readyz").status == 200


def test_no_file_may_grow(make_instance: MakeInstance) -> None:
    """While nothing can be written verbs end with 69 and copies wait; then everything goes on."""
    instance = make_instance(delivery={"rate": "200/s"})
    instance.import_readers(*MANY)
    daemon = instance.start()
    edition = instance.send()["id"]
    instance.await_mails(50)
    _, most = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (4096, most))
    until(lambda: daemon.events("dispatch.database_unavailable"))
    _work_is_refused(instance)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (most, most))
    _all_is_well(instance, edition)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own."""
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(small_disk(tmp_path / "disk"))
        except NoSmallDisk as problem:
            pytest.skip(str(problem))
        yield folder


def _moved_to(disk: Path, instance: Instance) -> None:
    shutil.move(instance.folder / "data", disk / "data")
    (instance.folder / "data").symlink_to(disk / "data")
    instance.import_readers(*MANY)


def test_the_disk_is_nearly_full(make_instance: MakeInstance, disk: Path) -> None:
    """What needs much room waits, people leave, and copies on their way arrive; then all that waited goes on."""
    instance = make_instance(delivery={"rate": "200/s"}, limits={"disk_reserve": "5 MiB", "disk_warning": "6 MiB"})
    _moved_to(disk, instance)
    try:
        daemon = instance.start()
        edition = instance.send()["id"]
        first = instance.await_mails(50)[0]
        filler = fill(disk, leaving=4 * 1024 * 1024)
        (event,) = until(lambda: daemon.events("storage.nearly_full"))
        assert "[limits] disk_reserve keeps 5 MiB" in event["reason"]
        later = instance.write("later.md", "---\nsubject: Later\n---\n\nText.\n")
        refused = instance.run("send", "news", later, "--yes", "--json")
        assert (69, True) == (refused.code, "the disk is nearly full" in refused.json["error"]), refused
        rows = instance.write("more.csv", "email\nmore@inbox.example\n")
        assert 69 == instance.run("subscriber", "import", "news", rows).code
        assert 200 == instance.post(first.path_of("unsubscribe"), {"List-Unsubscribe": "One-Click"}).status
        assert [("unsubscribed", 1)] == instance.rows(
            "select state, count(*) from subscription where state <> 'active' group by state"
        )
        assert "finished" == instance.await_state(edition, "finished")["state"]
        filler.unlink()
        until(lambda: daemon.events("storage.recovered"))
        assert 1 == instance.json("subscriber", "import", "news", rows)["added"]
        assert instance.json("send", "news", later, "--yes", "--wait")["state"] == "finished"
        assert 0 == daemon.stop()
    finally:
        instance.close()


def test_the_disk_is_full(make_instance: MakeInstance, disk: Path) -> None:
    """The same on a file system with no room left, in spite of the reserve: others write there, too."""
    instance = make_instance(delivery={"rate": "200/s"}, limits={"disk_reserve": "1 KiB"})
    _moved_to(disk, instance)
    try:
        daemon = instance.start()
        edition = instance.send()["id"]
        instance.await_mails(50)
        filler = fill(disk)
        until(lambda: daemon.events("dispatch.database_unavailable"))
        _work_is_refused(instance)
        filler.unlink()
        _all_is_well(instance, edition)
    finally:
        instance.close()


def test_the_disk_is_full_and_the_service_is_stopped(make_instance: MakeInstance, disk: Path) -> None:
    """SQLite cannot even read then: every verb says why, and nothing advises to restore a backup."""
    instance = make_instance(limits={"disk_reserve": "1 KiB"})
    _moved_to(disk, instance)
    filler = fill(disk)
    for verb in (("list", "ls"), ("serve",), ("check",), ("subscriber", "add", "news", "late@readers.example")):
        refused = instance.run(*verb)
        assert (78 if verb == ("check",) else 69) == refused.code, refused
        assert ("its disk is full" in refused.err, "restore" in refused.err) == (True, False), refused
    assert (1, True) == ((key := instance.run("dkim", "create")).code, "no space left" in key.err), key
    filler.unlink()
    instance.do("check")


def test_the_database_is_locked(instance: Instance) -> None:
    """69 after the wait that a backup tool is given; the pages go on; afterwards the verb succeeds."""
    instance.start()
    with held_by_another(instance.database_file):
        refused = instance.run("subscriber", "add", "news", "late@readers.example")
        assert (refused.code, "database" in refused.err) == (69, True), refused
        assert [200, 200] == [instance.get("/healthz").status, instance.get("/news").status]
    instance.do("subscriber", "add", "news", "late@readers.example")
    assert instance.send("---\nsubject: After it\n---\n\nText.\n", "--wait")["delivered"] == len(READERS) + 1
