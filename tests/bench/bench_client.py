"""Messages a second of the relay pool against the C sink: one machine, loopback, medians.

  python tests/bench/bench_client.py [--messages 20000] [--size 10000] [--connections 10] [--runs 3] [--rtt-ms 40]

Each way runs with and without uvloop: plain loopback, and through delay_proxy.py with and without PIPELINING. CPU is
that of this process alone, the pool with its event loop; the sink and the proxy are processes of their own.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.sink import Sink, compile_sink, free_port

from pressrun.relay.pool import Pool
from pressrun.relay.settings import RelaySettings
from pressrun.smtp.handover import HandOver, Outcome, Outgoing

Run = Callable[[], tuple[float, float]]


class CountingFeed:
    """Gives the same content to as many readers as asked; counts what was delivered."""

    def __init__(self, count: int, content: bytes) -> None:
        self._left = count
        self._content = content
        self._unsettled = count
        self.delivered = 0
        self.done = asyncio.Event()

    def take(self, relay: str) -> Outgoing | None:
        if not self._left:
            return None
        self._left -= 1
        n = self._left
        return Outgoing(n, f"news-bounces+{n}@news.example", f"reader-{n}@readers.example", self._content)

    def settle(self, relay: str, outgoing: Outgoing, result: HandOver) -> None:
        self.delivered += result.outcome is Outcome.DELIVERED
        self._unsettled -= 1
        if not self._unsettled:
            self.done.set()

    def waiting(self, relay: str) -> int:
        return self._left


async def measure(port: int, count: int, content: bytes, connections: int, pipelining: bool) -> tuple[float, float]:
    """Messages a second, and microseconds of CPU a message."""
    feed = CountingFeed(count, content)
    settings = RelaySettings(
        name="sink", host="127.0.0.1", port=port, connections=connections, messages_per_connection=1_000_000,
        pipelining=pipelining,
    )  # fmt: skip
    pool = Pool(settings, feed, helo_name="client.example", clock=time.time)
    started, cpu = time.perf_counter(), time.process_time()
    pool.wake()
    await feed.done.wait()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    await pool.drain(5)
    assert feed.delivered == count, f"{feed.delivered} of {count} delivered"
    return count / seconds, cpu / count * 1e6


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
    found: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    try:
        import uvloop  # noqa: PLC0415
    except ImportError:
        print("uvloop is not installed: measured without it")
    else:
        found["uvloop"] = uvloop.new_event_loop
    return found


def report(name: str, runs: int, run: Run) -> None:
    """Run it and print the medians."""
    results = [run() for _ in range(runs)]
    rate, cpu = (statistics.median(column) for column in zip(*results, strict=True))
    print(f"{name:44} {rate:9,.0f} messages/s {cpu:7.1f} µs CPU/message")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--size", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rtt-ms", type=float, default=40.0)
    options = parser.parse_args()
    content = (b"x" * 76 + b"\r\n") * (options.size // 78)
    print(f"Python {platform.python_version()}, {len(content)} octets, {options.connections} connections")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Sink(compile_sink(folder), folder) as sink, delayed(sink.port, options.rtt_ms) as far:
            few = max(options.connections * 20, options.messages // 20)
            away = f"{options.rtt_ms:g} ms"
            for loop_name, factory in loops().items():

                def run(port: int, count: int, pipelining: bool, factory: object = factory) -> tuple[float, float]:
                    with asyncio.Runner(loop_factory=factory) as runner:  # type: ignore[arg-type]  # see loops()
                        return runner.run(measure(port, count, content, options.connections, pipelining))

                for way, pipelining in (("pipelined", True), ("lock step", False)):
                    for place, port, count in (("loopback", sink.port, options.messages), (away, far, few)):
                        report(f"{loop_name}, {place}, {way}", options.runs, partial(run, port, count, pipelining))


if __name__ == "__main__":
    main()
