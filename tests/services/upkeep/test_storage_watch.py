"""The disk becomes short of room: what is said, what waits, what goes on, and that all ends by itself."""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec.structs import replace
from tests.acts.cases import AnyArguments, door_to
from tests.delivery.harness import DeliveryHarness
from tests.editions.inline_builder import builder_at
from tests.settings import change

from pressrun.acts.call import Call, Caller
from pressrun.acts.table import ACTS
from pressrun.core.addresses.address import parse_address
from pressrun.core.addresses.mail_routes import Route, RouteKind
from pressrun.core.addresses.old_links import OldKind, commands_route, digest_of_address
from pressrun.core.errors import NoRoom
from pressrun.core.signing.tokens import AddressPurpose, AddressTokens
from pressrun.core.upkeep.disk_room import DiskLevel, StorageRoom
from pressrun.services.drafts.draft_approval import DraftApproval
from pressrun.services.incoming.mail_acceptance import DISK_FULL, ArrivedMail, MailAcceptance
from pressrun.services.limit_settings import LimitSettings
from pressrun.services.readers.old_links import add_places
from pressrun.services.readers.requests import Origin
from pressrun.services.upkeep.storage_watch import StorageWatch
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.disk_usage import find_readers, measure_room

MIB = 1024 * 1024
PLENTY = StorageRoom(free=5000 * MIB, database=MIB)
ADA = parse_address("r0@reader.example")


@dataclass
class Disk:
    """A disk whose room the test sets, and what was shown of it."""

    room: StorageRoom = PLENTY
    levels: list[DiskLevel] = field(default_factory=list)
    wakes: int = 0

    def measure(self) -> StorageRoom:
        return self.room

    def show(self, level: DiskLevel) -> None:
        self.levels.append(level)

    def wake(self) -> None:
        self.wakes += 1


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest_asyncio.fixture
async def watch(harness: DeliveryHarness, disk: Disk) -> AsyncIterator[StorageWatch]:
    yield StorageWatch(
        replace(harness.services.context, clock=harness.clock, wake=disk.wake),
        measure=disk.measure,
        find_readers=lambda: [4711],
        show=disk.show,
    )


async def look(watch: StorageWatch, disk: Disk, *, free: int = 5000, wal: int = 0) -> None:
    disk.room = replace(PLENTY, free=free * MIB, wal=wal * MIB)
    await watch.check()


def events(caplog: pytest.LogCaptureFixture) -> list[tuple[str, int]]:
    return [(record.message, record.levelno) for record in caplog.records if record.name == "pressrun.storage"]


async def test_each_level_is_said_once(watch: StorageWatch, disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for free in (5000, 1000, 900, 200, 100, 500, 600, 5000):
        await look(watch, disk, free=free)
    assert [
        ("storage.low", logging.WARNING),
        ("storage.nearly_full", logging.ERROR),
        ("storage.recovered", logging.INFO),
        ("storage.recovered", logging.INFO),
    ] == events(caplog)
    assert [DiskLevel.OK, DiskLevel.LOW, DiskLevel.LOW, DiskLevel.NEARLY_FULL] == disk.levels[:4]
    assert 1 == disk.wakes


async def test_who_holds_the_log_back_is_named_before_it_matters(
    watch: StorageWatch, disk: Disk, harness: DeliveryHarness, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for wal in (200, 300, 900, 1100, 900, 1):
        await look(watch, disk, wal=wal)
        assert (wal < 1000) == harness.services.database.growth.is_allowed or wal == 900
    assert ["storage.wal_held", "storage.nearly_full", "storage.recovered"] == [name for name, _ in events(caplog)]
    held = next(record for record in caplog.records if record.message == "storage.wal_held")
    assert [4711] == held.__dict__["fields"]["processes"]


async def test_thresholds_are_settings(watch: StorageWatch, disk: Disk, harness: DeliveryHarness) -> None:
    change(harness.services.settings, limits=LimitSettings(disk_reserve_bytes=0, disk_warning_bytes=0))
    await look(watch, disk, free=0)
    assert harness.services.database.growth.is_allowed


async def test_no_edition_starts_and_all_that_wait_start_later(
    watch: StorageWatch, disk: Disk, harness: DeliveryHarness
) -> None:
    await harness.readers(2)
    number = await harness.edition(scheduled_at=int(harness.clock()) + 60)
    running = await harness.edition("one that is under way")
    await look(watch, disk, free=100)
    assert 2 == len(await harness.send_all())
    harness.pass_time(61)
    assert [] == await harness.send_all()
    assert ("scheduled", "finished") == (await harness.state(number), await harness.state(running))
    await look(watch, disk)
    assert 2 == len(await harness.send_all())
    assert "finished" == await harness.state(number)


async def test_a_draft_is_not_released(watch: StorageWatch, disk: Disk, harness: DeliveryHarness) -> None:
    approval = DraftApproval(harness.services.context, builder_at(harness.services.context.site))
    await look(watch, disk, free=100)
    with pytest.raises(NoRoom, match=r"nearly full \(100 MiB are free"):
        await approval.release(1)


async def test_people_can_always_leave(watch: StorageWatch, disk: Disk, harness: DeliveryHarness) -> None:
    await harness.readers(1)
    await look(watch, disk, free=0)
    await harness.services.unsubscribes.unsubscribe(await harness.subscription(str(ADA)), Origin(source="web"))
    assert [("unsubscribed",)] == await harness.rows("select state from subscription")


def acceptance(harness: DeliveryHarness) -> MailAcceptance:
    return MailAcceptance(harness.services.context, count=lambda _: None, accepted=lambda: None)


ROUTES = {
    RouteKind.LEAVE: True,
    RouteKind.UNSUBSCRIBE: True,
    RouteKind.REQUEST: True,
    RouteKind.COMMANDS: True,
    RouteKind.POST: False,
    RouteKind.SUBSCRIBE: False,
    RouteKind.CONFIRM: False,
    RouteKind.BOUNCES: False,
    RouteKind.OWNER: False,
    RouteKind.POSTMASTER: False,
    RouteKind.ABUSE: False,
}


async def test_of_mail_only_what_people_leave_by_is_stored(
    watch: StorageWatch, disk: Disk, harness: DeliveryHarness
) -> None:
    """Each kind of address; one for COMMANDS ends as another before it is stored."""
    assert set(RouteKind) == set(ROUTES)
    await look(watch, disk, free=100)
    desk = acceptance(harness)
    for kind, is_stored in ROUTES.items():
        assert is_stored == await desk.has_room(Route(kind, "news", "t"), [], 2000), kind
        assert not await desk.has_room(Route(kind, "news", "t"), [], 65 * 1024), kind
    await look(watch, disk)
    for kind in ROUTES:
        assert await desk.has_room(Route(kind, "news", "t"), [], 65 * 1024), kind


async def test_of_commands_to_a_whole_server_only_leaving_is_stored(
    watch: StorageWatch, disk: Disk, harness: DeliveryHarness
) -> None:
    await harness.readers(1)
    for kind in (OldKind.SUBSCRIBE, OldKind.UNSUBSCRIBE):
        await harness.services.database.write(
            add_places, "news", [(digest_of_address(f"letter-{kind}", "old.example"), kind)]
        )
    await look(watch, disk, free=100)
    for subject, reply in (("unsubscribe letter", 250), ("subscribe letter", DISK_FULL.code)):
        content = f"Subject: {subject}\r\n\r\n".encode()
        arrived = ArrivedMail(
            mail_from="r0@reader.example", recipients=(commands_route("old.example"),), content=content, peer="unix"
        )
        assert [reply] == [answer.code for answer in await acceptance(harness).accept(arrived)]


async def test_a_mail_whose_size_was_not_announced_is_refused_when_it_is_here(
    watch: StorageWatch, disk: Disk, harness: DeliveryHarness
) -> None:
    await harness.readers(1)
    token = AddressTokens(harness.services.keys).make(AddressPurpose.UNSUBSCRIBE, "news", 1)
    route = Route(RouteKind.LEAVE, "news", token)
    await look(watch, disk, free=100)
    for size, reply in ((100, 250), (70_000, DISK_FULL.code)):
        content = b"Subject: bye\r\n\r\n" + b"x" * size
        arrived = ArrivedMail(mail_from="r0@reader.example", recipients=(route,), content=content, peer="unix")
        assert [reply] == [answer.code for answer in await acceptance(harness).accept(arrived)]


async def test_what_needs_much_room_is_refused(watch: StorageWatch, disk: Disk, harness: DeliveryHarness) -> None:
    done: list[str] = []

    async def work(_: object) -> None:
        done.append("done")

    async def call(act: str) -> None:
        caller = Caller.at_shell("ina", 1000)
        await door_to(harness.services, act, work).carry_out(Call(act=act, arguments=AnyArguments(), caller=caller))

    growing, other = min(act.id for act in ACTS.values() if act.grows), "suppression.add"
    await look(watch, disk, free=100)
    with pytest.raises(NoRoom) as caught:
        await call(growing)
    await call(other)
    assert (69, ["done"]) == (caught.value.exit_code, done)
    await look(watch, disk)
    await call(growing)
    assert ["done", "done"] == done


def test_the_disk_is_measured(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    assert (0, 0) == (measure_room(data).database, measure_room(data).wal)
    (tmp_path / "pressrun.sqlite3").write_bytes(b"x" * 4096)
    (tmp_path / "pressrun.sqlite3-wal").write_bytes(b"x" * 100)
    room = measure_room(data)
    assert (4096, 100) == (room.database, room.wal)
    assert room.free > 0


@pytest.mark.only_on("sqlite", "locks of the file's readers")
def test_other_processes_that_read_are_found(tmp_path: Path) -> None:
    """By their locks: a process that has the file open and reads nothing is none of them, and neither are we."""
    data, path = DataDir(tmp_path), tmp_path / "pressrun.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table a (b)")
        connection.execute("begin")
        connection.execute("select * from a").fetchall()
        assert [] == find_readers(data)
        program = (
            "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('begin');"
            "c.execute('select * from a').fetchall(); print('reading', flush=True); sys.stdin.read()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as other:
            assert other.stdout is not None
            assert b"reading\n" == other.stdout.readline()
            assert [other.pid] == find_readers(data)
            other.communicate()
    assert [] == find_readers(data)
