"""The time that a cycle of the dispatcher takes to record 100 copies, on SQLite and on PostgreSQL, in turn.

  python -m tests.bench.refusals [--rounds 30]

The copies were taken by relays, or refused: for good, so that their readers are judged and suspended, for policy, so
that the operator is alerted, or half of them each. One transaction each, in process, median of the rounds. The server
is one of its own with fsync, on a Unix socket.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from msgspec.structs import replace
from tests import engines, postgresql
from tests.bench.engines import REAL_SETTINGS
from tests.bench.machine import machine_facts
from tests.services.harness import NOW, ServiceHarness, open_services
from tests.settings import change

from pressrun.core.bounces.classes import BounceClass
from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.site import Site
from pressrun.delivery.queue.recording import RecordRequest, record
from pressrun.delivery.queue.results import Batch
from pressrun.delivery.queue.throttle import ThrottleChanges
from pressrun.services.bounces.bounce_handler import BounceHandler
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.settings import DeliverySettings
from pressrun.store.database import Database
from pressrun.store.queue import audiences, deliveries
from pressrun.store.queue.deliveries import DeliveryResult
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep import sessions
from pressrun.store.upkeep.sessions import Process

COPIES = 100  # of a cycle
KINDS: Mapping[str, tuple[BounceClass, ...]] = {
    "taken": (),
    "refused for good": (BounceClass.GONE,),
    "refused for policy": (BounceClass.POLICY,),
    "half of them each": (BounceClass.GONE, BounceClass.POLICY),
}
_PROCESS = Process(host="h", pid=1, lock="l", version="1", config="{}", keys="")
_SITE = Site(base_url="https://n.example", mail_domain="lists.example", operator="ops@example.test")


@contextmanager
def real_server() -> Iterator[None]:
    """The server of the run of tests, but as an operator would have it."""
    run = postgresql.Run()
    try:
        server = postgresql.shared_server()
        with server.connect() as admin:
            for name, value in REAL_SETTINGS.items():
                admin.execute(f"alter system set {name} = '{value}'")
        server.stop()
        server.start()
        yield
        engines.end_run()
    finally:
        run.end()


async def prepare(services: ServiceHarness, copies: int) -> int:
    """An edition of which so many copies are claimed; returns the session that has them."""
    change(services.settings, delivery=DeliverySettings(pause_at_hard=1.0))
    await services.make_list()
    rows = [ImportRow(line=number, email=f"r{number}@inbox{number % 97}.example") for number in range(copies)]
    for at in range(0, copies, 1000):
        await services.subscribers.import_batch("news", rows[at : at + 1000])
    edition = await services.make_edition(state=EditionState.SENDING)

    def claim(tx: Transaction) -> int:
        session = sessions.begin(tx, _PROCESS, is_alone=True)
        assert isinstance(session, int)
        audiences.queue_audience(tx, edition_id=edition, list_id=1, members=(0, 1 << 40), started_at=NOW, now=NOW)
        deliveries.claim_copies(tx, session=session, edition_id=edition, destination="", now=NOW, limit=copies)
        return session

    return await services.database.write(claim)


def results(numbers: Iterator[int], kinds: tuple[BounceClass, ...]) -> list[DeliveryResult]:
    """What became of the next copies."""
    return [
        _result(number, kinds[number % len(kinds)] if kinds else None) for number in itertools.islice(numbers, COPIES)
    ]


def _result(number: int, bounce: BounceClass | None) -> DeliveryResult:
    return DeliveryResult(
        id=number,
        state=DeliveryState.DELIVERED if bounce is None else DeliveryState.FAILED,
        due_at=NOW,
        relay="primary",
        code=250 if bounce is None else 550,
        kind=None if bounce is None else bounce.kind,
        bounce=bounce,
        edition_id=1,
    )


async def measure(services: ServiceHarness, rounds: int) -> dict[str, float]:
    """Milliseconds of each kind of cycle."""
    session = await prepare(services, rounds * len(KINDS) * COPIES)
    handler = BounceHandler(replace(services.context, site=_SITE))
    milliseconds: dict[str, list[float]] = {name: [] for name in KINDS}
    numbers = itertools.count(1)
    for _ in range(rounds):
        for name, kinds in KINDS.items():
            request = RecordRequest(
                journaled=dict,
                session=session,
                now=NOW,
                batch=Batch(results=results(numbers, kinds)),
                throttle=ThrottleChanges(),
                paces={},
                held=None,
            )
            began = time.perf_counter()
            await services.database.record(record, request, handler.draw_consequences)
            milliseconds[name].append((time.perf_counter() - began) * 1000)
    return {name: median(times) for name, times in milliseconds.items()}


async def run(rounds: int) -> None:
    """Measure, and print a Markdown table."""
    medians = {}
    for engine in engines.ENGINES:
        with tempfile.TemporaryDirectory(prefix="pressrun-refusals-") as folder, engines.use(engine):
            async with open_services(Path(folder), kind=Database) as services:
                medians[engine] = await measure(services, rounds)
    print(f"| {COPIES} copies, ms | SQLite | PostgreSQL |\n|---|---:|---:|")
    for name in KINDS:
        print(f"| {name} | {medians['sqlite'][name]:.1f} | {medians['postgresql'][name]:.1f} |")
    print("\n".join(["", *machine_facts()]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    with real_server():
        asyncio.run(run(options.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
