"""How much room a reader and a copy take on either engine, indexes included.

  python -m tests.bench.sizes [--readers 100000]

Readers are imported with a name each, an edition goes to all of them, and every copy is claimed and recorded as
delivered, without any vacuum: what the updates leave behind is reused later.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from itertools import pairwise
from pathlib import Path

from tests import engines, postgresql
from tests.bench.machine import machine_facts
from tests.database import select
from tests.services.harness import NOW, ServiceHarness, open_services

from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.core.lifecycles.edition import EditionState
from pressrun.services.members.import_rows import ImportRow
from pressrun.store.database import Database
from pressrun.store.queue import deliveries
from pressrun.store.queue.deliveries import DeliveryResult
from pressrun.store.transaction import Transaction

_TOGETHER = 1000
_SIZE = {
    "sqlite": "select (page_count - freelist_count) * page_size"
    " from pragma_page_count, pragma_freelist_count, pragma_page_size",
    "postgresql": "select sum(pg_total_relation_size(oid)) from pg_class where relkind = 'r'"
    " and relnamespace = 'public'::regnamespace",
}


async def measure(engine: str, readers: int) -> None:
    """Print what each step adds, for each reader."""
    with tempfile.TemporaryDirectory() as folder, engines.use(engine):
        async with open_services(Path(folder) / "services", kind=Database) as services:
            await services.make_list()
            sizes = [await size_of(services, engine)]
            for begin in range(0, readers, _TOGETHER):
                rows = [row_of(number) for number in range(begin, begin + _TOGETHER)]
                await services.subscribers.import_batch("news", rows)
            sizes.append(await size_of(services, engine))
            edition = await services.make_edition(state=EditionState.SENDING)
            await services.queue_audience(edition)
            sizes.append(await size_of(services, engine))
            while await services.database.record(send, edition):
                pass
            sizes.append(await size_of(services, engine))
    reader, queued, sent = (round((after - before) / readers) for before, after in pairwise(sizes))
    print(f"| {engine} | {reader} | {queued} | {queued + sent} |", flush=True)


def row_of(number: int) -> ImportRow:
    name = f"Reader Number {number}"
    return ImportRow(line=number, email=f"reader.{number}@inbox{number % 97}.example", name=name)


async def size_of(services: ServiceHarness, engine: str) -> int:
    ((size,),) = await select(services.database, _SIZE[engine])
    return int(size)


def send(tx: Transaction, edition: int) -> int:
    """A turn of the dispatcher."""
    claimed, _ = deliveries.claim_copies(tx, session=1, edition_id=edition, destination="", now=NOW, limit=400)
    results = [
        DeliveryResult(
            id=copy.id,
            state=DeliveryState.DELIVERED,
            due_at=NOW,
            relay="primary",
            code=250,
            enhanced="2.0.0",
            reply="Ok: queued as 4bWxyz1234567",
            edition_id=edition,
        )
        for copy in claimed
    ]
    deliveries.record_results(tx, 1, results, NOW)
    return len(claimed)


def main() -> None:
    """Read the command line, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=100_000)
    options = parser.parse_args()
    run = postgresql.Run()
    print("| octets for each | reader with its subscription, evidence and event | queued copy | sent copy |")
    try:
        for engine in engines.ENGINES:
            asyncio.run(measure(engine, options.readers))
    finally:
        engines.end_run()
        run.end()
    print(*machine_facts(), sep="\n")


if __name__ == "__main__":
    main()
