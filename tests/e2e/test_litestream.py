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
from tests.e2e.conftest import MakeInstance
from tests.e2e.instance import Instance, until

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
def instance(make_instance: MakeInstance) -> Instance:
    """The first machine, sending slowly."""
    instance = make_instance(delivery={"rate": f"{RATE}/s"})
    instance.import_readers(*map(member, range(READERS)))
    instance.start()
    return instance


@contextmanager
def copied(instance: Instance, version: str, replica: Path) -> Iterator[None]:
    """While Litestream copies the database of an instance, from when it has its first copy."""
    (config,) = re.findall(r"(?ms)^```yaml\n(dbs:.*?)^```$", BACKUPS.read_text(encoding="utf-8"))
    for told, here in (
        ("/var/lib/pressrun/pressrun.sqlite3", instance.database_file),
        ("s3://backups.example.org/pressrun", f"file://{replica}"),
    ):
        assert told in config
        config = config.replace(told, str(here))
    with litestream.replicating(version, instance.write("litestream.yml", config), instance.folder / "litestream.log"):
        until(lambda: any(path.is_file() for path in replica.rglob("*")) or None)
        yield


def fetch(version: str, replica: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """What the page says, with the replica in a folder."""
    (line,) = re.findall(r"(?m)^ *litestream restore .*$", PAGE.read_text(encoding="utf-8"))
    words = line.split()
    assert (["litestream", "restore", "-o", "newer.sqlite3"], 5) == (words[:4], len(words))
    command = [str(litestream.program(version)), "restore", "-o", str(target), f"file://{replica}"]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)


def lose(instance: Instance) -> None:
    """The machine goes off, and its disk with it; the configuration and the backup are on the standby."""
    assert instance.daemon is not None
    instance.daemon.kill_all()
    shutil.rmtree(instance.folder / "data")


def finish(instance: Instance) -> dict[str, object]:
    """Go on, fast."""
    instance.config.write_text(instance.config.read_text().replace(f'"{RATE}/s"', '"100000/s"'))
    instance.start()
    instance.do("edition", "resume", "1", "--yes")
    shown: dict[str, object] = instance.await_state(1, "finished", 60)
    return shown


@EACH_VERSION
def test_a_machine_that_is_lost_amid_an_edition_costs_what_litestream_had_not_copied(
    instance: Instance, version: str, tmp_path: Path
) -> None:
    """Nothing that was copied is lost: leavers stay out, new readers are there, and no copy goes out twice."""
    replica, newer = tmp_path / "replica", tmp_path / "newer.sqlite3"
    backup = instance.folder / "standby.tar"
    leavers = [member(READERS - 1 - number) for number in range(LEAVERS)]
    with copied(instance, version, replica):
        instance.do("backup", backup)
        instance.send()
        until(lambda: len(instance.accepted()) > 2 * RATE or None)
        for address in leavers:
            instance.do("subscriber", "rm", "news", address)
        instance.do("subscriber", "add", "news", "late@readers.example")
        moment = len(instance.accepted())
        until(lambda: len(instance.accepted()) > moment + LAG_SECONDS * RATE or None)  # all that is copied by now
    lose(instance)
    lost = instance.accepted()
    fetch(version, replica, newer)

    began = time.monotonic()
    instance.do("backup", "verify", backup)
    restored = instance.json("restore", backup, "--database", newer, "--yes")
    assert time.monotonic() - began < 60
    assert str(newer) == restored["database"]
    (paused,) = restored["paused"]
    served, copies = {*instance.rows(_DELIVERED)}, instance.copies(1)
    assert paused["may_have_gone"] == sum(copies[state] for state in ("queued", "claimed", "deferred")) > 0
    assert {*lost[:moment]} <= served
    assert len({*lost} - served) <= LAG_SECONDS * RATE + IN_FLIGHT

    final = finish(instance)
    times = Counter(instance.accepted())
    twice = {address for address, number in times.items() if number > 1}
    assert twice == {*lost} - served - {*leavers}
    assert max(times.values()) <= 2
    assert not {*leavers} & ({*times} - {*lost})
    assert "late@readers.example" in instance.rows(_MEMBERS)
    assert not {*leavers} & {*instance.rows(_MEMBERS)}
    assert len(times) == final["delivered"]
    instance.do("consent", "verify")
    instance.do("audit", "verify")


_DELIVERED = (
    "select address from delivery join subscription on subscription.id = subscription_id"
    " join subscriber on subscriber.id = subscriber_id where edition_id = 1 and delivery.state = 'delivered'"
)
_MEMBERS = "select address from subscription join subscriber on subscriber.id = subscriber_id where state = 'active'"


@EACH_VERSION
def test_a_copy_that_ended_before_the_backup_is_refused(instance: Instance, version: str, tmp_path: Path) -> None:
    """Litestream had stopped unnoticed: its copy would bring back who has left since."""
    replica, newer = tmp_path / "replica", tmp_path / "newer.sqlite3"
    with copied(instance, version, replica):
        until(lambda: _can_fetch(version, replica, newer) or None)
    instance.do("subscriber", "rm", "news", member(1))
    instance.do("backup", instance.folder / "standby.tar")
    lose(instance)
    refused = instance.run("restore", instance.folder / "standby.tar", "--database", newer, "--yes")
    assert (65, True) == (refused.code, "older than the backup" in refused.err)
    instance.do("restore", instance.folder / "standby.tar", "--yes")


def _can_fetch(version: str, replica: Path, target: Path) -> bool:
    try:
        fetch(version, replica, target)
    except subprocess.CalledProcessError:
        return False
    return True


@EACH_VERSION
def test_litestream_and_the_daemon_share_the_database(instance: Instance, version: str, tmp_path: Path) -> None:
    """Checkpoints of both end up in one course: the WAL stays small, the copy goes on, and the heads are kept."""
    replica = tmp_path / "replica"
    wal = Path(f"{instance.database_file}-wal")
    head = instance.folder / "data" / "keys" / "consent-head"
    with copied(instance, version, replica):
        for start in range(0, 40_000, 10_000):
            instance.import_readers(*(f"more{number}@readers.example" for number in range(start, start + 10_000)))
        number = instance.rows("select number from consent_head")[0]
        until(lambda: head.read_text().split(":")[0] == str(number) or None, 60)
        largest = wal.stat().st_size
        until(lambda: _has_all(version, replica, tmp_path, number) or None, 60)
    assert largest <= 2 * 64 * 1024 * 1024
    assert (instance.folder / "data" / ".pressrun.sqlite3-litestream").is_dir()  # by which doctor knows of it
    until(lambda: wal.stat().st_size == 0 or None, 60)  # it is ours to empty while Litestream is off
    instance.import_readers("later@readers.example")
    with copied(instance, version, replica):
        number = instance.rows("select number from consent_head")[0]
        until(lambda: _has_all(version, replica, tmp_path, number) or None, 60)
    instance.do("backup", instance.folder / "later.tar")
    instance.do("backup", "verify", instance.folder / "later.tar")


def _has_all(version: str, replica: Path, folder: Path, number: int) -> bool:
    target = folder / "look.sqlite3"
    target.unlink(missing_ok=True)
    fetch(version, replica, target)
    with closing(sqlite3.connect(target)) as connection:
        return bool(connection.execute("select number from consent_head").fetchone()[0] == number)
