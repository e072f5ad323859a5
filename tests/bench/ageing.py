"""How long others wait while old copies are removed, the log is emptied, and space is given back.

  python -m tests.bench.ageing [--copies 1000000] [--engine postgresql]

A database with one finished edition of that many copies. Meanwhile a reader unsubscribes ten times a second, as one
does by a click (a durable write), and a page is read as often. The longest of each is printed, with the size of the log
and of the file. On SQLite, half of the file is free from the beginning, in the middle, and is given back first. What
others waited then is printed by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.machine import machine_facts
from tests.postgresql import OwnDatabases, new_server
from tests.store import large

from pressrun.core.current import Holder
from pressrun.core.signing.keys import KeyRing
from pressrun.core.site import Site
from pressrun.services.context import ServiceContext
from pressrun.services.settings import RetentionSettings, ServiceSettings
from pressrun.services.upkeep.retention import Retention
from pressrun.store.database import Database
from pressrun.store.editions import editions
from pressrun.store.location import Location
from pressrun.store.postgresql.location import PostgresDatabase
from pressrun.store.queue import deliveries
from pressrun.store.readers import subscriptions
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.transaction import Transaction

EVERY_SECONDS = 0.1
CHECKPOINT_SECONDS = 30.0


@dataclass(slots=True)
class Waits:
    """How long each call of one kind took, in seconds."""

    name: str
    seconds: list[float] = field(default_factory=list)

    async def repeat(self, call: Callable[[int], Awaitable[object]]) -> None:
        """Call it again and again, at a steady pace, until cancelled."""
        number = 0
        while True:
            number += 1
            began = time.perf_counter()
            await call(number)
            took = time.perf_counter() - began
            self.seconds.append(took)
            await asyncio.sleep(max(0.0, EVERY_SECONDS - took))

    def __str__(self) -> str:
        ordered = sorted(self.seconds) or [0.0]
        middle, late = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
        return (
            f"{self.name}: {len(self.seconds):,} calls, median {middle * 1000:.1f} ms, 99 % {late * 1000:.1f} ms, "
            f"longest {ordered[-1] * 1000:.1f} ms"
        )


@contextmanager
def filled(copies: int, engine: str) -> Iterator[Location]:
    """A database whose edition is over."""
    with tempfile.TemporaryDirectory(prefix="pressrun-ageing-") as folder:
        file = SqliteFile(Path(folder) / "pressrun.sqlite3")
        file.create()
        with closing(sqlite3.connect(file.path, isolation_level=None)) as connection:
            connection.create_function("searchable", 1, str)
            connection.execute("pragma synchronous = off")
            large.fill(connection, copies, state="delivered")
            connection.execute("update edition set state = 'finished', finished_at = 1")
            if engine == "sqlite":
                _free(connection)
                yield file
                return
            with new_server() as server, closing(OwnDatabases(server)) as databases:
                name = databases.new()
                place = PostgresDatabase(server.url(name))
                place.create()
                with server.connect(name) as target:
                    large.copy(connection, target)
                yield place


def _free(connection: sqlite3.Connection) -> None:
    """Leave as much free space behind all rows as they take, and a quarter of that in rows behind it, to be moved."""
    size, pages = (connection.execute(f"pragma {name}").fetchone()[0] for name in ("page_size", "page_count"))
    for table, rows in (("ballast", pages), ("behind", pages // 4)):
        connection.execute(f"create table {table} (octets blob)")
        blobs = ((size - 100,) for _ in range(rows))  # a page for each
        connection.execute("begin")
        connection.executemany(f"insert into {table} values (zeroblob(?))", blobs)
        connection.execute("commit")
    connection.execute("drop table ballast")


def _size(place: Location, suffix: str) -> float:
    if not isinstance(place, SqliteFile):
        return 0.0
    file = place.path.with_name(place.path.name + suffix)
    return file.stat().st_size / 1024**2 if file.exists() else 0.0


def _read_page(tx: Transaction) -> None:
    editions.archived_editions(tx, 1, limit=20)


def _leave(tx: Transaction, number: int) -> None:
    subscriptions.end_subscriptions(tx, [number], "web", 1)
    deliveries.cancel_copies(tx, [number], 1)


async def measure(place: Location, copies: int) -> None:
    """Remove everything while others use the database, and print what they waited."""
    database = await Database.open(place)
    settings = Holder(ServiceSettings())
    context = ServiceContext(
        database=database,
        keys=KeyRing({1: os.urandom(32)}, os.urandom(32)),
        site=Site(base_url="https://n.example", mail_domain="n.example"),
        settings=settings,
        clock=time.time,
        entropy=os.urandom,
        wake=lambda: None,
    )
    loop = Retention(context, lambda _: [])
    pages, writes, checkpoints = Waits("page read"), Waits("unsubscribe"), Waits("checkpoint")
    logs: list[float] = []

    async def look_at_log() -> None:
        while True:
            logs.append(_size(place, "-wal"))
            await asyncio.sleep(0.5)

    async def empty_log() -> None:
        while True:
            began = time.perf_counter()
            await database.checkpoint()
            checkpoints.seconds.append(time.perf_counter() - began)
            await asyncio.sleep(CHECKPOINT_SECONDS)

    before, began = _size(place, ""), time.perf_counter()
    beside = [
        asyncio.create_task(pages.repeat(lambda _: database.read(_read_page))),
        asyncio.create_task(writes.repeat(lambda number: database.share(_leave, number))),
        asyncio.create_task(look_at_log()),
        asyncio.create_task(empty_log()),
    ]

    def say(what: str) -> None:
        nonlocal began
        print(f"{what} in {time.perf_counter() - began:.0f} s; the log had at most {max(logs):.0f} MiB")
        for figures in (pages, writes, checkpoints):
            print(f"  {figures}")
            figures.seconds.clear()
        logs.clear()
        began = time.perf_counter()

    await loop.remove_what_aged()
    say(f"free space given back, {before:.0f} MiB to {_size(place, ''):.0f} MiB,")
    settings.swap(ServiceSettings(retention=RetentionSettings(copies_seconds=0.0)))
    await loop.remove_what_aged()
    say(f"{copies:,} copies removed")
    for task in beside:
        task.cancel()
    await asyncio.gather(*beside, return_exceptions=True)
    await database.checkpoint()
    print(f"the file had {before:.0f} MiB and has {_size(place, ''):.0f} MiB")
    await database.close()


def main() -> None:
    """Read the command line, fill, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, default=1_000_000)
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    options = parser.parse_args()
    with filled(options.copies, options.engine) as place:
        asyncio.run(measure(place, options.copies))
    for fact in machine_facts():
        print(f"- {fact}")


if __name__ == "__main__":
    main()
