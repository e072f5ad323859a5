"""What the same installation does on SQLite and on PostgreSQL, one after the other, in rounds.

  python -m tests.bench.engines [--readers 60000] [--rounds 3] [--queued 0]

For each engine: an import, an edition without a limit of rate to a local sink, unsubscribing by one click, and a start
while so many copies are queued, if any. The server is one of its own with fsync, on a Unix socket; its processor
time stands beside that of the daemon and its workers. Everything shares the machine, so one engine's seconds are the
other's: read them as proportions.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path

from tests.bench.machine import machine_facts
from tests.bench.newsroom import EDITION, NO_LIMIT, addresses
from tests.bench.one_click import Door, leave, post
from tests.bench.rest import cpu_seconds, processes
from tests.e2e.instance import Instance, children, until
from tests.postgresql import Server, new_server
from tests.sink import Sink, compile_sink
from tests.store import large

from pressrun.config import load_settings
from pressrun.core.addresses.address import parse_address
from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.core.signing.tokens import WebPurpose, WebTokens, digests_of
from pressrun.delivery.queue.dispatcher import BATCH
from pressrun.store.location import Location, open_for_reading
from pressrun.store.queue import deliveries
from pressrun.store.queue.deliveries import DeliveryResult
from pressrun.store.sqlite.connection import connect
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep.key_files import load_keys

Figures = dict[str, float]
REAL_SETTINGS = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "autovacuum": "on"}
REAL_SETTINGS |= {"wal_level": "replica", "shared_buffers": "256MB", "max_wal_size": "4GB"}
MEASURED = 100_000  # copies that are claimed and recorded
CONNECTIONS = 32  # that unsubscribe at once
ROWS = ("import", "copies", "claims", "daemon", "workers", "server", "clicks", "start")


@contextmanager
def real_server() -> Iterator[Server]:
    """A server as an operator would have one: nothing is lost with the power."""
    with new_server() as server:
        with server.connect() as admin:
            for name, value in REAL_SETTINGS.items():
                admin.execute(f"alter system set {name} = '{value}'")
        server.stop()
        server.start()
        yield server


def server_cpu(server: Server) -> float:
    """The processor time of the server's processes that live."""
    postmaster = int((server.folder / "data" / "postmaster.pid").read_text(encoding="utf-8").split()[0])
    return sum(cpu_seconds(pid) for pid in [str(postmaster), *children(postmaster)])


def set_up(folder: Path, relay_port: int, server: Server | None, name: str) -> Instance:
    """An installation without readers, in a file or in a database of that name on the server."""
    relay = {"messages_per_connection": 1_000_000}
    instance = Instance(folder=folder, relay_port=relay_port, tables={"delivery": {"rate": NO_LIMIT}, "relay": relay})
    if server is not None:
        with server.connect() as admin:
            admin.execute(f"create database {name} owner pressrun")
        text = instance.config.read_text(encoding="utf-8")
        instance.config.write_text(f'database = "{server.url(name)}"\n{text}', encoding="utf-8")
    instance.create_list()
    return instance


def one_engine(folder: Path, program: Path, options: argparse.Namespace, server: Server | None, name: str) -> Figures:
    """One round on one engine."""
    figures: Figures = {}
    with ExitStack() as stack:
        sink = stack.enter_context(Sink(program, folder))
        instance = set_up(folder / "instance", sink.port, server, name)
        stack.callback(instance.close)
        rows = "".join(f"{address},Reader {number}\n" for number, address in enumerate(addresses(options.readers)))
        began = time.perf_counter()
        instance.do("subscriber", "import", "news", instance.write("readers.csv", "email,name\n" + rows))
        figures["import"] = options.readers / (time.perf_counter() - began)
        _send(instance, sink, server, options.readers, figures)
        figures["clicks"] = _click(instance, options.seconds)
        instance.close()
    if options.queued:
        with ExitStack() as stack:
            instance = set_up(folder / "large", 1, server, f"{name}_large")
            stack.callback(instance.close)
            _large(instance, server, f"{name}_large", options.queued, figures)
    return figures


def claim_and_record(location: Location) -> float:
    """Copies claimed and recorded as delivered, in batches of the dispatcher's, a second."""

    def cycle(tx: Transaction, before: list[DeliveryResult]) -> list[DeliveryResult]:
        deliveries.record_results(tx, 1, before, 10)
        claimed, _ = deliveries.claim_copies(
            tx, session=1, edition_id=large.EDITION, destination="", now=10, limit=BATCH
        )
        return [_delivered(copy.id) for copy in claimed]

    number, began = 0, time.perf_counter()
    with closing(location.connect()) as connection:
        batch = connection.write(partial(cycle, before=[]), durable=False)
        while batch and number < MEASURED:
            number += len(batch)
            batch = connection.write(partial(cycle, before=batch), durable=False)
    return number / (time.perf_counter() - began)


def _delivered(copy: int) -> DeliveryResult:
    return DeliveryResult(
        id=copy,
        state=DeliveryState.DELIVERED,
        due_at=10,
        relay="r",
        code=250,
        reply=f"2.0.0 Ok: queued as {copy:X}",
        edition_id=large.EDITION,
    )


def fill(instance: Instance, server: Server | None, name: str, queued: int) -> Location:
    """So many copies that wait, in the database of an instance that has one already."""
    data = load_settings(instance.config).data
    source = instance.folder / "large.sqlite3"
    SqliteFile(source).create()
    with closing(connect(source)) as connection:
        large.fill(connection, queued, state="queued")
        # The first reader shows whether the keys are those of the database.
        address = parse_address("first@d.example")
        digest = digests_of(load_keys(data), address).own
        values = (address.typed, address.key, digest)
        connection.execute(
            "update subscriber set address = ?, address_key = ?, suppression_digest = ? where id = 1", values
        )
        connection.execute("delete from keyring")
        recorded = data.database.connect().read(lambda tx: [tuple(row) for row in tx.rows("keyring.all")])
        connection.executemany("insert into keyring (number, fingerprint, retires_at) values (?, ?, ?)", recorded)
        if server is not None:
            with server.connect(name) as target:
                large.copy(connection, target)
                target.execute("analyze")
            return data.database
        connection.execute("pragma wal_checkpoint(truncate)")
    assert isinstance(data.database, SqliteFile)
    source.replace(data.database.path)
    return data.database


def _large(instance: Instance, server: Server | None, name: str, queued: int, figures: Figures) -> None:
    location = fill(instance, server, name, queued)
    began = time.perf_counter()
    instance.start()
    figures["start"] = (time.perf_counter() - began) * 1000
    assert instance.daemon is not None
    instance.daemon.kill_all()
    figures["claims"] = claim_and_record(location)


def _send(instance: Instance, sink: Sink, server: Server | None, readers: int, figures: Figures) -> None:
    daemon = instance.start()
    before = {pid: cpu_seconds(pid) for pid in processes(daemon)}
    server_before = 0.0 if server is None else server_cpu(server)
    began = time.perf_counter()
    instance.send(EDITION)
    until(lambda: sink.stats()["recipients"] >= readers or None, 600.0)
    figures["copies"] = readers / (time.perf_counter() - began)
    for pid, kind in processes(daemon).items():
        key = "daemon" if kind == "daemon" else "workers"
        figures[key] = figures.get(key, 0.0) + (cpu_seconds(pid) - before.get(pid, 0.0)) / readers * 1e6
    if server is not None:
        figures["server"] = (server_cpu(server) - server_before) / readers * 1e6
    until(lambda: instance.show(1)["state"] == "finished" or None, 60.0)


def _click(instance: Instance, seconds: float) -> float:
    """Readers that leave by one click in a second, of a daemon that runs."""
    data = load_settings(instance.config).data
    tokens = WebTokens(load_keys(data))
    with open_for_reading(data.database) as tx:
        ids = [row["id"] for row in tx.rows("subscriptions.page", list_id=1, state="active", after=0, limit=1 << 40)]
    paths = (f"/unsubscribe/{tokens.make(WebPurpose.UNSUBSCRIBE, number, 1)}" for number in ids)
    assert instance.daemon is not None
    door = Door(name="", port=instance.http_port, pid=instance.daemon.process.pid, requests=map(leave, paths))
    asyncio.run(post(door, connections=CONNECTIONS, seconds=1.0))  # warms up
    began = time.perf_counter()
    answers = asyncio.run(post(door, connections=CONNECTIONS, seconds=seconds))
    return len(answers) / (time.perf_counter() - began)


def page(rounds: dict[str, list[Figures]]) -> list[str]:
    """The table of the medians."""
    names = list(rounds)
    lines = [f"| | {' | '.join(names)} | PostgreSQL of SQLite |", "|---|---:|---:|---:|"]
    for row in ROWS:
        values = [statistics.median(figures.get(row, 0.0) for figures in rounds[name]) for name in names]
        if any(values):
            share = f"{values[1] / values[0]:.0%}" if values[0] else ""
            lines.append(f"| {_TITLES[row]} | {values[0]:,.0f} | {values[1]:,.0f} | {share} |")
    return lines


_TITLES = {
    "import": "subscribers imported, a second",
    "copies": "copies of an edition, a second",
    "claims": "copies claimed and recorded, a second",
    "daemon": "CPU of the daemon, µs a copy",
    "workers": "CPU of the workers, µs a copy",
    "server": "CPU of the server, µs a copy",
    "clicks": "unsubscribes by one click, a second",
    "start": "start with so many queued, ms",
}


def main() -> int:
    """Read the command line, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=60_000, help="each leaves once, at most")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--queued", type=int, default=0, help="copies that wait at a start, and are claimed after it")
    options = parser.parse_args()
    rounds: dict[str, list[Figures]] = {"SQLite": [], "PostgreSQL": []}
    with real_server() as server, tempfile.TemporaryDirectory(prefix="pressrun-engines-") as name:
        program = compile_sink(Path(name))
        for number in range(options.rounds):
            for engine, figures_of_rounds in rounds.items():
                folder = Path(name) / f"{engine}-{number}"
                folder.mkdir()
                on = server if engine == "PostgreSQL" else None
                figures_of_rounds.append(one_engine(folder, program, options, on, f"round_{number}"))
                print(engine, {key: round(value) for key, value in figures_of_rounds[-1].items()}, flush=True)
        with server.connect() as admin:
            version = f"PostgreSQL {admin.info.server_version // 10_000}.{admin.info.server_version % 10_000}"
    print("\n".join([*page(rounds), "", *machine_facts(), f"{version}, with its own part of the same cores."]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
