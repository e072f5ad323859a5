"""Litestream beside the daemon, and the takeover of docs/how-to/standby.md with what it has copied.

The first machine is lost with its disk amid an edition, while readers leave. The commands of the page are read from it.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests import litestream
from tests.e2e.conftest import MakeHouse
from tests.e2e.house import House, until

pytestmark = [
    pytest.mark.only_on("sqlite", "Litestream is for SQLite"),
    pytest.mark.thorough,
]
EACH_VERSION = pytest.mark.parametrize(
    "version",
    [pytest.param(version, marks=pytest.mark.needs(f"litestream-{version}")) for version in litestream.VERSIONS],
)

PAGE, BACKUPS = (Path(__file__).parents[2] / "docs" / "how-to" / name for name in ("standby.md", "back-up.md"))
READERS, LEAVERS = 2000, 5
RATE = 40  # copies a second
LAG_SECONDS = 3.0  # Litestream copies once a second; the rest is for a busy machine
IN_FLIGHT = 60  # at most: connections, and what they have in their pipelines


def member(number: int) -> str:
    return f"reader{number}@readers.example"


@pytest.fixture
def house(make_house: MakeHouse) -> House:
    """The first machine, sending slowly."""
    house = make_house(delivery={"rate": f"{RATE}/s"})
    house.import_readers(*map(member, range(READERS)))
    house.start()
    return house


@contextmanager
def copied(house: House, version: str, replica: Path) -> Iterator[None]:
    """While Litestream copies the database of a house, from when it has its first copy."""
    (config,) = re.findall(r"(?ms)^```yaml\n(dbs:.*?)^```$", BACKUPS.read_text(encoding="utf-8"))
    for told, here in (
        ("/var/lib/pressrun/pressrun.sqlite3", house.database_file),
        ("s3://backups.example.org/pressrun", f"file://{replica}"),
    ):
        assert told in config
        config = config.replace(told, str(here))
    with litestream.replicating(version, house.write("litestream.yml", config), house.folder / "litestream.log"):
        until(lambda: any(path.is_file() for path in replica.rglob("*")) or None)
        yield


def fetch(version: str, replica: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """What the page says, with the replica in a folder."""
    (line,) = re.findall(r"(?m)^ *litestream restore .*$", PAGE.read_text(encoding="utf-8"))
    words = line.split()
    assert (["litestream", "restore", "-o", "newer.sqlite3"], 5) == (words[:4], len(words))
    command = [str(litestream.program(version)), "restore", "-o", str(target), f"file://{replica}"]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)


def lose(house: House) -> None:
    """The machine goes off, and its disk with it; the configuration and the backup are on the standby."""
    assert house.daemon is not None
    house.daemon.kill_all()
    shutil.rmtree(house.folder / "data")


def finish(house: House) -> dict[str, object]:
    """Go on, fast."""
    house.config.write_text(house.config.read_text().replace(f'"{RATE}/s"', '"100000/s"'))
    house.start()
    house.do("edition", "resume", "1", "--yes")
    shown: dict[str, object] = house.await_state(1, "finished", 60)
    return shown


@EACH_VERSION
def test_a_machine_that_is_lost_amid_an_edition_costs_what_litestream_had_not_copied(
    house: House, version: str, tmp_path: Path
) -> None:
    """Nothing that was copied is lost: leavers stay out, new readers are there, and no copy goes out twice."""
    replica, newer = tmp_path / "replica", tmp_path / "newer.sqlite3"
    backup = house.folder / "standby.tar"
    leavers = [member(READERS - 1 - number) for number in range(LEAVERS)]
    with copied(house, version, replica):
        house.do("backup", backup)
        house.send()
        until(lambda: len(house.accepted()) > 2 * RATE or None)
        for address in leavers:
            house.do("subscriber", "rm", "news", address)
        house.do("subscriber", "add", "news", "late@readers.example")
        moment = len(house.accepted())
        until(lambda: len(house.accepted()) > moment + LAG_SECONDS * RATE or None)  # all that is copied by now
    lose(house)
    lost = house.accepted()
    fetch(version, replica, newer)

    began = time.monotonic()
    house.do("backup", "verify", backup)
    restored = house.json("restore", backup, "--database", newer, "--yes")
    assert time.monotonic() - began < 60
    assert str(newer) == restored["database"]
    (paused,) = restored["paused"]
    served, copies = {*house.rows(_DELIVERED)}, house.copies(1)
    assert paused["may_have_gone"] == sum(copies[state] for state in ("queued", "claimed", "deferred")) > 0
    assert {*lost[:moment]} <= served
    assert len({*lost} - served) <= LAG_SECONDS * RATE + IN_FLIGHT

    final = finish(house)
    times = Counter(house.accepted())
    twice = {address for address, number in times.items() if number > 1}
    assert twice == {*lost} - served - {*leavers}
    assert max(times.values()) <= 2
    assert not {*leavers} & ({*times} - {*lost})
    assert "late@readers.example" in house.rows(_MEMBERS)
    assert not {*leavers} & {*house.rows(_MEMBERS)}
    assert len(times) == final["delivered"]
    house.do("consent", "verify")
    house.do("audit", "verify")


_DELIVERED = (
    "select address from delivery join subscription on subscription.id = subscription_id"
    " join subscriber on subscriber.id = subscriber_id where edition_id = 1 and delivery.state = 'delivered'"
)
_MEMBERS = "select address from subscription join subscriber on subscriber.id = subscriber_id where state = 'active'"


@EACH_VERSION
def test_a_copy_that_ended_before_the_backup_is_refused(house: House, version: str, tmp_path: Path) -> None:
    """Litestream had stopped unnoticed: its copy would bring back who has left since."""
    replica, newer = tmp_path / "replica", tmp_path / "newer.sqlite3"
    with copied(house, version, replica):
        until(lambda: _can_fetch(version, replica, newer) or None)
    house.do("subscriber", "rm", "news", member(1))
    house.do("backup", house.folder / "standby.tar")
    lose(house)
    refused = house.run("restore", house.folder / "standby.tar", "--database", newer, "--yes")
    assert (65, True) == (refused.code, "older than the backup" in refused.err)
    house.do("restore", house.folder / "standby.tar", "--yes")


def _can_fetch(version: str, replica: Path, target: Path) -> bool:
    try:
        fetch(version, replica, target)
    except subprocess.CalledProcessError:
        return False
    return True


@EACH_VERSION
def test_litestream_and_the_daemon_share_the_database(house: House, version: str, tmp_path: Path) -> None:
    """Checkpoints of both end up in one course: the WAL stays small, the copy goes on, and the heads are kept."""
    replica = tmp_path / "replica"
    wal = Path(f"{house.database_file}-wal")
    head = house.folder / "data" / "keys" / "consent-head"
    with copied(house, version, replica):
        for start in range(0, 40_000, 10_000):
            house.import_readers(*(f"more{number}@readers.example" for number in range(start, start + 10_000)))
        number = house.rows("select number from consent_head")[0]
        until(lambda: head.read_text().split(":")[0] == str(number) or None, 60)
        largest = wal.stat().st_size
        until(lambda: _has_all(version, replica, tmp_path, number) or None, 60)
    assert largest <= 2 * 64 * 1024 * 1024
    assert (house.folder / "data" / ".pressrun.sqlite3-litestream").is_dir()  # by which doctor knows of it
    until(lambda: wal.stat().st_size == 0 or None, 60)  # it is ours to empty while Litestream is off
    house.import_readers("later@readers.example")
    with copied(house, version, replica):
        number = house.rows("select number from consent_head")[0]
        until(lambda: _has_all(version, replica, tmp_path, number) or None, 60)
    house.do("backup", house.folder / "later.tar")
    house.do("backup", "verify", house.folder / "later.tar")


def _has_all(version: str, replica: Path, folder: Path, number: int) -> bool:
    target = folder / "look.sqlite3"
    target.unlink(missing_ok=True)
    fetch(version, replica, target)
    with closing(sqlite3.connect(target)) as connection:
        return bool(connection.execute("select number from consent_head").fetchone()[0] == number)
