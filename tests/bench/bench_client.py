"""Messages a second of the relay pool against the C sink: one machine, loopback, medians.

  python -m tests.bench.bench_client [--messages 20000] [--size 10000] [--connections 1 10] [--runs 5] [--rtt-ms 40]

Each way runs with and without uvloop, on plain loopback and through delay_proxy.py, all of them in turn; what it gains
is over lock step in the same place. CPU is that of this process alone, the pool with its event loop; the sink and the
proxy are processes of their own. A run counts from the first connection on, the window's growth included.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.ports import free_port
from tests.sink import Sink, compile_sink

from pressrun.delivery.relay.pool import Pool
from pressrun.delivery.relay.settings import RelaySettings
from pressrun.smtp.delivery_mode import DeliveryMode
from pressrun.smtp.events import RecipientOutcome
from pressrun.smtp.handover import Outcome, Outgoing

OFFERS = {
    DeliveryMode.CHUNKING: (),
    DeliveryMode.PIPELINING: ("--no-chunking",),
    DeliveryMode.LOCK_STEP: ("--no-pipelining", "--no-chunking"),
}


class CountingFeed:
    """Gives the same content to as many readers as asked; counts what was delivered."""

    def __init__(self, count: int, content: bytes) -> None:
        self._left = count
        self._content = content
        self._unsettled = count
        self.delivered = 0
        self.done = asyncio.Event()

    def next(self, relay: str) -> Outgoing | None:
        if not self._left:
            return None
        self._left -= 1
        n = self._left
        return Outgoing(n, f"news-bounces+{n}@news.example", f"reader-{n}@readers.example", self._content)

    def record(self, relay: str, outcomes: Sequence[RecipientOutcome]) -> None:
        self.delivered += sum(outcome.result.outcome is Outcome.DELIVERED for outcome in outcomes)
        self._unsettled -= len(outcomes)
        if not self._unsettled:
            self.done.set()

    def waiting(self, relay: str) -> int:
        return self._left


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run gave: messages a second and microseconds of CPU a message."""

    rate: float
    cpu: float


async def measure(port: int, count: int, content: bytes, connections: int) -> Figures:
    """Hand over so many messages, from the first connection on."""
    feed = CountingFeed(count, content)
    settings = RelaySettings(
        name="sink", host="127.0.0.1", port=port, connections=connections, messages_per_connection=1_000_000
    )
    pool = Pool(settings, feed, helo_name="client.example", changed=lambda: None, clock=time.time)
    started, cpu = time.perf_counter(), time.process_time()
    pool.wake()
    await feed.done.wait()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    await pool.drain(5)
    assert feed.delivered == count, f"{feed.delivered} of {count} delivered"
    return Figures(count / seconds, cpu / count * 1e6)


@contextmanager
def delayed(port: int, rtt_ms: float) -> Iterator[int]:
    """The same port, further away."""
    near = free_port()
    program = Path(__file__).with_name("delay_proxy.py")
    command = [sys.executable, str(program), "--listen", f"127.0.0.1:{near}", "--to", f"127.0.0.1:{port}"]
    with subprocess.Popen([*command, "--rtt-ms", str(rtt_ms)], stdout=subprocess.PIPE, text=True) as proxy:
        assert proxy.stdout is not None
        proxy.stdout.readline()  # it says when it listens
        try:
            yield near
        finally:
            proxy.terminate()


def loops() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The event loops that are installed."""
    loops: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    try:
        import uvloop  # noqa: PLC0415
    except ImportError:
        pass
    else:
        loops["uvloop"] = uvloop.new_event_loop
    return loops


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the report; `near` tells whether the relay is next door."""

    loop: str
    near: bool
    way: DeliveryMode
    connections: int


def counts(case: Case, options: argparse.Namespace) -> int:
    """How many messages make a run of about the same length."""
    if case.near:
        return int(options.messages)
    share = {DeliveryMode.CHUNKING: 4000, DeliveryMode.PIPELINING: 100, DeliveryMode.LOCK_STEP: 25}[case.way]
    whole = int(options.messages) if case.way is DeliveryMode.CHUNKING else 1000
    return min(whole, share * case.connections)


def report(results: dict[Case, list[Figures]], away: str) -> None:
    """Print the medians, and what each way gains over lock step in the same place."""
    medians = {case: statistics.median(run.rate for run in runs) for case, runs in results.items()}
    for case, runs in results.items():
        gain = medians[case] / medians[replace(case, way=DeliveryMode.LOCK_STEP)]
        name = f"{case.loop}, {'loopback' if case.near else away}, {case.connections:2} connections, {case.way}"
        spread = f"{min(run.rate for run in runs):,.0f}–{max(run.rate for run in runs):,.0f}"
        cpu = statistics.median(run.cpu for run in runs)
        print(f"{name:52} {medians[case]:9,.0f}/s ({spread:>15}) {cpu:6.1f} µs CPU a message {gain:7.1f}×")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--size", type=int, default=10_000)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rtt-ms", type=float, default=40.0)
    options = parser.parse_args()
    content = (b"x" * 76 + b"\r\n") * (options.size // 78)
    away = f"{options.rtt_ms:g} ms"
    print(f"Python {platform.python_version()}, {len(content)} octets, medians of {options.runs} runs in turn")
    results: dict[Case, list[Figures]] = {}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        program = compile_sink(Path(name))
        near = {way: stack.enter_context(Sink(program, Path(name), *OFFERS[way])).port for way in DeliveryMode}
        far = {way: stack.enter_context(delayed(port, options.rtt_ms)) for way, port in near.items()}
        cases = [
            Case(loop, place, way, number)
            for loop, place, number, way in itertools.product(loops(), (True, False), options.connections, DeliveryMode)
        ]
        for _, case in itertools.product(range(options.runs), cases):
            port = (near if case.near else far)[case.way]
            with asyncio.Runner(loop_factory=loops()[case.loop]) as runner:
                run = runner.run(measure(port, counts(case, options), content, case.connections))
            results.setdefault(case, []).append(run)
    report(results, away)


if __name__ == "__main__":
    main()
