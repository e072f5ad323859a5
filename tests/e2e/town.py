"""The world around a daemon, on loopback: DNS, a relay that carries mail to it, an exchanger, and a proxy with HTTPS.

Each of them can misbehave in the ways that `doctor` has to notice.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from tests.authority import DAY, NOW, Authority
from tests.dns_server import DnsServer, Zone, open_dns_server

PASSWORD = "a long password"
_HEAD_OCTETS = 64 * 1024


class ProxyHabit(Enum):
    """What a proxy does with X-Forwarded-For and with a POST."""

    GOOD = "replaces the field by its client"
    SILENT = "removes the field"
    CREDULOUS = "passes on what its client wrote"
    REDIRECTING = "redirects a POST"
    PARKED = "answers everything by itself"
    BROKEN = "answers 502"


@dataclass(kw_only=True)
class MailServer:
    """A relay or an exchanger: `forwards_to` is the port that takes what it accepted, None keeps it for ever."""

    forwards_to: int | None
    refuses: str | None = None  # the reply to RCPT
    refuses_null_sender: bool = False
    accepted: list[bytes] = field(default_factory=list)
    port: int = 0

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuses_null_sender and address == "<>":
            return "550 5.1.7 no mail from nobody"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 ok"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuses is not None:
            return self.refuses
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        self.accepted.append(content)
        if self.forwards_to is not None:
            await asyncio.to_thread(self._forward, envelope.rcpt_tos, b"Received: by relay.test; today\r\n" + content)
        return "250 2.0.0 ok"

    def _forward(self, recipients: list[str], content: bytes) -> None:
        assert self.forwards_to is not None
        with smtplib.SMTP("127.0.0.1", self.forwards_to, timeout=10) as client:
            client.sendmail("", recipients, content)

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: LoginPassword
    ) -> AuthResult:
        return AuthResult(success=login.password == PASSWORD.encode(), handled=False)


@dataclass(kw_only=True)
class Proxy:
    """HTTPS in front of the daemon's port."""

    behind: int
    habit: ProxyHabit = ProxyHabit.GOOD
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *fields = head.rstrip("\r\n").split("\r\n")
            length = next(
                (int(field.split(":")[1]) for field in fields if field.lower().startswith("content-length:")), 0
            )
            body = await reader.readexactly(length)
            writer.write(await self._answer(line, fields, body))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, line: str, fields: list[str], body: bytes) -> bytes:
        match self.habit:
            case ProxyHabit.REDIRECTING if line.startswith("POST"):
                return b"HTTP/1.1 301 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
            case ProxyHabit.PARKED:
                return b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nparked"
            case ProxyHabit.BROKEN:
                return b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
            case _:
                pass
        if self.habit is not ProxyHabit.CREDULOUS:
            fields = [field for field in fields if not field.lower().startswith("x-forwarded-for:")]
        if self.habit is ProxyHabit.GOOD:
            fields.append("X-Forwarded-For: 198.51.100.20")
        reader, writer = await asyncio.open_connection("127.0.0.1", self.behind)
        try:
            writer.write("\r\n".join([line, *fields, "", ""]).encode("latin-1") + body)
            return await reader.read()  # until the daemon closes, as `Connection: close` asks it to
        finally:
            writer.close()


@dataclass(kw_only=True)
class Town:
    """Everything that a daemon needs around it."""

    dns: DnsServer
    relay: MailServer
    exchanger: MailServer
    proxy: Proxy


@asynccontextmanager
async def open_town(
    authority: Authority,
    host: str,
    *,
    http_port: int,
    smtp_port: int,
    page_days: float = 60,
    page_host: str = "",
    relay_days: float = 60,
    relay_host: str = "127.0.0.1",
) -> AsyncIterator[Town]:
    """A town in which all is well, around a daemon with these ports; certificates are valid for so many days."""
    town_zone: Zone = {}
    async with AsyncExitStack() as stack:
        town = Town(
            dns=await stack.enter_async_context(open_dns_server(town_zone)),
            relay=MailServer(forwards_to=smtp_port),
            exchanger=MailServer(forwards_to=smtp_port),
            proxy=Proxy(behind=http_port),
        )
        relay_tls = authority.server(host=relay_host, until=NOW + relay_days * DAY)
        page_tls = authority.server(host=page_host or host, until=NOW + page_days * DAY)
        town.relay.port = await stack.enter_async_context(_mail_server(town.relay, relay_tls))
        town.exchanger.port = await stack.enter_async_context(_mail_server(town.exchanger, None))
        listener = await asyncio.start_server(town.proxy.serve, "127.0.0.1", 0, ssl=page_tls)
        town.proxy.port = listener.sockets[0].getsockname()[1]
        stack.callback(listener.close)
        yield town


@asynccontextmanager
async def _mail_server(server: MailServer, tls: ssl.SSLContext | None) -> AsyncIterator[int]:
    def protocol() -> SMTP:
        if tls is None:
            return SMTP(server, hostname="mx.test")
        return SMTP(
            server,
            hostname="relay.test",
            tls_context=tls,
            require_starttls=True,
            authenticator=server.authenticate,
            auth_required=True,
        )

    make: Callable[[], asyncio.BaseProtocol] = protocol
    listener = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
