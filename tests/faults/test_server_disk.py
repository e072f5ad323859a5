"""The disk of a database server is full in the middle of an edition: nothing is lost, and all goes on with room again.

On file systems of their own, which only root may mount: one for the tables alone, so that the server refuses what needs
room; and one for all that the server has, so that it ends, and ends again, as its log of transactions cannot go on.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest
from tests.e2e.instance import Daemon, Instance, opened_instance, until
from tests.e2e.test_server_gone import READERS, mail_to_list, sign_up
from tests.faults.storage import NoSmallDisk, fill, small_disk
from tests.postgresql import OwnDatabases, Server, new_server, new_server_in

pytestmark = [pytest.mark.only_on("postgresql", "it is about the disk of a server"), pytest.mark.thorough]

MANY = "email\n" + "".join(f"later{number}@readers.example\n" for number in range(2000))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Ends what a test has begun, the last first: a file system goes after the server on it."""
    with ExitStack() as stack:
        yield stack


def small_disk_in(folder: Path, stack: ExitStack, size: str) -> Path:
    try:
        return stack.enter_context(small_disk(folder / "disk", size=size))
    except NoSmallDisk as problem:
        pytest.skip(str(problem))


def started(
    server: Server, database: str, sink_program: Path, folder: Path, stack: ExitStack
) -> tuple[Instance, Daemon]:
    """A running instance with readers; nobody has signed up or written to it before."""
    url, rate = server.url(database), {"rate": "500/s"}
    instance = stack.enter_context(opened_instance(folder / "instance", sink_program, server=url, delivery=rate))
    instance.create_list()
    instance.import_readers(*READERS)
    return instance, instance.start()


@contextmanager
def no_room(disk: Path) -> Iterator[None]:
    filler = fill(disk)
    yield
    filler.unlink()


@contextmanager
def no_room_for_log(disk: Path, server: Server) -> Iterator[None]:
    """The server goes on until its log needs the next file; then it ends, and is started when there is room."""
    with no_room(disk):
        with suppress(psycopg.OperationalError), server.connect() as admin:
            while True:
                admin.execute("select pg_logical_emit_message(false, 'x', 'y'), pg_switch_wal()")
        until(lambda: not server.is_up() or None, 60)
        yield
    server.start()


def go_through(instance: Instance, daemon: Daemon, outage: AbstractContextManager[None]) -> None:
    """An edition stops halfway, everything else is refused, and afterwards each copy has arrived once."""
    edition = int(instance.send()["id"])
    until(lambda: len(instance.accepted()) > 300 or None)
    with outage:
        until(lambda: daemon.events("dispatch.database_unavailable"), 60)
        rows = instance.write("later.csv", MANY)
        assert 69 == instance.run("subscriber", "import", "news", rows).code
        assert (503, 451) == (sign_up(instance, "new@readers.example"), mail_to_list(instance)[0])
        assert 200 == instance.get("/healthz").status
        assert len(instance.accepted()) < len(READERS)
    instance.await_state(edition, "finished", 120)
    assert (303, 250) == (sign_up(instance, "new@readers.example"), mail_to_list(instance)[0])
    instance.await_mails(1, to="new@readers.example")
    instance.await_mails(1, to="x@readers.example")
    assert 2000 == instance.json("subscriber", "import", "news", rows)["added"]
    taken = [address for address in instance.accepted() if address in set(READERS)]
    assert sorted(taken) == sorted(READERS)  # each of them once
    assert {"delivered": len(READERS)} == dict(instance.copies(edition))
    assert 0 == daemon.stop()
    assert [] == [line for line in daemon.log.read_text(encoding="utf-8").splitlines() if "Traceback" in line]


def test_there_is_no_room_for_tables(sink_program: Path, tmp_path: Path, stack: ExitStack) -> None:
    """The server goes on, and refuses what needs a new page."""
    server = stack.enter_context(new_server())
    disk = small_disk_in(server.folder, stack, "64m")
    (disk / "tables").mkdir()
    server.own(disk / "tables")
    database = OwnDatabases(server).new()
    with server.connect() as admin:
        admin.execute(f"create tablespace small location '{disk / 'tables'}'")
        admin.execute(f"alter database {database} set tablespace small")
    instance, daemon = started(server, database, sink_program, tmp_path, stack)
    go_through(instance, daemon, no_room(disk))


def test_there_is_no_room_for_anything(sink_program: Path, tmp_path: Path, stack: ExitStack) -> None:
    """The server ends in the middle of a transaction, since it cannot log it, and cannot start before there is room."""
    home = Path(mkdtemp(prefix="pressrun-postgresql-"))
    stack.callback(shutil.rmtree, home)
    home.chmod(0o755)
    disk = small_disk_in(home, stack, "192m")
    (disk / "server").mkdir()
    server = stack.enter_context(new_server_in(disk / "server"))
    instance, daemon = started(server, OwnDatabases(server).new(), sink_program, tmp_path, stack)
    go_through(instance, daemon, no_room_for_log(disk, server))
