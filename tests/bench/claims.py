"""How many copies a second the queue claims, before and after ANALYZE, in one run.

  python -m tests.bench.claims [--readers 200000] [--rounds 3]

Every round claims the whole edition twice, in batches as the dispatcher does, each in a transaction of its own: without
statistics, then with those that ANALYZE gathers while everything is queued. A thousandth of the readers is suppressed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median

from tests.bench.machine import machine_facts
from tests.database import execute_at
from tests.store import large

from pressrun.delivery.queue.dispatcher import BATCH
from pressrun.store.queue import deliveries
from pressrun.store.sqlite import migrate
from pressrun.store.sqlite.connection import SqliteConnection, connect
from pressrun.store.sqlite.thread import CACHE_KIB
from pressrun.store.transaction import Transaction


def build(path: Path, readers: int) -> None:
    """A database with an edition of which every copy is queued."""
    migrate.create(path, migrate.package_schema(), migrate.newest_version())
    with closing(connect(path)) as connection:
        large.fill(connection, readers, state="queued")
        connection.execute(
            "insert into suppression (digest, reason, since)"
            " select suppression_digest, 'operator', 1 from subscriber where id % 1000 = 0"
        )
        connection.execute("pragma wal_checkpoint(truncate)")


def claim_all(path: Path) -> float:
    """Claim the whole edition; copies for each second of this thread's own time."""

    def claim(tx: Transaction) -> tuple[int, int]:
        claimed, cancelled = deliveries.claim_copies(
            tx, session=1, edition_id=large.EDITION, destination="", now=10, limit=BATCH
        )
        return len(claimed), cancelled

    with closing(connect(path)) as connection:
        connection.execute(f"pragma cache_size = -{CACHE_KIB}")
        connection.execute("pragma synchronous = normal")
        number, began = 0, time.thread_time()
        while any(counts := SqliteConnection(connection).write(claim)):
            number += counts[0]
        return number / (time.thread_time() - began)


def queue_again(path: Path) -> None:
    """Everything is queued as at first."""
    with closing(connect(path)) as connection:
        connection.execute(
            "update delivery set state = 'queued', claimed_by = null, attempts = 0, first_attempt_at = null,"
            " recorded_at = null"
        )
        connection.execute("pragma wal_checkpoint(truncate)")


def one_round(readers: int) -> tuple[float, float]:
    """Claimed copies a second before and after ANALYZE."""
    with tempfile.TemporaryDirectory(prefix="pressrun-claims-") as name:
        path = Path(name) / "claims.sqlite3"
        build(path, readers)
        before = claim_all(path)
        queue_again(path)
        execute_at(path, "analyze")
        return before, claim_all(path)


def main() -> int:
    """Read the command line, run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rounds = [one_round(options.readers) for _ in range(options.rounds)]
    for before, after in rounds:
        print(f"{before:,.0f} copies/s, after ANALYZE {after:,.0f} ({after / before:.0%})")
    before, after = (median(column) for column in zip(*rounds, strict=True))
    print(f"median of {len(rounds)}: {before:,.0f} before, {after:,.0f} after: {after / before:.0%}")
    print("\n".join(machine_facts()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
