"""Clients that mean harm: each gives what it was answered, and after how many seconds."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

MIB = 1024 * 1024
REPLY_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where to attack: a port, and the word that opens a session there."""

    name: str
    port: int
    hello: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one attack."""

    name: str
    place: str
    replies: str
    seconds: float


class Line:
    """A connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, place: Place) -> Line:
        """Connected, the greeting read, hello said; raises ConnectionError when turned away."""
        line = cls(*await asyncio.open_connection("127.0.0.1", place.port))
        if not (greeting := await line.reply()).startswith("220"):
            line.writer.close()
            raise ConnectionRefusedError(greeting)
        await line.say(f"{place.hello} client.example")
        return line

    @classmethod
    async def open_when_there_is_room(cls, place: Place) -> Line:
        """As `open`, but those of the attack before may still be on their way out."""
        async with asyncio.timeout(REPLY_SECONDS):
            while True:
                try:
                    return await cls.open(place)
                except ConnectionError:
                    await asyncio.sleep(0.05)

    async def reply(self) -> str:
        """The last line of the next reply; "closed" when there is none."""
        async with asyncio.timeout(REPLY_SECONDS):
            while True:
                try:
                    line = await self.reader.readline()
                except ConnectionError:
                    return "closed"
                if not line:
                    return "closed"
                if line[3:4] != b"-":
                    return line.decode("utf-8", "replace").strip()

    async def say(self, text: str) -> str:
        self.writer.write(text.encode() + b"\r\n")
        await self.writer.drain()
        return await self.reply()

    async def begin(self, sender: str, *recipients: str) -> None:
        """A transaction up to the 354."""
        await self.say(f"MAIL FROM:<{sender}>")
        for recipient in recipients:
            if not (said := await self.say(f"RCPT TO:<{recipient}>")).startswith("250"):
                raise AssertionError(f"{recipient}: {said}")
        await self.say("DATA")

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


async def deliver(place: Place, name: str, sender: str, recipient: str, content: bytes) -> Outcome:
    """One mail; the time is from the dot to the reply."""
    line = await Line.open(place)
    await line.begin(sender, recipient)
    line.writer.write(content if content.endswith(b"\r\n") else content + b"\r\n")
    await line.writer.drain()
    began = time.perf_counter()
    reply = await line.say(".")
    seconds = time.perf_counter() - began
    await line.close()
    return Outcome(name=name, place=place.name, replies=reply[:9], seconds=seconds)


async def many_recipients(place: Place, recipients: list[str]) -> Outcome:
    """1,000 recipients of one mail, all commands in one go."""
    line = await Line.open(place)
    commands = [f"RCPT TO:<{recipients[number % len(recipients)]}>" for number in range(1000)]
    text = "\r\n".join(["MAIL FROM:<many@reader.example>", *commands, "DATA", ""])
    began = time.perf_counter()
    line.writer.write(text.encode())
    replies = Counter([(await line.reply())[:3] for _ in range(1002)])
    line.writer.write(b"Subject: x\r\nMessage-ID: <many@reader.example>\r\n\r\nhello\r\n.\r\n")
    replies[(await line.reply())[:3]] += 1
    seconds = time.perf_counter() - began
    await line.close()
    return Outcome(name="1,000 recipients", place=place.name, replies=_summed(replies), seconds=seconds)


async def many_commands(place: Place, word: str) -> Outcome:
    """10,000 commands in one go; the time is the longest from a reply to the next."""
    line = await Line.open(place)
    slowest, last = 0.0, time.perf_counter()

    async def write() -> None:
        with suppress(ConnectionError):
            line.writer.write(f"{word}\r\n".encode() * 10_000)
            await line.writer.drain()

    writing = asyncio.create_task(write())
    replies: Counter[str] = Counter()
    while replies.total() < 10_000 and (reply := await line.reply()) != "closed":
        replies[reply[:3]] += 1
        slowest, last = max(slowest, (now := time.perf_counter()) - last), now
    writing.cancel()
    await line.close()
    return Outcome(name=f"10,000 times {word}", place=place.name, replies=_summed(replies), seconds=slowest)


async def all_commands(place: Place, word: str, connections: int) -> Outcome:
    """10,000 commands in one go over each of many connections; the time is the longest of any."""
    outcomes = await asyncio.gather(*(many_commands(place, word) for _ in range(connections)))
    name = f"{connections} connections, 10,000 times {word} each"
    replies = Counter(outcome.replies for outcome in outcomes)
    return Outcome(
        name=name, place=place.name, replies=_summed(replies), seconds=max(outcome.seconds for outcome in outcomes)
    )


async def endless_line(place: Place, recipient: str, *, in_content: bool) -> Outcome:
    """100 MiB without a line end, as a command or as content."""
    line = await Line.open(place)
    if in_content:
        await line.begin("endless@reader.example", recipient)
    for _ in range(100):
        line.writer.write(b"a" * MIB)
        await line.writer.drain()
    began = time.perf_counter()
    line.writer.write(b"\r\n.\r\n" if in_content else b"\r\n")
    reply = await line.reply()
    seconds = time.perf_counter() - began
    await line.close()
    what = "content" if in_content else "command"
    return Outcome(name=f"{what} of 100 MiB without a line end", place=place.name, replies=reply[:9], seconds=seconds)


async def dribbled(places: list[Place], recipient: str, connections: int, size: int, hold_seconds: float) -> Outcome:
    """Large mails over as many connections as there may be: all but their end at once, then an octet now and then."""
    body = (b"x" * 76 + b"\r\n") * (size // 78)

    async def dribble(place: Place, number: int) -> tuple[str, float]:
        line = await Line.open_when_there_is_room(place)
        await line.begin(f"dribble{number}@reader.example", recipient)
        line.writer.write(f"Subject: x\r\nMessage-ID: <d{number}@reader.example>\r\n\r\n".encode() + body)
        await line.writer.drain()
        ends_at = time.monotonic() + hold_seconds
        while time.monotonic() < ends_at:
            line.writer.write(b"y")
            await asyncio.sleep(0.5)
        began = time.perf_counter()
        reply = await line.say("\r\n.")
        seconds = time.perf_counter() - began
        await line.close()
        return reply[:9], seconds

    tasks = [dribble(places[number % len(places)], number) for number in range(connections)]
    replies = await asyncio.gather(*tasks)
    return Outcome(
        name=f"{connections} mails of {size / MIB:.0f} MiB, dribbled",
        place="+".join(place.name for place in places),
        replies=_summed(Counter(reply for reply, _ in replies)),
        seconds=max(seconds for _, seconds in replies),
    )


async def slow_loris(place: Place, connections: int, seconds: float, then: Callable[[], Awaitable[str]]) -> Outcome:
    """As many connections as there may be that send an octet of a command now and then; `then` is tried meanwhile."""
    lines = [await Line.open_when_there_is_room(place) for _ in range(connections)]
    ends_at = time.monotonic() + seconds
    answered = await then()
    while time.monotonic() < ends_at:
        for line in lines:
            line.writer.write(b"N")
        await asyncio.sleep(0.5)
    began = time.perf_counter()
    replies = Counter([(await line.say(""))[:3] for line in lines])
    took = time.perf_counter() - began
    for line in lines:
        await line.close()
    name = f"{connections} slow connections; one more gets {answered}"
    return Outcome(name=name, place=place.name, replies=_summed(replies), seconds=took)


def _summed(replies: Counter[str]) -> str:
    return ", ".join(f"{number} × {reply}" for reply, number in replies.most_common())
