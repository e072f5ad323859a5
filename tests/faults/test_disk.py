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
from tests.e2e.conftest import READERS, MakeHouse
from tests.e2e.house import House, until
from tests.faults.storage import NoSmallDisk, fill, small_disk

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.only_on("sqlite", "the disk of a database on a server is the server's, and nobody locks all of it"),
]

MANY = tuple(f"reader{number}@inbox.example" for number in range(400))


def _work_is_refused(house: House) -> None:
    refused = house.run("subscriber", "add", "news", "late@readers.example", "--json")
    assert (refused.code, "error" in refused.json) == (69, True), refused
    assert house.get("/healthz").status == 200


def _all_is_well(house: House, edition: int) -> None:
    done = house.await_state(edition, "finished")
    assert (done["delivered"], done["failed"]) == (len(MANY) + 3, 0)
    accepted = house.accepted()
    assert len(accepted) == len(set(accepted)) == len(MANY) + 3
    house.do("subscriber", "add", "news", "late@readers.example")
    assert house.get("/readyz").status == 200


def test_no_file_may_grow(make_house: MakeHouse) -> None:
    """While nothing can be written verbs end with 69 and copies wait; then everything goes on."""
    house = make_house(delivery={"rate": "200/s"})
    house.import_readers(*MANY)
    daemon = house.start()
    edition = house.send()["id"]
    house.await_mails(50)
    _, most = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (4096, most))
    until(lambda: daemon.events("dispatch.database_unavailable"))
    _work_is_refused(house)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (most, most))
    _all_is_well(house, edition)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own."""
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(small_disk(tmp_path / "disk"))
        except NoSmallDisk as problem:
            pytest.skip(str(problem))
        yield folder


def _moved_to(disk: Path, house: House) -> None:
    shutil.move(house.folder / "data", disk / "data")
    (house.folder / "data").symlink_to(disk / "data")
    house.import_readers(*MANY)


def test_the_disk_is_nearly_full(make_house: MakeHouse, disk: Path) -> None:
    """What needs much room waits, people leave, and copies on their way arrive; then all that waited goes on."""
    house = make_house(delivery={"rate": "200/s"}, limits={"disk_reserve": "5 MiB", "disk_warning": "6 MiB"})
    _moved_to(disk, house)
    try:
        daemon = house.start()
        edition = house.send()["id"]
        first = house.await_mails(50)[0]
        filler = fill(disk, leaving=4 * 1024 * 1024)
        (event,) = until(lambda: daemon.events("storage.nearly_full"))
        assert "[limits] disk_reserve keeps 5 MiB" in event["reason"]
        later = house.write("later.md", "---\nsubject: Later\n---\n\nText.\n")
        refused = house.run("send", "news", later, "--yes", "--json")
        assert (69, True) == (refused.code, "the disk is nearly full" in refused.json["error"]), refused
        rows = house.write("more.csv", "email\nmore@inbox.example\n")
        assert 69 == house.run("subscriber", "import", "news", rows).code
        assert 200 == house.post(first.path_of("unsubscribe"), {"List-Unsubscribe": "One-Click"}).status
        assert [("unsubscribed", 1)] == house.rows(
            "select state, count(*) from subscription where state <> 'active' group by state"
        )
        assert "finished" == house.await_state(edition, "finished")["state"]
        filler.unlink()
        until(lambda: daemon.events("storage.recovered"))
        assert 1 == house.json("subscriber", "import", "news", rows)["added"]
        assert house.json("send", "news", later, "--yes", "--wait")["state"] == "finished"
        assert 0 == daemon.stop()
    finally:
        house.close()


def test_the_disk_is_full(make_house: MakeHouse, disk: Path) -> None:
    """The same on a file system with no room left, in spite of the reserve: others write there, too."""
    house = make_house(delivery={"rate": "200/s"}, limits={"disk_reserve": "1 KiB"})
    _moved_to(disk, house)
    try:
        daemon = house.start()
        edition = house.send()["id"]
        house.await_mails(50)
        filler = fill(disk)
        until(lambda: daemon.events("dispatch.database_unavailable"))
        _work_is_refused(house)
        filler.unlink()
        _all_is_well(house, edition)
    finally:
        house.close()


def test_the_disk_is_full_and_the_service_is_stopped(make_house: MakeHouse, disk: Path) -> None:
    """SQLite cannot even read then: every verb says why, and nothing advises to restore a backup."""
    house = make_house(limits={"disk_reserve": "1 KiB"})
    _moved_to(disk, house)
    filler = fill(disk)
    for verb in (("list", "ls"), ("serve",), ("check",), ("subscriber", "add", "news", "late@readers.example")):
        refused = house.run(*verb)
        assert (78 if verb == ("check",) else 69) == refused.code, refused
        assert ("its disk is full" in refused.err, "restore" in refused.err) == (True, False), refused
    assert (1, True) == ((key := house.run("dkim", "create")).code, "no space left" in key.err), key
    filler.unlink()
    house.do("check")


def test_the_database_is_locked(house: House) -> None:
    """69 after the wait that a backup tool is given; the pages go on; afterwards the verb succeeds."""
    house.start()
    with held_by_another(house.database_file):
        refused = house.run("subscriber", "add", "news", "late@readers.example")
        assert (refused.code, "database" in refused.err) == (69, True), refused
        assert [200, 200] == [house.get("/healthz").status, house.get("/news").status]
    house.do("subscriber", "add", "news", "late@readers.example")
    assert house.send("---\nsubject: After it\n---\n\nText.\n", "--wait")["delivered"] == len(READERS) + 1
