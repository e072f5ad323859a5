"""All that the daemon listens with: the web server, the control socket, and the listeners for mail."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping

from pressrun.config.settings import Settings
from pressrun.control.server import ControlServer, GroupSocket
from pressrun.core.addresses.mail_queues import MailQueue
from pressrun.core.errors import Unavailable
from pressrun.core.network.endpoint import Endpoint, TcpEndpoint
from pressrun.core.pacing.busy_share import BusyShare
from pressrun.daemon.wiring.services import Services
from pressrun.daemon.wiring.web_app import WebServers
from pressrun.inbound.listeners import Listeners
from pressrun.observe.metrics import Metrics
from pressrun.sandbox.mail_parser import LONGEST_SECONDS, SIGNED_MAIL_LIMITS, ParserLimits, SandboxedParser
from pressrun.services.background import BackgroundLoop
from pressrun.services.incoming.mail_acceptance import MailAcceptance
from pressrun.services.incoming.mail_commands import MailCommands
from pressrun.services.incoming.mail_processing import MailProcessing
from pressrun.services.incoming.mailed_editions import MailedEditions

STOP_SECONDS = 2.0  # for requests and mails that are still arriving when the daemon stops


class Mailroom:
    """Inbound mail: the listeners, the processing, and the parser processes, one for each queue."""

    def __init__(
        self, settings: Settings, services: Services, metrics: Metrics, sockets: Mapping[str, socket.socket]
    ) -> None:
        assert settings.smtp is not None
        context, limits = services.context, ParserLimits()
        share = context.settings.part(lambda every: every.limits.strangers_share)
        self._readers = {
            MailQueue.READERS: SandboxedParser(SIGNED_MAIL_LIMITS),
            MailQueue.BOUNCES: SandboxedParser(limits),
            MailQueue.STRANGERS: SandboxedParser(limits, BusyShare(share, LONGEST_SECONDS)),
        }
        self.processing = MailProcessing(
            context,
            parsers=self._readers,
            mail_commands=MailCommands(context, sign_ups=services.pages.sign_ups),
            bounce_handler=services.bounce_handler,
            mailed_editions=MailedEditions(services.preparer, parser=self._readers[MailQueue.STRANGERS]),
            counter=metrics,
        )
        services.mail_accepted.connect(self.processing.accepted)
        receiving = MailAcceptance(context, count=metrics.count_inbound, accepted=self.processing.accepted)
        services.cases.returns.connect(receiving.accept)
        self.listeners = Listeners(settings.smtp, receiving, sockets)

    async def close(self) -> None:
        """Accept no more mail; accepted mail that was not processed yet is in the database."""
        await self.listeners.stop(STOP_SECONDS)
        await asyncio.gather(*(reader.close() for reader in self._readers.values()))


class DaemonListeners:
    """Opened together at the start, closed together at the end."""

    def __init__(
        self,
        settings: Settings,
        services: Services,
        metrics: Metrics,
        web: WebServers,
        sockets: Mapping[str, socket.socket],
    ) -> None:
        self.web = web
        self._held = _places_held(settings, sockets)
        self._control = ControlServer(settings.data.control_socket, services.door.carry_out, _group_socket(settings))
        self._mailroom = None if settings.smtp is None else Mailroom(settings, services, metrics, sockets)

    @property
    def loops(self) -> list[BackgroundLoop]:
        """The loops that process inbound mail; empty when none is received."""
        return [] if self._mailroom is None else [*self._mailroom.processing.loops]

    @property
    def mail_addresses(self) -> dict[str, str]:
        """The addresses of the mail listeners by name; empty when no mail is received."""
        return {} if self._mailroom is None else self._mailroom.listeners.addresses

    def renew_certificate(self) -> float | None:
        """Use a renewed certificate for inbound mail. Returns when the one in use expires (UTC seconds), or None."""
        return None if self._mailroom is None else self._mailroom.listeners.renew_certificate()

    async def open(self) -> None:
        """Listen on every address. Raises Unavailable or BadConfiguration when one cannot be used."""
        if self._held:
            raise Unavailable(self._held[0])
        await self.web.start()
        if self._mailroom is not None:
            await self._mailroom.listeners.start()
        try:
            await self._control.start()
        except OSError as problem:
            raise Unavailable(f"cannot open the control socket: {problem.strerror or problem}") from None

    def reload(self, settings: Settings) -> None:
        """Apply new limits and a new certificate for inbound mail; raises BadConfiguration and then changes nothing."""
        if self._mailroom is not None and settings.smtp is not None:
            self._mailroom.listeners.reload(settings.smtp)

    async def close(self, verbs_seconds: float) -> None:
        """Close every listener; running verbs get `verbs_seconds` to finish."""
        closing = [self._control.close(verbs_seconds), self.web.stop(STOP_SECONDS)]
        if self._mailroom is not None:
            closing.append(self._mailroom.close())
        await asyncio.gather(*closing)


def _group_socket(settings: Settings) -> GroupSocket | None:
    """The socket for members of the group of data_dir, if they may have one."""
    if not settings.control.group:
        return None
    return GroupSocket(path=settings.control.socket, gid=settings.data_dir.stat().st_gid)


def _places_held(settings: Settings, sockets: Mapping[str, socket.socket]) -> list[str]:
    """Errors, with the remedy, for addresses that systemd listens on although the configuration says that we do.

    Opening a port would fail as "in use". Opening a Unix socket would replace its file, and systemd would keep
    listening on the deleted one, even after the configuration was corrected.
    """
    endpoints: dict[str, Endpoint | None] = {"http": settings.http.listen, "admin": settings.admin.listen}
    if settings.smtp is not None:
        endpoints |= {"smtp": settings.smtp.listen, "lmtp": settings.smtp.lmtp}
    keys = {"http": "[http] listen", "admin": "[admin] listen", "smtp": "[smtp] listen", "lmtp": "[smtp] lmtp"}
    return [
        f'{keys[name]} = "{endpoint}": systemd already listens there, by pressrun-{name}.socket. Write "systemd" '
        f"instead, or run `systemctl disable --now pressrun-{name}.socket`"
        for name, endpoint in endpoints.items()
        if name in sockets and endpoint is not None and _place(sockets[name]) == str(endpoint)
    ]


def _place(held: socket.socket) -> str:
    name = held.getsockname()
    return f"unix:{name}" if held.family == socket.AF_UNIX else str(TcpEndpoint(str(name[0]), int(name[1])))
