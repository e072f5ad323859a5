"""The listeners for SMTP and LMTP, on TCP, Unix sockets and sockets of systemd, in our event loop.

The files of their certificate are renewed every few weeks, and used as soon as they change.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from pressrun.core.current import Holder
from pressrun.core.errors import BadConfiguration
from pressrun.core.network.endpoint import Endpoint
from pressrun.inbound.memory import Memory
from pressrun.inbound.session import ListenerState, MailSession, SmtpTerms
from pressrun.inbound.settings import SmtpSettings
from pressrun.observe.log import event
from pressrun.runtime.certificates import read_file
from pressrun.runtime.file_stamps import FileStamp, stamp_of
from pressrun.runtime.server_sockets import ListenAddress, ListeningServer, listen
from pressrun.services.incoming.mail_acceptance import MailAcceptance

log = logging.getLogger("pressrun.inbound")

Stamp = tuple[FileStamp, ...]


class OwnCertificate(Struct, frozen=True, kw_only=True):
    """A loaded certificate: the context for STARTTLS, when it expires (UTC seconds), and the stamp of its files.

    `expires_at` is None if OpenSSL can read the certificate but its expiry date cannot be read.
    """

    tls: ssl.SSLContext
    expires_at: float | None
    stamp: Stamp


def load_certificate(settings: SmtpSettings) -> OwnCertificate | None:
    """The certificate of the configuration, or None without one. Raises BadConfiguration."""
    if settings.certificate_file is None or settings.key_file is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        stamp = _stamp(settings.certificate_file, settings.key_file)
        # A locked key must not make OpenSSL ask for its passphrase.
        context.load_cert_chain(settings.certificate_file, settings.key_file, password=lambda: b"")
    except (OSError, ValueError) as problem:  # SSLError is an OSError
        raise BadConfiguration(f"[smtp] certificate_file and key_file cannot be used: {problem}") from problem
    return OwnCertificate(tls=context, expires_at=_measure_expiry(settings.certificate_file), stamp=stamp)


def _measure_expiry(certificate_file: Path) -> float | None:
    try:
        return read_file(certificate_file).ends_at
    except (OSError, ValueError) as problem:
        event(log, "inbound.certificate_not_measured", level=logging.WARNING, problem=str(problem))
        return None


class CertificateRenewal:
    """Loads the certificate again when its files have changed. Logs unusable files once: they may be half renewed."""

    def __init__(self) -> None:
        self._refused: Stamp | None = None

    def renew(self, used: OwnCertificate, settings: SmtpSettings) -> OwnCertificate | None:
        """Load the certificate if its files have changed since `used`; None if they have not, or cannot be used."""
        assert settings.certificate_file is not None
        assert settings.key_file is not None
        try:
            stamp = _stamp(settings.certificate_file, settings.key_file)
        except OSError:
            return None  # one of them may just be being replaced
        if stamp in (used.stamp, self._refused):
            return None
        try:
            renewed = load_certificate(settings)
        except BadConfiguration as problem:
            self._refused = stamp
            event(log, "inbound.certificate_refused", level=logging.WARNING, problem=str(problem))
            return None
        event(log, "inbound.certificate_renewed")
        return renewed


def _stamp(*paths: Path) -> Stamp:
    return tuple(map(stamp_of, paths))


class Listener:
    """One address that mail comes in at."""

    def __init__(self, state: ListenerState) -> None:
        self._state = state
        self._server: ListeningServer | None = None

    @property
    def name(self) -> str:
        """`smtp` or `lmtp`."""
        return self._state.name

    @property
    def address(self) -> str:
        """`host:port` as bound, or `unix:/path`."""
        if self._server is None:
            raise RuntimeError("the listener has not been started")
        return self._server.address

    async def start(self, endpoint: Endpoint, handed_over: socket.socket | None) -> None:
        """Listen. Raises Unavailable when the address is in use or without systemd's, or BadConfiguration."""
        setting = f"[smtp] {'lmtp' if self._state.speaks_lmtp else 'listen'}"
        where = ListenAddress(name=self.name, setting=setting, endpoint=endpoint, handed_over=handed_over)
        self._server = await listen(lambda: MailSession(self._state), where)
        event(log, "inbound.listening", listener=self.name, address=self.address)

    async def stop(self, seconds: float) -> None:
        """Accept no more connections, give the mails at hand this long to finish, then close."""
        if self._server is None:
            return
        self._state.closing.set()
        await self._server.stop_accepting()
        for session in list(self._state.sessions):
            session.end()
        try:
            async with asyncio.timeout(seconds):
                await self.wait_until_left()
        except TimeoutError:
            for session in list(self._state.sessions):
                session.abort()
            await self.wait_until_left()
        await self._server.wait_closed()
        self._server = None

    async def wait_until_left(self) -> None:
        """Return once the last client has left."""
        while self._state.sessions:
            self._state.left.clear()
            await self._state.left.wait()


class Listeners:
    """All listeners; `sockets` are those of systemd by name (`smtp`, `lmtp`)."""

    def __init__(
        self, settings: SmtpSettings, acceptance: MailAcceptance, sockets: Mapping[str, socket.socket]
    ) -> None:
        self._terms = Holder(SmtpTerms(settings=settings, tls=None))
        self._acceptance = acceptance
        self._sockets = sockets
        self._memory = Memory(self._terms.part(lambda terms: terms.settings.memory_bytes))
        self._listeners: list[Listener] = []
        self._certificate: OwnCertificate | None = None
        self._renewal = CertificateRenewal()

    @property
    def addresses(self) -> dict[str, str]:
        """The address of each listener by its name: `{"smtp": "127.0.0.1:8025", "lmtp": "unix:/…"}`."""
        return {listener.name: listener.address for listener in self._listeners}

    async def start(self) -> None:
        """Open all of them, or none. Raises Unavailable, or BadConfiguration for an unusable certificate."""
        settings = self._terms.value.settings
        self._use(settings, load_certificate(settings))
        for name, endpoint in (("smtp", settings.listen), ("lmtp", settings.lmtp)):
            if endpoint is None:
                continue
            state = ListenerState(
                name=name,
                acceptance=self._acceptance,
                memory=self._memory,
                speaks_lmtp=name == "lmtp",
                terms=self._terms,
            )
            listener = Listener(state)
            try:
                await listener.start(endpoint, self._sockets.get(name))
            except BaseException:
                await self.stop(0.0)
                raise
            self._listeners.append(listener)

    async def stop(self, seconds: float) -> None:
        """Close all of them; mails whose content has arrived are stored and answered within `seconds`."""
        listeners, self._listeners = self._listeners, []
        await asyncio.gather(*(listener.stop(seconds) for listener in listeners))

    def reload(self, settings: SmtpSettings) -> None:
        """Use other limits and another certificate for later connections. The addresses stay until a restart."""
        self._use(settings, load_certificate(settings))

    def renew_certificate(self) -> float | None:
        """Use a renewed certificate for later connections; returns when the one in use expires (UTC seconds)."""
        used, settings = self._certificate, self._terms.value.settings
        renewed = None if used is None else self._renewal.renew(used, settings)
        if renewed is not None:
            self._use(settings, renewed)
        return None if self._certificate is None else self._certificate.expires_at

    def _use(self, settings: SmtpSettings, certificate: OwnCertificate | None) -> None:
        self._certificate = certificate
        self._terms.swap(SmtpTerms(settings=settings, tls=None if certificate is None else certificate.tls))
