"""A relay that wants one domain slowed down, or is slow for it itself, in a thread beside the scenario; it keeps the
books of the sink.
"""

from __future__ import annotations

import asyncio
import re
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.faults.outcome import Arrived

_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(\S+)", re.MULTILINE | re.IGNORECASE)
_SLOW_DOWN = b"421 4.7.28 this network sends too much, slow down\r\n"
_HELLO = b"250-slowing\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n"


class SlowingRelay:
    """Takes everything, but once `after` copies for the domain came, refuses it for so many seconds; its recipients are
    answered `late_seconds` late.
    """

    def __init__(self, domain: str, *, after: int, seconds: float, late_seconds: float) -> None:
        self.port = 0
        self.refused = 0
        self.late_seconds = late_seconds
        self._domain, self._after, self._seconds = domain, after, seconds
        self._slow_until: float | None = None
        self._times: Counter[str] = Counter()
        self._ids: defaultdict[str, set[str]] = defaultdict(set)

    @property
    def is_slowed(self) -> bool:
        """Whether it has said so."""
        return self.refused > 0

    def count(self, domain: str) -> int:
        """Readers at domains that begin so, who have their copy."""
        return sum(address.partition("@")[2].startswith(domain) for address in list(self._times))

    def arrived(self) -> Arrived:
        return Arrived(times=self._times, message_ids=self._ids, unanswered=0)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            writer.write(b"220 slowing\r\n")
            recipient = ""
            while line := await reader.readline():
                word = line[:4].upper()
                if word == b"RCPT":
                    recipient = line.decode().partition("<")[2].partition(">")[0]
                    if recipient.endswith(f"@{self._domain}"):
                        await asyncio.sleep(self.late_seconds)
                    if self._refuses(recipient):
                        self.refused += 1
                        writer.write(_SLOW_DOWN)
                        break
                if word == b"DATA":
                    writer.write(b"354 go on\r\n")
                    content = await reader.readuntil(b"\r\n.\r\n")
                    self._accept(recipient, content)
                if word == b"QUIT":
                    break
                writer.write(_HELLO if word == b"EHLO" else b"250 2.0.0 Ok\r\n")
        writer.close()

    def _refuses(self, recipient: str) -> bool:
        if not recipient.endswith(f"@{self._domain}"):
            return False
        if self._slow_until is None and self.count(self._domain) >= self._after:
            self._slow_until = time.monotonic() + self._seconds
        return self._slow_until is not None and time.monotonic() < self._slow_until

    def _accept(self, recipient: str, content: bytes) -> None:
        match = _MESSAGE_ID.search(content)
        self._times[recipient] += 1
        self._ids[recipient].add(match[1].decode() if match else "")


@contextmanager
def slowing_relay(
    domain: str, *, after: int = sys.maxsize, seconds: float = 0.0, late_seconds: float = 0.0
) -> Iterator[SlowingRelay]:
    """One that runs."""
    relay = SlowingRelay(domain, after=after, seconds=seconds, late_seconds=late_seconds)
    ready, done = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def stand() -> None:
        server = await asyncio.start_server(relay.talk, "127.0.0.1", 0, limit=1 << 20)
        relay.port = server.sockets[0].getsockname()[1]
        ready.set()
        async with server:
            await done.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(stand()), name="slowing relay")
    thread.start()
    try:
        assert ready.wait(10)
        yield relay
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)
        loop.close()
