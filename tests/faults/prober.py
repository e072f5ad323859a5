"""Asks a daemon for a page all the time, and says how long its answers took."""

from __future__ import annotations

from dataclasses import dataclass

from tests.asker import Asker


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


class Prober(Asker):
    """A running prober: a context manager; `latency` is there afterwards."""

    def __init__(self, port: int, path: str) -> None:
        super().__init__(port, [path])

    @property
    def latency(self) -> Latency:
        good = sorted(seconds for seconds in self.seconds if seconds >= 0)
        return Latency(
            requests=len(self.seconds),
            failed=len(self.seconds) - len(good),
            p50=good[len(good) // 2],
            p99=good[min(len(good) - 1, len(good) * 99 // 100)],
            longest=good[-1],
        )
