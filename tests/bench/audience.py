"""What everybody else waits for while an edition to very many readers begins, and while it is cancelled.

  python -m tests.bench.audience [--readers 1000000]

The services run as in the daemon: one edition takes its audience slice by slice. Beside it, readers unsubscribe, each
durably and one after the other, and pages read. For comparison both are timed on the idle database first. At the end
stand the time of a scrape of /metrics as it is with 100 lists, of what is measured in the background, and the time to
cancel what is queued.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from statistics import median, quantiles

from tests.bench.machine import machine_facts
from tests.store import large

from pressrun.core.bounces.classes import FAILURES
from pressrun.core.current import Holder
from pressrun.core.signing.keys import KeyRing
from pressrun.core.site import Site
from pressrun.daemon.health.event_loop_lag import EventLoopLag
from pressrun.daemon.health.measurements import SHOWN_STATES, Measurements
from pressrun.daemon.health.metrics_page import MetricsPage
from pressrun.observe.metrics import Metrics
from pressrun.services.context import ServiceContext
from pressrun.services.editions import lifecycle
from pressrun.services.incoming.mail_processing import KINDS
from pressrun.services.ports import RelayStatus
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.unsubscribes import Unsubscribes
from pressrun.services.settings import ServiceSettings
from pressrun.services.upkeep.alert_watch import AlertReports
from pressrun.services.upkeep.readiness import Readiness
from pressrun.smtp.handover import Outcome
from pressrun.store.database import Database
from pressrun.store.editions import editions
from pressrun.store.lists import lists
from pressrun.store.queue import copy_counts
from pressrun.store.sqlite import migrate
from pressrun.store.sqlite.connection import connect
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep.datadir import DataDir

IDLE_SECONDS = 2.0
_EDITION = (
    "insert into edition (list_id, slug, state, subject, title, language, source_name, source_digest, message_secret,"
    " created_at) values (1, 'e', 'scheduled', 's', 's', 'en', 'e.md', x'01', x'00', 1)"
)


def build(path: Path, readers: int) -> None:
    """A database with readers and an edition that waits for its start."""
    migrate.create(path, migrate.package_schema(), migrate.newest_version())
    with closing(connect(path)) as connection:
        large.fill_people(connection, readers)
        connection.execute(_EDITION)
        connection.execute("pragma wal_checkpoint(truncate)")


@asynccontextmanager
async def visitors(database: Database, readers: int, name: str) -> AsyncIterator[None]:
    """Readers who leave and pages that read, each again and again; prints how long they took."""
    context = ServiceContext(
        database=database,
        keys=KeyRing({1: os.urandom(32)}, os.urandom(32)),
        site=Site(base_url="https://n.example", mail_domain="n.example"),
        settings=Holder(ServiceSettings()),
        clock=time.time,
        entropy=os.urandom,
        wake=lambda: None,
    )
    unsubscribes, origin = Unsubscribes(context, context.wake), Origin(source="web")
    leavers = iter(range(readers, 0, -97))

    async def leave() -> None:
        await unsubscribes.unsubscribe(next(leavers), origin)

    async def page() -> None:
        await database.read(_read_page)

    taken: dict[str, list[float]] = {"leave": [], "page": []}
    tasks = [asyncio.create_task(_repeat(work, taken[kind])) for kind, work in (("leave", leave), ("page", page))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for kind, times in taken.items():
            print(
                f"{name}: {kind} p50 {median(times):.1f} ms, p99 {quantiles(times, n=100)[98]:.1f} ms,"
                f" worst {max(times):.1f} ms of {len(times)}"
            )


async def scrape(database: Database, folder: Path) -> None:
    """The page of the metrics several times, and what the daemon measures for it in the background."""
    metrics = Metrics("bench", outcomes=Outcome, kinds=KINDS, classes=FAILURES)
    measurements = Measurements(DataDir(folder), lambda: None, database, metrics, AlertReports(), Holder(None))
    measured = []
    for _ in range(2):  # the readers are counted by the first one only
        began = time.perf_counter()
        await measurements.measure(time.time())
        measured.append(1000 * (time.perf_counter() - began))
    print(f"measured in the background: {measured[0]:.1f} ms with all readers, {measured[1]:.1f} ms without")
    metrics.set_readers({(f"list-{number}", state): number for number in range(100) for state in SHOWN_STATES})
    relays = NoRelays()
    readiness = Readiness(database=database, progress=Progress(), relays=relays, loops=list, clock=time.time)
    page = MetricsPage(
        metrics=metrics,
        database=database,
        relays=relays,
        readiness=readiness,
        measurements=measurements,
        lag=EventLoopLag(),
        may_send=lambda: True,
        lease_seconds_left=lambda: None,
        last_backup_at=lambda: 0,
    )
    times, octets = [], 0
    for _ in range(20):
        began = time.perf_counter()
        octets = len(await page.render())
        times.append(1000 * (time.perf_counter() - began))
    print(f"metrics: p50 {median(times):.2f} ms, worst {max(times):.2f} ms, {octets:,} octets")


class NoRelays:
    """As services.ports.RelayPool promises, with nothing to send."""

    def wake(self) -> None: ...

    def statuses(self) -> list[RelayStatus]:
        return []

    def capacity(self, _: str | None = None) -> int:
        return 0

    def recall(self) -> None: ...

    def probe_relays(self) -> None: ...

    async def drain(self, _: float) -> None: ...


class Progress:
    """As services.ports.SendingProgress promises."""

    unsigned_since = None

    @property
    def alive_at(self) -> float:
        return time.time()


async def _repeat(work: Callable[[], Awaitable[None]], times: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await work()
        times.append(1000 * (time.perf_counter() - began))


def _read_page(tx: Transaction) -> None:
    for target in lists.all_lists(tx, listed_only=True):
        editions.archived_editions(tx, target.id, limit=10)


async def _complete(database: Database) -> None:
    while await database.record(lifecycle.continue_oldest, int(time.time())):
        pass


async def run(path: Path, readers: int) -> None:
    """Begin the edition, look at the metrics, and cancel it."""
    database = await Database.open(SqliteFile(path))
    try:
        async with visitors(database, readers // 2, "idle"):
            await asyncio.sleep(IDLE_SECONDS)
        async with visitors(database, readers, "audience"):
            began = time.perf_counter()
            await database.write(_start)
            await _complete(database)
            seconds = time.perf_counter() - began
        counts = await database.read(copy_counts.count_copies, 1)
        print(f"audience: {counts['queued']:,} copies in {seconds:.1f} s")
        await scrape(database, path.parent)
        async with visitors(database, readers - 50, "cancel"):
            began = time.perf_counter()
            await database.write(lifecycle.cancel, 1, int(time.time()))
            await _complete(database)
            seconds = time.perf_counter() - began
        counts = await database.read(copy_counts.count_copies, 1)
        print(f"cancel: {counts['cancelled']:,} copies in {seconds:.1f} s")
    finally:
        await database.close()


def _start(tx: Transaction) -> None:
    lifecycle.start(tx, lifecycle.require_edition(tx, 1), int(time.time()))


def main() -> int:
    """Read the command line, run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pressrun-audience-") as name:
        path = Path(name) / "audience.sqlite3"
        build(path, options.readers)
        asyncio.run(run(path, options.readers))
    print("\n".join(machine_facts()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
