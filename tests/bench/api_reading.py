"""What programs read of a large list by the API: a page, one subscriber, a search, and the whole list as a stream.

  python -m tests.bench.api_reading [--readers 1000000] [--requests 300]

A real daemon; one client asks on one connection, one request after the other. Pages are those of 100 in their order.
Each subscriber and each search is another one: beginnings of addresses and five digits somewhere in them, in turn.
A stream is read to its end. Memory is the most that the daemon had during the stream, above what it had before.

Prints a Markdown table; ends with 1 where a page takes more than 50 ms (p99), one subscriber 10 ms, a search 300 ms, a
stream gives fewer than 30,000 readers/s, or it takes more than 60 MB.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.machine import load, machine_facts
from tests.e2e.instance import Daemon, Instance
from tests.store import large

from pressrun.store.sqlite.connection import connect

PATH = "/api/v1/lists/news/subscribers"
LEAST_RATE, MOST_MEMORY = 30_000, 60e6
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long the requests of one kind took, in milliseconds, and how long p99 may be."""

    name: str
    milliseconds: list[float]
    most: float

    def at(self, share: float) -> float:
        """The time that this share of them does not exceed."""
        return sorted(self.milliseconds)[int(len(self.milliseconds) * share)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A whole list: readers, seconds, and octets of memory above those before."""

    name: str
    readers: int
    seconds: float
    memory: int


class Program:
    """A client with a token, on one connection."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = {"Authorization": f"Bearer {token}"}

    def ask(self, path: str, accept: str = "application/json") -> http.client.HTTPResponse:
        """The answer to GET; raises RuntimeError for another status than 200."""
        self._connection.request("GET", path, headers={**self._headers, "Accept": accept})
        response = self._connection.getresponse()
        if response.status != 200:
            raise RuntimeError(f"{path}: {response.status} {response.read()!r}")
        return response

    def timed(self, path: str) -> tuple[float, Any]:
        """Milliseconds, and what the answer says."""
        began = time.perf_counter()
        octets = self.ask(path).read()
        return (time.perf_counter() - began) * 1000, json.loads(octets)


def pages(program: Program, number: int) -> Iterator[tuple[float, Any]]:
    """The first pages of the list."""
    after = ""
    for _ in range(number):
        took, page = program.timed(f"{PATH}?limit=100{after}")
        yield took, page
        after = f"&after={page['next']}"


def searches(addresses: Iterable[str]) -> Iterator[str]:
    """Queries of two kinds in turn."""
    for number, address in enumerate(addresses):
        local = address.partition("@")[0]
        yield (f"q={local[:5]}*", f"q={local[3:8]}")[number % 2]


def stream(program: Program, daemon: Daemon, name: str, media_type: str) -> Stream:
    """Read the whole list."""
    pid = daemon.process.pid
    before = _memory(pid, "VmRSS")
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")  # the peak from now on
    began, lines = time.perf_counter(), 0
    response = program.ask(f"{PATH}", media_type)
    while piece := response.read(_PIECE):
        lines += piece.count(b"\n")
    seconds = time.perf_counter() - began
    return Stream(name=name, readers=lines, seconds=seconds, memory=_memory(pid, "VmHWM") - before)


def _memory(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def measure(program: Program, daemon: Daemon, requests: int) -> tuple[list[Times], list[Stream]]:
    """All figures of one daemon."""
    walked = list(pages(program, requests))
    addresses = [item["email"] for _, page in walked for item in page["items"]]
    chosen = random.Random(1).sample(addresses, requests)
    times = [
        Times(name="page of 100", milliseconds=[took for took, _ in walked], most=50),
        Times(
            name="one subscriber", milliseconds=[program.timed(f"{PATH}/{address}")[0] for address in chosen], most=10
        ),
        Times(
            name="search", milliseconds=[program.timed(f"{PATH}?{query}")[0] for query in searches(chosen)], most=300
        ),
    ]
    kinds = {"NDJSON": "application/x-ndjson", "CSV": "text/csv"}
    return times, [stream(program, daemon, name, media_type) for name, media_type in kinds.items()]


def main() -> int:
    """Read the command line, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=300)
    options = parser.parse_args()
    busy = load()
    with tempfile.TemporaryDirectory(prefix="pressrun-api-reading-") as name:
        instance = Instance(folder=Path(name), relay_port=1, tables={"api": {"rate": "100000/s"}})
        instance.create_list()
        instance.create_list("other")
        instance.import_readers(
            "first@d.example", name="other"
        )  # by whom the daemon knows that its keys are those of the database
        connection = connect(instance.database_file)
        large.fill_people(connection, options.readers)
        connection.close()
        token = instance.json("token", "create", "--name", "bench", "--scope", "read")["token"]
        daemon = instance.start()
        try:
            times, streams = measure(Program(instance.http_port, token), daemon, options.requests)
        finally:
            instance.close()
    print("| | p50 | p99 |\n|---|---:|---:|")
    for kind in times:
        print(f"| {kind.name} | {kind.at(0.5):.1f} ms | {kind.at(0.99):.1f} ms |")
    print("\n| | readers/s | memory above idle |\n|---|---:|---:|")
    for each in streams:
        print(f"| {each.name} | {each.readers / each.seconds:,.0f} | {each.memory / 1e6:.0f} MB |")
    print(f"\n{options.readers:,} readers. Load of the machine before: {busy:.1f}.\n" + "\n".join(machine_facts()))
    is_met = all(kind.at(0.99) <= kind.most for kind in times) and all(
        each.readers / each.seconds >= LEAST_RATE and each.memory <= MOST_MEMORY for each in streams
    )
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
