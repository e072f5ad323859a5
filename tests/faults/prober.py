"""Asks for a page 20 times a second until its input ends: `python -m tests.faults.prober PORT PATH`.

A process of its own, so that nothing but the daemon can hold it up. Prints one JSON list: the seconds of each answer,
-1 for none.
"""

from __future__ import annotations

import http.client
import json
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Self

EVERY_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Seconds."""

    requests: int
    failed: int
    p50: float
    p99: float
    longest: float

    def __str__(self) -> str:
        return (
            f"{self.requests:,} requests, {self.failed} failed, p50 {self.p50 * 1000:.1f} ms,"
            f" p99 {self.p99 * 1000:.1f} ms, longest {self.longest * 1000:.0f} ms"
        )


class Prober:
    """A running prober: a context manager; `latency` is there afterwards."""

    latency: Latency

    def __init__(self, port: int, path: str) -> None:
        command = [sys.executable, "-m", "tests.faults.prober", str(port), path]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        output, _ = self._process.communicate("", timeout=60)
        latencies = json.loads(output)
        good = sorted(seconds for seconds in latencies if seconds >= 0)
        self.latency = Latency(
            requests=len(latencies),
            failed=len(latencies) - len(good),
            p50=good[len(good) // 2],
            p99=good[min(len(good) - 1, len(good) * 99 // 100)],
            longest=good[-1],
        )


def _ask(port: int, path: str) -> float:
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
    except OSError:
        return -1.0
    finally:
        connection.close()
    return time.perf_counter() - began if response.status == 200 else -1.0


def main() -> None:
    """Ask until told to stop. What a slow answer delays is asked late, not left out."""
    port, path = int(sys.argv[1]), sys.argv[2]
    latencies: list[float] = []
    due = time.monotonic()
    while True:
        due += EVERY_SECONDS
        if select.select([sys.stdin], [], [], max(0.0, due - time.monotonic()))[0]:
            break
        latencies.append(_ask(port, path))
    print(json.dumps(latencies))


if __name__ == "__main__":
    main()
