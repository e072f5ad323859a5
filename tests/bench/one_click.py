"""The unsubscribe POST with its commit, beside an endpoint of bare Starlette: one machine, one run, in turn.

  python -m tests.bench.one_click [--rounds 5] [--seconds 3] [--connections 32] [--shuffled]

Both get the same request of RFC 8058, each of ours by another reader's link and answered after its commit to the disk
(synchronous=FULL); readers are told that they left, or, in a second daemon, are not. The other one reads the form and
answers `ok`, in uvicorn as it comes: with uvloop and httptools. The client is one process with so many connections,
each with one request after the other. Who is not in turn is stopped (SIGSTOP): what a daemon still has to tell readers
of an earlier round costs nobody but itself. Readers leave in the order in which they joined, or `--shuffled`, in none,
as after an edition: then each of them is on other pages of the database. `CPU` is processor time of the server a
request, of the kernel too.

Prints a Markdown table with the medians of the rounds; ends with 1 below 40 % of the rate, or beyond three times the
p99.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from tests.bench.machine import load, machine_facts
from tests.e2e.instance import Instance, until
from tests.ports import free_port

from pressrun.core.signing.tokens import WebPurpose, WebTokens
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import load_keys

LEAST_SHARE = 0.4
MOST_P99 = 3.0
_BODY = b"List-Unsubscribe=One-Click"
_CHUNK = 20_000  # readers of one import


@dataclass(slots=True, kw_only=True)
class Door:
    """One of the two, and what was measured at it."""

    name: str
    port: int
    pid: int
    requests: Iterator[bytes]
    rates: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def signal(self, number: signal.Signals) -> None:
        """Stop its process, or let it go on."""
        os.kill(self.pid, number)

    def cpu_seconds(self) -> float:
        """Processor time of its process so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Poster(asyncio.Protocol):
    """One connection: a request, its answer to the end, the next one, until the time is over."""

    def __init__(self, door: Door, ends_at: float, seconds: list[float]) -> None:
        self._door = door
        self._ends_at = ends_at
        self._seconds = seconds
        self._waiting = b""
        self._began = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        head, end, body = self._waiting.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return
        now = time.perf_counter()
        self._seconds.append(now - self._began)
        self._waiting = b""
        if not head.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 201 ")):
            self.done.set_exception(RuntimeError(head.split(b"\r\n")[0].decode()))
        elif now < self._ends_at:
            self._ask()
            return
        else:
            self.done.set_result(None)
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("closed before its time"))

    def _ask(self) -> None:
        self._began = time.perf_counter()
        self._transport.write(next(self._door.requests))


def leave(path: str) -> bytes:
    """The one-click POST to the link at a path."""
    return (
        b"POST %b HTTP/1.1\r\nHost: news.example\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (path.encode(), len(_BODY), _BODY)
    )


def _length(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))


async def post(door: Door, *, connections: int, seconds: float) -> list[float]:
    """The seconds of each answer."""
    loop = asyncio.get_running_loop()
    seconds_taken: list[float] = []
    ends_at = time.perf_counter() + seconds
    made = [
        await loop.create_connection(lambda: Poster(door, ends_at, seconds_taken), "127.0.0.1", door.port)
        for _ in range(connections)
    ]
    await asyncio.gather(*(protocol.done for _, protocol in made))
    return seconds_taken


def measure(doors: list[Door], options: argparse.Namespace) -> None:
    """Rounds in turn; the first one only warms up."""
    for door in doors:
        door.signal(signal.SIGSTOP)
    for number in range(options.rounds + 1):
        for door in doors:
            door.signal(signal.SIGCONT)
            before, began = door.cpu_seconds(), time.perf_counter()
            seconds = 1.0 if number == 0 else options.seconds
            seconds_taken = sorted(asyncio.run(post(door, connections=options.connections, seconds=seconds)))
            if number:
                door.rates.append(len(seconds_taken) / (time.perf_counter() - began))
                door.p50.append(seconds_taken[len(seconds_taken) // 2] * 1000)
                door.p99.append(seconds_taken[int(len(seconds_taken) * 0.99)] * 1000)
                door.cpu.append((door.cpu_seconds() - before) / len(seconds_taken) * 1e6)
            door.signal(signal.SIGSTOP)
    for door in doors:
        door.signal(signal.SIGCONT)


async def _bare(request: Request) -> Response:
    async with request.form() as form:
        return PlainTextResponse("ok" if form.get("List-Unsubscribe") == "One-Click" else "no")


def serve_bare(port: int) -> None:
    """The other one, in a process of its own."""
    serve_app(Starlette(routes=[Route("/unsubscribe/{token}", _bare, methods=["POST"])]), port)


def serve_app(app: Starlette, port: int) -> None:
    """An application in uvicorn as it comes, with uvloop and httptools."""
    uvicorn.run(app, port=port, log_config=None, access_log=False)


@contextmanager
def bare_starlette(module: str, requests: Iterator[bytes]) -> Iterator[Door]:
    """The door of the other one, which a module serves when it is told so."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", module, "--serve-bare", str(port)])
    try:
        until(lambda: _answers(port) or None)
        yield Door(name="bare Starlette", port=port, pid=process.pid, requests=requests)
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(10)


def _answers(port: int) -> bool:
    async def connect() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()

    try:
        asyncio.run(connect())
    except OSError:
        return False
    return True


@contextmanager
def our_door(folder: Path, name: str, undo: str, options: argparse.Namespace) -> Iterator[Door]:
    """A daemon whose list has so many readers, and the links of all; leaving can be undone for as long as `undo`."""
    readers = options.readers
    instance = Instance(folder=folder, relay_port=1, tables={"tokens": {"undo_unsubscribe_lifetime": undo}})
    instance.create_list()
    for first in range(0, readers, _CHUNK):
        instance.import_readers(
            *(f"reader{n}@inbox{n % 97}.example" for n in range(first, min(first + _CHUNK, readers)))
        )
    tokens = WebTokens(load_keys(DataDir(folder / "data")))
    links = [f"/unsubscribe/{tokens.make(WebPurpose.UNSUBSCRIBE, n, 1)}" for n in range(1, readers + 1)]
    if options.shuffled:
        random.Random(1).shuffle(links)
    daemon = instance.start()
    try:
        yield Door(name=name, port=instance.http_port, pid=daemon.process.pid, requests=map(leave, links))
    finally:
        instance.close()


def page(doors: list[Door], options: argparse.Namespace) -> list[str]:
    """The table, and what it was measured with."""
    lines = ["| | requests/s | p50 | p99 | CPU |", "|---|---:|---:|---:|---:|"]
    lines += [
        f"| {door.name} | {statistics.median(door.rates):,.0f} | {statistics.median(door.p50):.1f} ms"
        f" | {statistics.median(door.p99):.1f} ms | {statistics.median(door.cpu):.0f} µs |"
        for door in doors
    ]
    what = f"{options.rounds} rounds of {options.seconds:g} s in turn, {options.connections} connections"
    return [*lines, "", f"{what}. Load of the machine before: {options.busy:.1f}.", *machine_facts()]


def main() -> int:
    """Read the command line, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--readers", type=int, default=250_000, help="each leaves once")
    parser.add_argument("--shuffled", action="store_true", help="they leave in no order")
    parser.add_argument("--serve-bare", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve_bare:
        serve_bare(options.serve_bare)
        return 0
    options.busy = load()
    with (
        tempfile.TemporaryDirectory(prefix="pressrun-one-click-") as name,
        our_door(Path(name) / "noted", "Pressrun, readers are told", "1d", options) as noted,
        our_door(Path(name) / "silent", "Pressrun, nobody is told", "0s", options) as silent,
        bare_starlette("tests.bench.one_click", repeat(leave("/unsubscribe/x"))) as theirs,
    ):
        measure([noted, silent, theirs], options)
    print("\n".join(page([noted, silent, theirs], options)))
    share = statistics.median(noted.rates) / statistics.median(theirs.rates)
    times = statistics.median(noted.p99) / statistics.median(theirs.p99)
    print(f"{share:.0%} of the rate, {times:.1f} times the p99 where readers are told.")
    return 0 if share >= LEAST_SHARE and times <= MOST_P99 else 1


if __name__ == "__main__":
    sys.exit(main())
