"""All that the daemon listens with: the web server, the control socket, and the listeners for mail."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping

from pressrun.config.settings import Settings
from pressrun.control.server import ControlServer
from pressrun.core.busy_share import BusyShare
from pressrun.core.endpoint import Endpoint, TcpEndpoint
from pressrun.core.errors import Unavailable
from pressrun.core.mail_queues import MailQueue
from pressrun.daemon.assembly import build_acceptance, build_mailed_editions, build_processing
from pressrun.daemon.services import Services
from pressrun.inbound.listeners import Listeners
from pressrun.observe.metrics import Metrics
from pressrun.sandbox.mail_reader import LIMITS_OF_READERS, MailReader, ReaderLimits
from pressrun.services.background import BackgroundLoop
from pressrun.store.datadir import DataDir
from pressrun.web.http.server import WebServer

STOP_SECONDS = 2.0  # for requests and mails that are half way in when the daemon stops


class Mailroom:
    """Inbound mail: the listeners, what deals with it, and the helper processes that read it, one for each queue."""

    def __init__(
        self, settings: Settings, services: Services, metrics: Metrics, sockets: Mapping[str, socket.socket]
    ) -> None:
        assert settings.smtp is not None
        limits = ReaderLimits()
        share = services.settings.part(lambda every: every.limits.strangers_share)
        self._readers = {
            MailQueue.READERS: MailReader(LIMITS_OF_READERS),
            MailQueue.BOUNCES: MailReader(limits),
            MailQueue.STRANGERS: MailReader(limits, BusyShare(share, limits.wall_seconds)),
        }
        posting = build_mailed_editions(settings, services, self._readers[MailQueue.STRANGERS])
        self.processing = build_processing(settings, services, self._readers, posting, metrics)
        services.mail_accepted.connect(self.processing.accepted)
        receiving = build_acceptance(settings, services, self.processing, metrics)
        self.listeners = Listeners(settings.smtp, receiving, sockets)

    def reload(self, settings: Settings) -> None:
        """New limits and a new certificate; raises BadConfiguration, and then nothing has changed."""
        if settings.smtp is not None:
            self.listeners.reload(settings.smtp)

    async def close(self) -> None:
        """Take no more mail; what was accepted and not dealt with is on record."""
        await self.listeners.stop(STOP_SECONDS)
        await asyncio.gather(*(reader.close() for reader in self._readers.values()))


class DaemonListeners:
    """Opened together at the start, closed together at the end."""

    def __init__(
        self,
        settings: Settings,
        services: Services,
        metrics: Metrics,
        web: WebServer,
        sockets: Mapping[str, socket.socket],
    ) -> None:
        self.web = web
        self._held = _places_held(settings, sockets)
        self._control = ControlServer(DataDir(settings.data_dir).control_socket, services.verbs)
        self._mailroom = None if settings.smtp is None else Mailroom(settings, services, metrics, sockets)

    @property
    def loops(self) -> list[BackgroundLoop]:
        """What deals with inbound mail; empty when none is received."""
        return [] if self._mailroom is None else [*self._mailroom.processing.loops]

    @property
    def mail_addresses(self) -> dict[str, str]:
        """Where mail is taken, by listener; empty when none is."""
        return {} if self._mailroom is None else self._mailroom.listeners.addresses

    async def open(self) -> None:
        """Raises Unavailable or BadConfiguration when a place cannot be had."""
        if self._held:
            raise Unavailable(self._held[0])
        try:
            await self.web.start()
            if self._mailroom is not None:
                await self._mailroom.listeners.start()
            await self._control.start()
        except OSError as problem:
            raise Unavailable(f"cannot listen on a configured address: {problem.strerror or problem}") from None

    def reload(self, settings: Settings) -> None:
        """New limits and a new certificate for inbound mail; raises BadConfiguration, and then nothing has changed."""
        if self._mailroom is not None:
            self._mailroom.reload(settings)

    async def close(self, verbs_seconds: float) -> None:
        """Let nobody in any more; verbs that run get `verbs_seconds` to end."""
        closing = [self._control.close(verbs_seconds), self.web.stop(STOP_SECONDS)]
        if self._mailroom is not None:
            closing.append(self._mailroom.close())
        await asyncio.gather(*closing)


def _places_held(settings: Settings, sockets: Mapping[str, socket.socket]) -> list[str]:
    """Where systemd holds the very place that the configuration would have us open ourselves, and what to do.

    A port would be found in use. The file of a Unix socket would be replaced, and systemd would go on listening at a
    file that is gone, also after the configuration has been put right.
    """
    endpoints: dict[str, Endpoint | None] = {"http": settings.http.listen}
    if settings.smtp is not None:
        endpoints |= {"smtp": settings.smtp.listen, "lmtp": settings.smtp.lmtp}
    keys = {"http": "[http] listen", "smtp": "[smtp] listen", "lmtp": "[smtp] lmtp"}
    return [
        f'{keys[name]} = "{endpoint}": systemd listens there already, by pressrun-{name}.socket: write "systemd" '
        f"instead, or `systemctl disable --now pressrun-{name}.socket`"
        for name, endpoint in endpoints.items()
        if name in sockets and endpoint is not None and _place(sockets[name]) == str(endpoint)
    ]


def _place(held: socket.socket) -> str:
    name = held.getsockname()
    return f"unix:{name}" if held.family == socket.AF_UNIX else str(TcpEndpoint(str(name[0]), int(name[1])))
