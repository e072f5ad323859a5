"""Visitors and mail servers that keep coming while a service restarts, and how each of them fared.

Every request of HTTP has a connection of its own, as those of mail programs have. A mail server keeps its connection
and sends one mail after the other; told 421, it comes again at once, as RFC 5321 §3.8 lets it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

_REQUEST = b"GET /crowd HTTP/1.1\r\nHost: news.example\r\nConnection: close\r\n\r\n"
_MAIL = b"From: a@outside.example\r\nSubject: help\r\n\r\nhelp\r\n.\r\n"
_CLOSING = 421
_PATIENCE_SECONDS = 30.0


@dataclass(slots=True, kw_only=True)
class Fates:
    """How many had each fate: `answered` and `accepted` are good, `sent away` is 421, all others are told by name."""

    visits: Counter[str] = field(default_factory=Counter)
    mails: Counter[str] = field(default_factory=Counter)

    @property
    def bad(self) -> dict[str, int]:
        """All that nobody should meet in a restart."""
        return {
            f"{kind}: {fate}": number
            for kind, fates in (("visit", self.visits), ("mail", self.mails))
            for fate, number in fates.items()
            if fate not in ("answered", "accepted", "sent away")
        }


class Crowd:
    """So many visits a second, and so many mail servers at a time, each sending a few mails a second."""

    def __init__(self, *, http_port: int, smtp_port: int, visits: int, servers: int) -> None:
        self._http_port = http_port
        self._smtp_port = smtp_port
        self._visits = visits
        self._servers = servers
        self._is_over = asyncio.Event()
        self.fates = Fates()

    async def stay(self, meanwhile: Callable[[], Awaitable[object]]) -> Fates:
        """Come until `meanwhile` has ended, and for as long as somebody is being served."""
        servers = [asyncio.create_task(self._send_mails()) for _ in range(self._servers)]
        visitors = asyncio.create_task(self._visit())
        try:
            await meanwhile()
        finally:
            self._is_over.set()
        await asyncio.gather(visitors, *servers)
        return self.fates

    async def _visit(self) -> None:
        loop = asyncio.get_running_loop()
        began, number, going = loop.time(), 0, set[asyncio.Task[None]]()
        while not self._is_over.is_set():
            due = int((loop.time() - began) * self._visits)
            for _ in range(due - number):
                going.add(asyncio.create_task(self._request()))
            number = due
            going = {task for task in going if not task.done()}
            await asyncio.sleep(1 / self._visits)
        await asyncio.gather(*going)

    async def _request(self) -> None:
        self.fates.visits[await _told(self._get)] += 1

    async def _get(self) -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._http_port)
        try:
            writer.write(_REQUEST)
            answer = await reader.read()
        finally:
            writer.close()
        status = answer.split(b" ", 2)[1:2]
        return "answered" if status == [b"200"] else f"status {status}"

    async def _send_mails(self) -> None:
        while not self._is_over.is_set():
            fate = await _told(self._session)
            if fate != "over":
                self.fates.mails[fate] += 1

    async def _session(self) -> str:
        """Send mails over one connection until it is over or the service closes it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._smtp_port)
        try:
            for line in (b"", b"EHLO outside.example\r\n"):
                if (code := await _say(reader, writer, line)) >= 400:
                    return _refused(code)
            while not self._is_over.is_set():
                for line in (b"MAIL FROM:<>\r\n", b"RCPT TO:<crowd-request@news.example>\r\n", b"DATA\r\n", _MAIL):
                    if (code := await _say(reader, writer, line)) >= 400:
                        return _refused(code)
                self.fates.mails["accepted"] += 1
                await asyncio.sleep(0.3)
            await _say(reader, writer, b"QUIT\r\n")
        finally:
            writer.close()
        return "over"


def _refused(code: int) -> str:
    return "sent away" if code == _CLOSING else f"reply {code}"


async def _say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes) -> int:
    """The code of the reply."""
    writer.write(line)
    while True:
        reply = await reader.readline()
        if not reply:
            raise ConnectionResetError
        if reply[3:4] != b"-":
            return int(reply[:3])


async def _told(do: Callable[[], Awaitable[str]]) -> str:
    try:
        return await asyncio.wait_for(do(), _PATIENCE_SECONDS)
    except (OSError, TimeoutError) as problem:
        return type(problem).__name__
