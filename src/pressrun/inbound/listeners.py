"""The places where mail comes in: SMTP and LMTP, over TCP, Unix sockets, and descriptors of systemd, in our loop."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Mapping

from pressrun.core.endpoint import Endpoint
from pressrun.core.errors import BadConfiguration
from pressrun.inbound.memory import Memory
from pressrun.inbound.session import MailSession
from pressrun.inbound.settings import SmtpSettings
from pressrun.observe.log import event
from pressrun.runtime.server_sockets import ListenAddress, ListeningServer, listen
from pressrun.services.incoming.mail_acceptance import MailAcceptance

log = logging.getLogger("pressrun.inbound")


class Listener:
    """One place; what its sessions share (session.Door)."""

    def __init__(
        self,
        name: str,
        settings: SmtpSettings,
        acceptance: MailAcceptance,
        tls: ssl.SSLContext | None,
        memory: Memory,
        *,
        speaks_lmtp: bool,
    ) -> None:
        self.name = name
        self.settings = settings
        self.acceptance = acceptance
        self.tls = tls
        self.memory = memory
        self.speaks_lmtp = speaks_lmtp
        self._sessions: set[MailSession] = set()
        self._left = asyncio.Event()
        self._server: ListeningServer | None = None

    def enter(self, session: MailSession) -> bool:
        """Count a session in; False when there are too many."""
        if len(self._sessions) >= self.settings.connections:
            event(log, "inbound.full", level=logging.WARNING, listener=self.name)
            return False
        self._sessions.add(session)
        return True

    def leave(self, session: MailSession) -> None:
        """A session is over."""
        self._sessions.discard(session)
        self._left.set()

    @property
    def address(self) -> str:
        """`host:port` as bound, or `unix:/path`."""
        if self._server is None:
            raise RuntimeError("the listener has not been started")
        return self._server.address

    async def start(self, endpoint: Endpoint, handed_over: socket.socket | None) -> None:
        """Listen. Raises OSError when the address is in use, Unavailable without systemd's, or BadConfiguration."""
        setting = f"[smtp] {'lmtp' if self.speaks_lmtp else 'listen'}"
        where = ListenAddress(name=self.name, setting=setting, endpoint=endpoint, handed_over=handed_over)
        self._server = await listen(self._session, where)
        event(log, "inbound.listening", listener=self.name, address=self.address)

    async def stop(self, seconds: float) -> None:
        """Take no more connections, finish the mails at hand within so many seconds, then close."""
        if self._server is None:
            return
        self._server.close()
        for session in list(self._sessions):
            session.end()
        try:
            async with asyncio.timeout(seconds):
                await self._until_left()
        except TimeoutError:
            for session in list(self._sessions):
                session.abort()
            await self._until_left()
        await self._server.wait_closed()
        self._server = None

    async def _until_left(self) -> None:
        while self._sessions:
            self._left.clear()
            await self._left.wait()

    def _session(self) -> MailSession:
        return MailSession(self)


class Listeners:
    """Every place where mail comes in; `sockets` are those of systemd by name (`smtp`, `lmtp`)."""

    def __init__(
        self, settings: SmtpSettings, acceptance: MailAcceptance, sockets: Mapping[str, socket.socket]
    ) -> None:
        self._settings = settings
        self._acceptance = acceptance
        self._sockets = sockets
        self._memory = Memory(settings.memory_bytes)
        self._listeners: list[Listener] = []

    @property
    def addresses(self) -> dict[str, str]:
        """Where each listener is bound, by its name: `{"smtp": "127.0.0.1:8025", "lmtp": "unix:/…"}`."""
        return {listener.name: listener.address for listener in self._listeners}

    async def start(self) -> None:
        """Open all of them, or none. Raises OSError, or BadConfiguration for a certificate that cannot be used."""
        tls = load_certificate(self._settings)
        for name, endpoint in (("smtp", self._settings.listen), ("lmtp", self._settings.lmtp)):
            if endpoint is None:
                continue
            listener = Listener(name, self._settings, self._acceptance, tls, self._memory, speaks_lmtp=name == "lmtp")
            try:
                await listener.start(endpoint, self._sockets.get(name))
            except BaseException:
                await self.stop(0.0)
                raise
            self._listeners.append(listener)

    async def stop(self, seconds: float) -> None:
        """Close all of them; mails whose content has come are stored and answered within so many seconds."""
        listeners, self._listeners = self._listeners, []
        await asyncio.gather(*(listener.stop(seconds) for listener in listeners))

    def reload(self, settings: SmtpSettings) -> None:
        """New limits and a new certificate for the connections to come; where to listen stays until a restart."""
        tls = load_certificate(settings)
        self._settings = settings
        self._memory.limit = settings.memory_bytes
        for listener in self._listeners:
            listener.settings, listener.tls = settings, tls


def load_certificate(settings: SmtpSettings) -> ssl.SSLContext | None:
    """What STARTTLS is done with; None where no certificate is configured. Raises BadConfiguration."""
    if settings.certificate_file is None or settings.key_file is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.certificate_file, settings.key_file)
    except (OSError, ssl.SSLError) as problem:
        raise BadConfiguration(f"[smtp] certificate_file and key_file cannot be used: {problem}") from problem
    return context
