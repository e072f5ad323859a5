"""What a running daemon consists of."""

from __future__ import annotations

from dataclasses import dataclass

from pressrun.config.settings import Settings
from pressrun.daemon.doors import Doors
from pressrun.daemon.pulse import Pulse
from pressrun.daemon.services import Services
from pressrun.delivery.queue.dispatcher import Dispatcher
from pressrun.delivery.worker.workers import Workers
from pressrun.observe.metrics import Metrics
from pressrun.runtime import systemd
from pressrun.services.background import BackgroundLoop
from pressrun.services.operating.relay_watch import RelayWatch


@dataclass(slots=True, kw_only=True)
class Running:
    """The parts of a daemon that runs."""

    settings: Settings
    services: Services
    dispatcher: Dispatcher
    workers: Workers
    notifier: systemd.Notifier
    doors: Doors
    pulse: Pulse
    metrics: Metrics
    relay_watch: RelayWatch

    def loops_that_take(self) -> list[BackgroundLoop]:
        """What deals with what comes in, and with what time brings: ended first."""
        services = self.services
        return [services.operating.housekeeping, self.relay_watch, services.readers.web_requests, *self.doors.loops]

    def loops_that_drain(self) -> list[BackgroundLoop]:
        """What is needed until all that is in flight is recorded, beside the dispatcher."""
        return [self.pulse, *self.workers.loops]

    def loops(self) -> list[BackgroundLoop]:
        """All that goes on in the background."""
        return [self.dispatcher, *self.loops_that_drain(), *self.loops_that_take()]
