"""How long `subscriber import` takes beside a bare `executemany` of the same rows, and its memory, in one run.

  python -m tests.bench.imports [--rows 1000000] [--rounds 1] [--format listmonk] [--listings]

The daemon runs, and the real command imports a file of addresses in no order, each with a name. Then another
process inserts the subscriber and subscription rows that this made into a new database with the same schema and
settings, in the order of the file, in one transaction, without any check or evidence. Memory is the peak of each.
With --listings, `subscriber ls` then goes through what was imported in several ways, each a command of its own.
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
from tests.e2e.instance import Instance, plain_environment

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
_ORDER = {"subscriber": "cast(substr(name, 8) as integer)", "subscription": "id"}  # that of the file
# The first line of a file of each format, and those of its readers.
_FILES = {
    "csv": ("email,name\n", "{address},{name}\n"),
    "mailman3": ("", "{name} <{address}>\n"),
    "listmonk": (
        "uuid,email,name,attributes,status,created_at,updated_at,subscription_status\n",
        '7c3e,{address},{name},"{{""city"": ""Bergen""}}",enabled,2026-05-01T12:00:00Z,2026-05-01,confirmed\n',
    ),
}
# Linux counts the peak of who starts a process as that of the process, so that has to be somebody small.
_MEASURE = """
import os, sys, time
began = time.perf_counter()
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(process, 0)
print(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds by the clock and of the processor, and the peak memory of each process in megabytes."""

    seconds: float
    busy: float
    memory: tuple[float, ...]

    def __str__(self) -> str:
        peaks = " + ".join(f"{peak:.0f}" for peak in self.memory)
        return f"{self.seconds:.1f} s, {self.busy:.1f} s of CPU" + (f", {peaks} MB" if peaks else "")


def write_rows(path: Path, rows: int, file_format: str) -> None:
    """Write a file of readers at 97 domains, the same ones each time."""
    chance = random.Random(1)
    header, line = _FILES[file_format]
    with path.open("w", encoding="utf-8") as file:
        file.write(header)
        for number in range(rows):
            address = f"{chance.randrange(16**10):010x}@inbox{number % 97}.example"
            file.write(line.format(address=address, name=f"Reader {number}"))


def run_import(instance: Instance, file: Path, *, rows: int, file_format: str) -> Cost:
    """The real command and the real daemon."""
    daemon = instance.start()
    before = _busy(daemon.process.pid)
    ours, printed = run_command(instance, "subscriber", "import", "news", str(file), "--format", file_format)
    assert f"added                 {rows}" in printed, printed
    busy = _busy(daemon.process.pid) - before + ours.busy
    memory = (*ours.memory, daemon.peak_kib() * _KIB / _MEGABYTE)
    daemon.stop()
    return Cost(seconds=ours.seconds, busy=busy, memory=memory)


def run_command(instance: Instance, *words: str) -> tuple[Cost, str]:
    """What a command costs, and what it prints."""
    command = [sys.executable, "-I", "-S", "-c", _MEASURE, *instance.program, "--config", str(instance.config), *words]
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            command, check=True, cwd=instance.folder, env=plain_environment(), stdout=output, stderr=subprocess.PIPE
        )
        output.seek(0)
        printed = output.read().decode()
    seconds, busy, peak = map(float, done.stderr.splitlines()[-1].split())
    return Cost(seconds=seconds, busy=busy, memory=(peak * _KIB / _MEGABYTE,)), printed


def print_listings(instance: Instance, rows: int) -> None:
    """What `subscriber ls` costs for pages of 50 and for everybody, as rows of a table."""
    page = ("--limit", "50", "--json")
    listings = {
        "the first page": page,
        "a page in the middle": (*page, "--after", f"active:{rows // 2}"),
        "a page of `@DOMAIN`": (*page, "--search", "@inbox7.example"),
        "a page of `TEXT*`": (*page, "--search", "c0*"),
        "a page of text in every name": (*page, "--search", "reader"),
        "text in one name, near the end": (*page, "--search", f"reader {rows - 10}"),
        "everybody, as JSON": ("--json",),
        "everybody, as a table": (),
    }
    for title, words in listings.items():
        cost, printed = run_command(instance, "subscriber", "ls", "news", *words)
        print(f"| {title} | {cost.seconds:.2f} | {cost.busy:.2f} | {cost.memory[0]:.0f} | {len(printed):,} |")


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
            table: [tuple(row) for row in reader.execute(f"select {columns} from {table} order by {_ORDER[table]}")]
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
    parser.add_argument("--format", choices=_FILES, default="csv", help="of the file that is imported")
    parser.add_argument("--listings", action="store_true", help="measure `subscriber ls` as well")
    parser.add_argument("--bare", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        insert_bare(*options.bare)
        return 0
    print(*machine_facts(), sep="\n")
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="pressrun-bench-") as name:
            root, busy = Path(name), load()
            instance = Instance(folder=root / "instance", relay_port=1)
            instance.create_list()
            write_rows(root / "readers", options.rows, options.format)
            ours = run_import(instance, root / "readers", rows=options.rows, file_format=options.format)
            if options.listings:
                print_listings(instance, options.rows)
            instance.close()
            bare = run_bare(instance.database_file, root / "bare.sqlite3")
        print(f"{options.rows:,} rows, load {busy:.1f}: import {ours}; executemany {bare}")
        ratio = f"{bare.seconds / ours.seconds:.0%} of its speed, {bare.busy / ours.busy:.0%} by CPU"
        print(f"{ratio}; command and daemon together {sum(ours.memory):.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
