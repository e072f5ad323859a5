"""What a running daemon consists of."""

from __future__ import annotations

from dataclasses import dataclass

from pressrun.config.settings import Settings
from pressrun.core.current import Holder
from pressrun.daemon.doctor_rounds import DoctorRounds
from pressrun.daemon.listeners import DaemonListeners
from pressrun.daemon.metrics_page import MetricsPage
from pressrun.daemon.services import Services
from pressrun.daemon.watchdog import Watchdog
from pressrun.delivery.queue.dispatcher import Dispatcher
from pressrun.delivery.worker.workers import Workers
from pressrun.runtime import systemd
from pressrun.services.background import BackgroundLoop
from pressrun.services.operating.alert_watch import AlertWatch
from pressrun.services.operating.relay_watch import RelayWatch
from pressrun.services.operating.storage_watch import StorageWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The parts of a running daemon; `current` is the one place that a reload changes."""

    current: Holder[Settings]
    services: Services
    dispatcher: Dispatcher
    workers: Workers
    notifier: systemd.Notifier
    listeners: DaemonListeners
    watchdog: Watchdog
    page: MetricsPage
    relay_watch: RelayWatch
    storage_watch: StorageWatch
    alert_watch: AlertWatch
    doctor_rounds: DoctorRounds

    def loops_ended_first(self) -> list[BackgroundLoop]:
        """The loops for what comes in, and for what is due by the clock."""
        operating, page, log_ins = self.services.operating, self.page, self.services.log_ins
        by_the_clock = [operating.housekeeping, operating.retention, page.measurements, page.lag, self.doctor_rounds]
        alerting = [self.relay_watch, self.storage_watch, self.alert_watch]
        asked = [*operating.job_runners, self.services.readers.web_requests, log_ins.mailed_codes, log_ins.failures]
        return [*by_the_clock, *alerting, *asked, *self.listeners.loops]

    def loops_ended_last(self) -> list[BackgroundLoop]:
        """The loops that are needed, beside the dispatcher, until all that is in flight is recorded."""
        return [self.watchdog, *self.workers.loops]

    def loops(self) -> list[BackgroundLoop]:
        """All background loops."""
        return [self.dispatcher, *self.loops_ended_last(), *self.loops_ended_first()]
