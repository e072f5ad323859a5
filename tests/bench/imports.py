"""How long `subscriber import` takes beside a bare `executemany` of the same rows, and its memory, in one run.

  python -m tests.bench.imports [--rows 1000000] [--rounds 1]

The daemon runs, and the real command imports a CSV file of addresses in no order, each with a name. Then another
process inserts the subscriber and subscription rows that this made into a new database with the same schema and
settings, in one transaction, without any check or evidence: what SQLite needs at least. Memory is the peak of each.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.bench.machine import load, machine_facts
from tests.e2e.house import House, plain_environment

from pressrun.store.sqlite.connection import connect
from pressrun.store.sqlite.location import SqliteFile

_KIB = 1024
_MEGABYTE = 1_000_000
_TICKS = os.sysconf("SC_CLK_TCK")
_TABLES = {
    "subscriber": "address, address_key, domain, suppression_digest, mailbox_digest, name, language, attributes,"
    " created_at",
    "subscription": "list_id, subscriber_id, state, source, since",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds by the clock and of the processor, and the peak memory of each process in megabytes."""

    seconds: float
    busy: float
    memory: tuple[float, ...]

    def __str__(self) -> str:
        peaks = " + ".join(f"{peak:.0f}" for peak in self.memory)
        return f"{self.seconds:.1f} s, {self.busy:.1f} s of CPU, {peaks} MB"


def write_rows(path: Path, rows: int) -> None:
    """A CSV file of so many readers at 97 domains; the same ones each time."""
    chance = random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        file.write("email,name\n")
        for number in range(rows):
            file.write(f"{chance.randrange(16**10):010x}@inbox{number % 97}.example,Reader {number}\n")


def run_import(house: House, file: Path, *, rows: int) -> Cost:
    """The real command and the real daemon."""
    daemon = house.start()
    before, began = _busy(daemon.process.pid), time.perf_counter()
    command = [*house.program, "--config", str(house.config), "subscriber", "import", "news", str(file)]
    process = subprocess.Popen(command, cwd=house.folder, env=plain_environment(), stdout=subprocess.PIPE)
    assert process.stdout is not None
    printed = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, printed
    assert f"added                 {rows}" in printed, printed
    busy = _busy(daemon.process.pid) - before + usage.ru_utime + usage.ru_stime
    peaks = (usage.ru_maxrss * _KIB / _MEGABYTE, daemon.peak_kib() * _KIB / _MEGABYTE)
    daemon.stop()
    return Cost(seconds=seconds, busy=busy, memory=peaks)


def _busy(pid: int) -> float:
    """Seconds that a process has kept a processor busy."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def run_bare(source: Path, target: Path) -> Cost:
    """Insert the rows of `source` into a new database at `target`, by a process of its own."""
    command = [sys.executable, "-m", "tests.bench.imports", "--bare", str(source), str(target)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    seconds, busy = map(float, done.stdout.split())
    return Cost(seconds=seconds, busy=busy, memory=())


def insert_bare(source: Path, target: Path) -> None:
    """In this process: print the seconds by the clock and of the processor."""
    SqliteFile(target).create()
    with closing(connect(source, readonly=True)) as reader:
        lists = [tuple(row) for row in reader.execute("select id, name, title, from_address, created_at from list")]
        rows = {
            table: [tuple(row) for row in reader.execute(f"select {columns} from {table} order by id")]
            for table, columns in _TABLES.items()
        }
    with closing(connect(target)) as writer:
        writer.executemany("insert into list (id, name, title, from_address, created_at) values (?, ?, ?, ?, ?)", lists)
        began, busy = time.perf_counter(), time.process_time()
        writer.execute("begin immediate")
        for table, columns in _TABLES.items():
            marks = ", ".join("?" for _ in columns.split(","))
            writer.executemany(f"insert into {table} ({columns}) values ({marks})", rows[table])
        writer.execute("commit")
        print(time.perf_counter() - began, time.process_time() - busy)


def main() -> int:
    """Read the command line, run both and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--bare", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        insert_bare(*options.bare)
        return 0
    print(*machine_facts(), sep="\n")
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="pressrun-bench-") as name:
            root, busy = Path(name), load()
            house = House(folder=root / "house", relay_port=1)
            house.create_list()
            write_rows(root / "readers.csv", options.rows)
            ours = run_import(house, root / "readers.csv", rows=options.rows)
            house.close()
            bare = run_bare(house.database_file, root / "bare.sqlite3")
        print(f"{options.rows:,} rows, load {busy:.1f}: import {ours}; executemany {bare}")
        ratio = f"{bare.seconds / ours.seconds:.0%} of its speed, {bare.busy / ours.busy:.0%} by CPU"
        print(f"{ratio}; command and daemon together {sum(ours.memory):.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
