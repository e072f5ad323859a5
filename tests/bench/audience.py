"""What everybody else waits for while an edition to very many readers begins, and while it is cancelled.

  python -m tests.bench.audience [--readers 1000000]

The services run as in the daemon: one edition takes its audience slice by slice. Beside it, readers unsubscribe, each
durably and one after the other, and pages read. For comparison both are timed on the idle database first. At the end
stand the time that a scrape of /metrics spends in the database, and the time to cancel what is queued.
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

from pressrun.core.current import Holder
from pressrun.core.keys import KeyRing
from pressrun.services.editions import lifecycle
from pressrun.services.readers.context import ReaderContext
from pressrun.services.readers.subscription_records import Origin
from pressrun.services.readers.unsubscribes import Unsubscribes
from pressrun.services.settings import ServiceSettings
from pressrun.store import copy_counts, editions, lists
from pressrun.store.database import Database
from pressrun.store.sqlite import migrate
from pressrun.store.sqlite.connection import connect
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.transaction import Transaction

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
    context = ReaderContext(
        database=database,
        keys=KeyRing({1: os.urandom(32)}, os.urandom(32)),
        settings=Holder(ServiceSettings()),
        clock=time.time,
        entropy=os.urandom,
        wake=lambda: None,
    )
    unsubscribes, origin = Unsubscribes(context), Origin(source="web")
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


async def _repeat(work: Callable[[], Awaitable[None]], times: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await work()
        times.append(1000 * (time.perf_counter() - began))


def _read_page(tx: Transaction) -> None:
    for target in lists.all_lists(tx, listed_only=True):
        editions.archived_editions(tx, target.id, limit=10)


async def run(path: Path, readers: int) -> None:
    """Begin the edition, look at the metrics, and cancel it."""
    database = await Database.open(SqliteFile(path))
    try:
        async with visitors(database, readers // 2, "idle"):
            await asyncio.sleep(IDLE_SECONDS)
        async with visitors(database, readers, "audience"):
            began = time.perf_counter()
            await database.write(_start)
            await lifecycle.carry_on(database, time.time)
            seconds = time.perf_counter() - began
        counts = await database.read(copy_counts.count_copies, 1)
        print(f"audience: {counts['queued']:,} copies in {seconds:.1f} s")
        began = time.perf_counter()
        await database.read(copy_counts.count_live)
        print(f"metrics: {1000 * (time.perf_counter() - began):.2f} ms")
        async with visitors(database, readers - 50, "cancel"):
            began = time.perf_counter()
            await database.write(lifecycle.cancel, 1, int(time.time()))
            await lifecycle.carry_on(database, time.time)
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
