"""Accepted mails a second beside Postfix's own smtpd: one machine, one disk, one run, in turn.

  python -m tests.bench.bench_inbound [--mails 3000] [--rounds 5] [--sessions 10] [--size 10000] [--folder DIR]

The client is smtp-source of Postfix: so many sessions, each with one mail after the other over one connection. Each 250
means that the mail is on the disk: a commit of SQLite with synchronous=FULL here, the fsync of a queue file there. Both
go on with the mail meanwhile, as in life: we forward it to the sink, Postfix hands it to discard(8). Prints a Markdown
table with the medians.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.postfix_door import PostfixDoor, version
from tests.database import select_at
from tests.e2e.instance import DOMAIN, Instance, until
from tests.ports import free_port
from tests.sink import Sink, compile_sink

_SOURCE = "/usr/sbin/smtp-source"
_DRAINED_SECONDS = 300.0


@dataclass(slots=True, kw_only=True)
class Door:
    """One of those that are compared."""

    name: str
    port: int
    options: tuple[str, ...]
    accepted: Callable[[], int]
    waiting: Callable[[], int]
    rates: list[float] = field(default_factory=list)


def hand_over(door: Door, options: argparse.Namespace) -> float:
    """Seconds until every mail has its 250; raises CalledProcessError when one has not."""
    command = [
        _SOURCE, "-d", *door.options, "-s", str(options.sessions), "-m", str(options.mails), "-l", str(options.size),
        "-f", "ada@reader.example", "-t", f"news-owner@{DOMAIN}", f"inet:127.0.0.1:{door.port}",
    ]  # fmt: skip
    began = time.perf_counter()
    subprocess.run(command, check=True, timeout=600)
    return time.perf_counter() - began


def measure(doors: list[Door], options: argparse.Namespace) -> None:
    """Rounds in turn, each begun when all is quiet; the first one only warms up."""
    for number in range(options.rounds + 1):
        for door in doors:
            before = door.accepted()
            seconds = hand_over(door, options)
            until(lambda door=door: door.waiting() == 0 or None, _DRAINED_SECONDS)  # type: ignore[misc]  # bound
            taken = door.accepted() - before
            if taken != options.mails:
                raise RuntimeError(f"{door.name} has {taken} of {options.mails} mails")
            rate = options.mails / seconds
            print(f"round {number}: {door.name} {rate:,.0f}/s", file=sys.stderr, flush=True)
            if number:
                door.rates.append(rate)


def _count(instance: Instance, query: str) -> int:
    [(number,)] = select_at(instance.database, query)
    return int(number)


def _ours(instance: Instance, smtp: int, lmtp: int) -> list[Door]:
    def accepted() -> int:
        return _count(instance, "select count(*) from inbound")

    def waiting() -> int:
        query = (
            "select (select count(*) from inbound where state = 'received')"
            " + (select count(*) from delivery where state in ('queued', 'claimed', 'deferred'))"
        )
        return _count(instance, query)

    return [
        Door(name="Pressrun, SMTP", port=smtp, options=(), accepted=accepted, waiting=waiting),
        Door(name="Pressrun, LMTP", port=lmtp, options=("-L",), accepted=accepted, waiting=waiting),
    ]


def page(doors: list[Door], options: argparse.Namespace) -> str:
    """The table, and what it was measured with."""
    lines = ["| | median | slowest | fastest |", "|---|---:|---:|---:|"]
    lines += [
        f"| {door.name} | {statistics.median(door.rates):,.0f}/s | {min(door.rates):,.0f}/s"
        f" | {max(door.rates):,.0f}/s |"
        for door in doors
    ]
    loop = "with uvloop" if importlib.util.find_spec("uvloop") else "without uvloop"
    what = f"{options.mails:,} mails of {options.size:,} octets, {options.sessions} sessions, {options.rounds} rounds"
    software = f"Python {platform.python_version()} {loop}, SQLite {sqlite3.sqlite_version}, Postfix {version()}"
    machine = f"Linux {platform.release()}, {os.cpu_count()} processors"
    return "\n".join([*lines, "", f"{what} in turn.", f"{software}, {machine}."])


def main() -> int:
    """Read the command line, measure and print; 1 when Postfix is faster."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mails", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--size", type=int, default=10_000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if shutil.which(_SOURCE) is None or os.geteuid():
        print("this needs Postfix, its smtp-source, and root", file=sys.stderr)
        return 69
    with tempfile.TemporaryDirectory(prefix="pressrun-inbound-", dir=options.folder) as name:
        root = Path(name)
        root.chmod(0o755)
        smtp, lmtp = free_port(), free_port()
        tables = {"smtp": {"listen": f"127.0.0.1:{smtp}", "lmtp": f"127.0.0.1:{lmtp}"}}
        with Sink(compile_sink(root), root) as sink:
            instance = Instance(folder=root / "instance", relay_port=sink.port, sink=sink, tables=tables)
            instance.create_list()
            instance.do("list", "set", "news", "owner=owner@harbour.example")
            instance.start()
            try:
                with PostfixDoor(root / "postfix") as postfix:
                    theirs = Door(
                        name="Postfix's smtpd",
                        port=postfix.port,
                        options=(),
                        accepted=postfix.removed,
                        waiting=lambda: sum(path.is_file() for path in _queue_files(postfix)),
                    )
                    doors = [*_ours(instance, smtp, lmtp), theirs]
                    measure(doors, options)
            finally:
                instance.close()
    print(page(doors, options))
    medians = [statistics.median(door.rates) for door in doors]
    return 0 if min(medians[:2]) >= medians[2] else 1


def _queue_files(postfix: PostfixDoor) -> list[Path]:
    return [
        path for name in ("incoming", "active", "deferred") for path in (postfix.folder / "spool" / name).rglob("*")
    ]


if __name__ == "__main__":
    sys.exit(main())
