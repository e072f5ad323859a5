"""Relays made for one misdeed each."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

HANG = None  # say nothing and keep the connection
CLOSE = b""  # close without a word

Answer = bytes | None
Answers = Callable[[str], Answer]


@asynccontextmanager
async def peer(answers: Answers, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on loopback whose every reply is decided by `answers`, called with the command in capitals (its first
    word; "" for the greeting, "." for the end of the content; BDAT with its octets behind it). Gives its port."""
    writers: set[asyncio.StreamWriter] = set()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await _talk(reader, writer, answers)
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client hung up, or the test is over
        finally:
            writer.close()
            writers.discard(writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls, limit=1 << 20)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: Answers) -> None:
    command, in_data = "", False
    while True:
        answer = answers(command)
        if answer == CLOSE:
            return
        if answer is None:
            while await reader.read(65536):
                pass
            return
        writer.write(answer)
        await writer.drain()
        in_data = command == "DATA" and answer.startswith(b"354")
        while True:
            line = await reader.readline()
            if not line:
                return
            if not in_data or line == b".\r\n":
                break
        command = "." if in_data else line.split()[0].decode().upper()
        in_data = False
        if command == "BDAT":
            await reader.readexactly(int(line.split()[1]))


def obedient(command: str) -> Answer:
    """A relay that takes everything."""
    return {
        "": b"220 peer\r\n",
        "EHLO": b"250-peer\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
        "DATA": b"354 go\r\n",
        "QUIT": b"221 bye\r\n",
    }.get(command, b"250 ok\r\n")


def chunking(command: str) -> Answer:
    """The same, and it offers CHUNKING."""
    return b"250-peer\r\n250-PIPELINING\r\n250 CHUNKING\r\n" if command == "EHLO" else obedient(command)


def but(**deviations: Answer) -> Answers:
    """A relay that is obedient but for some commands: `but(MAIL=HANG)`; GREETING and DOT for what has no name."""
    named = {"GREETING": "", "DOT": "."}
    table = {named.get(command, command): answer for command, answer in deviations.items()}
    return lambda command: table[command] if command in table else obedient(command)
