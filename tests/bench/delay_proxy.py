"""A TCP proxy on loopback that adds a delay in each direction, for machines without sch_netem.

  python tests/bench/delay_proxy.py --listen 127.0.0.1:2700 --to 127.0.0.1:2525 --rtt-ms 40 [--mbit 0]

Each direction is a queue of (due time, octets): what comes in leaves half a round trip later, in order, so that a
window in flight behaves as on a long line. Connecting takes one round trip: the greeting is held back. `--mbit` limits
each direction of each connection (0: no limit). At most 8 MiB are queued a direction, then reading stops, as a full
window would. Says `listening` on stdout once it does.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import deque

HIGH_WATER = 8 << 20
LOW_WATER = 4 << 20


class Side(asyncio.Protocol):
    """One end of a connection; what arrives here is queued at the peer."""

    def __init__(self, delay_seconds: float, octets_per_second: float, *, held_back_seconds: float = 0.0) -> None:
        self.peer: Side
        self.transport: asyncio.Transport | None = None
        self.queued = 0
        self._delay = delay_seconds
        self._rate = octets_per_second
        self._held_back = held_back_seconds
        self._queue: deque[tuple[float, bytes | None]] = deque()  # None: the end
        self._timer: asyncio.TimerHandle | None = None
        self._free_at = 0.0
        self._paused = False
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(high=2 * HIGH_WATER)
        if self._queue and self._timer is None:
            self._pump()

    def data_received(self, data: bytes) -> None:
        self.peer.send_later(data)
        if self.peer.queued > HIGH_WATER and not self._paused and self.transport is not None:
            self._paused = True
            self.transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.peer.send_later(None)

    def send_later(self, data: bytes | None) -> None:
        """Queue octets, or the end, to leave here after the delay."""
        now = self._loop.time()
        start = now
        if self._rate and data is not None:
            start = self._free_at = max(self._free_at, now) + len(data) / self._rate
        due = start + self._delay + self._held_back
        self._held_back = 0.0
        if self._queue:
            due = max(due, self._queue[-1][0])
        self._queue.append((due, data))
        self.queued += len(data or b"")
        if self._timer is None and self.transport is not None:
            self._timer = self._loop.call_at(due, self._pump)

    def resume(self) -> None:
        """The peer has room again."""
        if self._paused and self.transport is not None:
            self._paused = False
            self.transport.resume_reading()

    def _pump(self) -> None:
        assert self.transport is not None
        now, ready, ended = self._loop.time(), [], False
        while self._queue and self._queue[0][0] <= now + 0.0002:
            _, data = self._queue.popleft()
            if data is None:
                ended = True
            else:
                ready.append(data)
                self.queued -= len(data)
        if ready and not self.transport.is_closing():
            self.transport.write(b"".join(ready))
        if ended:
            self.transport.close()
        if self.queued < LOW_WATER:
            self.peer.resume()
        self._timer = self._loop.call_at(self._queue[0][0], self._pump) if self._queue else None


async def serve(listen: tuple[str, int], target: tuple[str, int], delay_seconds: float, rate: float) -> None:
    """Proxy until cancelled."""
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[object]] = set()

    def accept() -> Side:
        front = Side(delay_seconds, rate, held_back_seconds=delay_seconds)
        front.peer = back = Side(delay_seconds, rate)
        back.peer = front
        task: asyncio.Task[object] = loop.create_task(loop.create_connection(lambda: back, *target))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return front

    server = await loop.create_server(accept, *listen, backlog=2048)
    print("listening", flush=True)
    async with server:
        await server.serve_forever()


def _loopback(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not (host.startswith("127.") or host == "[::1]"):
        raise argparse.ArgumentTypeError("only loopback addresses")
    return host.strip("[]"), int(port)


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listen", type=_loopback, required=True)
    parser.add_argument("--to", type=_loopback, required=True)
    parser.add_argument("--rtt-ms", type=float, default=40.0)
    parser.add_argument("--mbit", type=float, default=0.0)
    options = parser.parse_args()
    asyncio.run(serve(options.listen, options.to, options.rtt_ms / 2000, options.mbit * 125_000))


if __name__ == "__main__":
    main()
