"""Moves a million readers to PostgreSQL and back while an edition is being sent to them, in one run on this machine.

  python -m tests.bench.moving [--readers 1000000] [--rate 500]

The readers are imported, an edition is sent at `--rate` copies a second, and `move-to` takes everything to a server of
its own (fsync on) and back to a file, while it goes on. Between the moves and at the end the configuration is changed
and the daemon started at once. Then the edition is sent to the end as fast as it goes. For each move: rows a second,
the stop as the log and a reader see it, and whether all tables have the same digests; at the end, who got no copy, and
who got two.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.bench.imports import write_rows
from tests.bench.machine import load, machine_facts
from tests.e2e.instance import Instance, until
from tests.postgresql import ROLE, Server, new_server
from tests.sink import Sink, compile_sink

from pressrun.operations.row_copies import digest_rows
from pressrun.store.location import Location
from pressrun.store.postgresql.location import PostgresDatabase
from pressrun.store.sqlite.location import SqliteFile

SENDING_AT_LEAST = 100  # copies taken by the relay before each move
LONGEST_SECONDS = 3600.0
PROBE_SECONDS = 0.1
_DURABLE = ("fsync = on", "full_page_writes = on", "synchronous_commit = on", "autovacuum = on")


@dataclass(slots=True)
class Probe:
    """A reader who asks for the list's page again and again; `down` is the longest time without it, in seconds."""

    instance: Instance
    down: float = 0.0
    answers: Counter[str] = field(default_factory=Counter)
    _ends: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def asking(self) -> Iterator[None]:
        thread = threading.Thread(target=self._ask, name="reader")
        thread.start()
        try:
            yield
        finally:
            self._ends.set()
            thread.join()

    def _ask(self) -> None:
        good_at = time.monotonic()
        while not self._ends.wait(PROBE_SECONDS):
            try:
                status = str(self.instance.get("/news").status)
            except OSError:
                status = "no answer"
            self.answers[status] += 1
            now = time.monotonic()
            self.down = max(self.down, now - good_at)
            if status == "200":
                good_at = now


def main() -> int:
    """Read the command line, move there and back, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=1_000_000)
    parser.add_argument("--rate", type=int, default=500)
    options = parser.parse_args()
    print(*machine_facts(), sep="\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="pressrun-bench-") as name, new_server() as server:
        root = Path(name)
        address = _make_durable(server)
        with Sink(compile_sink(root), root, "--no-hash") as sink:
            instance = Instance(folder=root / "instance", relay_port=sink.port)
            instance.sink = sink
            instance.configure(delivery={"rate": f"{options.rate}/s"})
            try:
                _run(instance, address, options.readers)
            finally:
                if instance.daemon is not None:
                    instance.daemon.close()
    return 0


def _make_durable(server: Server) -> str:
    with server.connect() as connection:
        for setting in _DURABLE:
            connection.execute(f"alter system set {setting}")
        connection.execute("select pg_reload_conf()")
        connection.execute(f"create database moved owner {ROLE}")
    return server.url("moved")


def _run(instance: Instance, address: str, readers: int) -> None:
    instance.create_list()
    write_rows(instance.folder / "readers.csv", readers, "csv")
    began = time.monotonic()
    instance.do("subscriber", "import", "news", instance.folder / "readers.csv")
    print(f"{readers:,} readers imported in {time.monotonic() - began:.0f} s, load {load():.1f}", flush=True)
    instance.start()
    edition = instance.send()["id"]
    server, file = PostgresDatabase(address), SqliteFile(instance.folder / "data" / "pressrun.sqlite3")
    _move(instance, file, server, address)
    _move(instance, server, file, f"sqlite:{file}")
    _finish(instance, edition, readers)
    instance.do("move-to", address, "--yes")  # nothing changes any more, so both sides can be compared from outside
    here, there = _digests(SqliteFile(file.path.parent / "backups" / "moved.sqlite3")), _digests(server)
    different = sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))
    print(f"digests of {len(here)} tables: {', '.join(different) + ' differ' if different else 'equal'}")


def _move(instance: Instance, source: Location, target: Location, argument: str) -> None:
    sent = _count_taken(instance)
    until(lambda: _count_taken(instance) >= sent + SENDING_AT_LEAST or None, LONGEST_SECONDS)
    probe = Probe(instance)
    with probe.asking():
        report = instance.json("move-to", argument, "--yes")
        assert instance.daemon is not None
        assert instance.daemon.process.wait(60) == 78
        stopping_at = _time_of(instance, "move.stopping")
        instance.daemon.close()
        _use(instance, argument if argument.startswith("postgresql") else None)
        instance.start()
        started_at = _time_of(instance, "daemon.started")
        until(lambda: instance.get("/news").status == 200 or None)
        time.sleep(2 * PROBE_SECONDS)  # the reader sees that, too
    rows = report["rows"]
    print(f"\nto {'PostgreSQL' if argument.startswith('postgresql') else 'SQLite'}, load {load():.1f}:")
    print(
        f"  {rows:,} rows of {report['tables']} tables in {report['seconds']} s, {rows / report['seconds']:,.0f} rows/s"
    )
    print(
        f"  {report['changed']:,} changed rows once more; the command's part of the stop {report['stopped_seconds']} s"
    )
    print(f"  from the stop to the start on the other side {started_at - stopping_at:.1f} s")
    print(f"  the longest time without the page for a reader {probe.down:.1f} s; answers {dict(probe.answers)}")
    print(f"  the edition: {instance.show(1)}", flush=True)


def _use(instance: Instance, place: str | None) -> None:
    lines = [line for line in instance.config.read_text().splitlines() if not line.startswith("database =")]
    instance.config.write_text("\n".join([*([f'database = "{place}"'] if place else []), *lines]) + "\n")


def _time_of(instance: Instance, event: str) -> float:
    """When the log has an event for the last time; at its end a daemon also prints its error."""
    assert instance.daemon is not None
    lines = [
        line for line in instance.daemon.log.read_text(encoding="utf-8").splitlines() if f'"event": "{event}"' in line
    ]
    return datetime.fromisoformat(json.loads(lines[-1])["time"]).timestamp()


def _count_taken(instance: Instance) -> int:
    """How many copies the relay has taken, by its log."""
    assert instance.sink is not None
    with instance.sink.log.open("rb") as log:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: log.read(1 << 20), b""))


def _finish(instance: Instance, edition: int, readers: int) -> None:
    instance.config.write_text(instance.config.read_text().replace('/s"', '00/s"'))
    instance.do("reload")
    began, before = time.monotonic(), _count_taken(instance)

    def finished() -> Any:
        shown = instance.show(edition)
        return shown if shown["state"] == "finished" else None

    shown = until(finished, LONGEST_SECONDS)
    seconds = time.monotonic() - began
    assert instance.daemon is not None
    instance.daemon.stop()
    accepted = Counter(instance.accepted())
    print(f"\nthe rest: {sum(accepted.values()) - before:,} copies in {seconds:.0f} s")
    repeated = sum(number - 1 for number in accepted.values())
    print(f"delivered {shown['delivered']:,}; taken by the relay {sum(accepted.values()):,}", end="; ")
    print(f"lost {readers - len(accepted)}, repeated {repeated}")


def _digests(location: Location) -> dict[str, list[bytes]]:
    """The digests of all tables but the sessions, which go on after a move, and the audit log, which records it."""
    with closing(location.connect(readonly=True)) as connection:
        tables = connection.tables()
        with tables.snapshot():
            return {
                name: digest_rows(tables.rows(table)).pages
                for name, table in tables.tables().items()
                if name not in ("session", "audit", "audit_head")
            }


if __name__ == "__main__":
    raise SystemExit(main())
