"""A few commands to a mail server, to see whether it takes a bounce: MAIL, RCPT, RSET, QUIT, and never any content."""

from __future__ import annotations

import asyncio

from msgspec import Struct

from pressrun.core.network.endpoint import Endpoint, TcpEndpoint, UnixEndpoint
from pressrun.runtime.http_client import words_of
from pressrun.smtp.errors import RemoteProtocolError
from pressrun.smtp.reader import ReplyReader
from pressrun.smtp.reply import Reply, describe

_READ_OCTETS = 4096


class OfferedBounce(Struct, frozen=True, kw_only=True):
    """The server's reply to the recipient; or, in a few words, why there was none."""

    reply: Reply | None = None
    problem: str = ""
    timed_out: bool = False

    @property
    def is_accepted(self) -> bool:
        return self.reply is not None and self.reply.is_positive

    @property
    def words(self) -> str:
        """The refusal, or the problem."""
        return self.problem if self.reply is None else describe(self.reply)


async def offer_bounce(
    place: Endpoint, recipient: str, *, helo_name: str, speaks_lmtp: bool, seconds: float
) -> OfferedBounce:
    """Offer a mail from the null sender to a recipient; never raises for what the server does."""
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await _connect(place)
            try:
                return await _offer(reader, writer, recipient, f"{'LHLO' if speaks_lmtp else 'EHLO'} {helo_name}")
            finally:
                writer.close()
    except TimeoutError:
        return OfferedBounce(problem=f"no answer within {seconds:g} s", timed_out=True)
    except OSError as problem:
        return OfferedBounce(problem=words_of(problem))
    except (EOFError, RemoteProtocolError, UnicodeError) as problem:
        return OfferedBounce(problem=str(problem) or "the server closed the connection")


async def _connect(place: Endpoint) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    match place:
        case TcpEndpoint(host=host, port=port):
            return await asyncio.open_connection(host, port)
        case UnixEndpoint(path=path):
            return await asyncio.open_unix_connection(path)
        case _:
            raise OSError(0, "systemd alone knows the address")


async def _offer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, recipient: str, hello: str
) -> OfferedBounce:
    replies = ReplyReader()
    for command in (None, hello, "MAIL FROM:<>"):
        reply = await _send(reader, writer, replies, command)
        if not reply.is_positive:
            stage = "its greeting" if command is None else command.partition(" ")[0]
            return OfferedBounce(problem=f"{stage} was answered {describe(reply)}")
    answer = await _send(reader, writer, replies, f"RCPT TO:<{recipient}>")
    for command in ("RSET", "QUIT"):
        writer.write(f"{command}\r\n".encode())
    return OfferedBounce(reply=answer)


async def _send(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, replies: ReplyReader, command: str | None
) -> Reply:
    if command is not None:
        writer.write(f"{command}\r\n".encode("ascii"))
    while not replies.next_code():
        received = await reader.read(_READ_OCTETS)
        if not received:
            raise EOFError
        replies.feed(received)
    return replies.reply()
