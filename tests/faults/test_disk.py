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


def test_the_disk_is_full(make_house: MakeHouse, disk: Path) -> None:
    """The same on a file system with no room left."""
    house = make_house(delivery={"rate": "200/s"})
    shutil.move(house.folder / "data", disk / "data")
    (house.folder / "data").symlink_to(disk / "data")
    house.import_readers(*MANY)
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


def test_the_database_is_locked(house: House) -> None:
    """69 after the wait that a backup tool is given; the pages go on; afterwards the verb succeeds."""
    house.start()
    with held_by_another(house.database_file):
        refused = house.run("subscriber", "add", "news", "late@readers.example")
        assert (refused.code, "database" in refused.err) == (69, True), refused
        assert [200, 200] == [house.get("/healthz").status, house.get("/news").status]
    house.do("subscriber", "add", "news", "late@readers.example")
    assert house.send("---\nsubject: After it\n---\n\nText.\n", "--wait")["delivered"] == len(READERS) + 1
