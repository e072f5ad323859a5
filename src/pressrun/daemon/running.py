"""What a running daemon consists of, and how its parts are put together."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from msgspec import Struct

from pressrun import __version__
from pressrun.config.settings import Settings
from pressrun.core.bounces.classes import FAILURES
from pressrun.core.current import Holder
from pressrun.daemon.health.doctor_rounds import DoctorRounds
from pressrun.daemon.health.event_loop_lag import EventLoopLag
from pressrun.daemon.health.measurements import Measurements
from pressrun.daemon.health.metrics_page import MetricsPage
from pressrun.daemon.health.watchdog import Watchdog
from pressrun.daemon.offline import OpenedData
from pressrun.daemon.service_stop import ServiceStop
from pressrun.daemon.wiring.assembly import (
    build_alert_mail,
    build_alert_watch,
    build_bounce_handler,
    build_dispatcher,
    build_storage_watch,
    build_workers,
)
from pressrun.daemon.wiring.listeners import DaemonListeners
from pressrun.daemon.wiring.own_works import doctor_works
from pressrun.daemon.wiring.services import Hooks, Services, build_services
from pressrun.daemon.wiring.web_app import DeferredApps, WebServers, build_web_apps
from pressrun.delivery.queue.dispatcher import Dispatcher
from pressrun.delivery.worker.workers import Workers
from pressrun.observe.metrics import Metrics
from pressrun.runtime import systemd
from pressrun.runtime.clock import utc_now
from pressrun.services.background import BackgroundLoop
from pressrun.services.bounces.bounce_handler import BounceHandler
from pressrun.services.incoming.mail_processing import KINDS
from pressrun.services.upkeep.alert_watch import AlertReports, AlertWatch
from pressrun.services.upkeep.readiness import Readiness
from pressrun.services.upkeep.relay_watch import RelayWatch
from pressrun.services.upkeep.storage_watch import StorageWatch
from pressrun.smtp.handover import Outcome
from pressrun.store.queue.journal import Journal
from pressrun.store.upkeep.last_backup import last_backup_at
from pressrun.web.http.clients import ArrivedRequests

if TYPE_CHECKING:
    from pressrun.web.editors.demo import DemoMailbox


class Machine(Struct, frozen=True, kw_only=True):
    """What the service manager gave this process: where it hears of us, sockets by name, and its watchdog."""

    notifier: systemd.Notifier
    sockets: Mapping[str, socket.socket]
    watchdog_seconds: float | None

    @classmethod
    def read(cls, sockets: Mapping[str, socket.socket]) -> Self:
        """Take it from the environment, where child processes must not find it; `sockets` go before others."""
        environ, process = os.environ, os.getpid()
        machine = cls(
            notifier=systemd.Notifier(environ),
            sockets={**systemd.listen_sockets(environ, process), **sockets},
            watchdog_seconds=systemd.watchdog_seconds(environ, process),
        )
        systemd.forget_environment(environ)
        return machine


class Sending(Struct, frozen=True, kw_only=True):
    """The dispatcher, the workers that it gives mail to, and who hears of the results."""

    metrics: Metrics
    bounce_handler: BounceHandler
    dispatcher: Dispatcher
    workers: Workers


class Running(Struct, frozen=True, kw_only=True):
    """The parts of a running daemon; `current` is the one place that a reload changes."""

    current: Holder[Settings]
    services: Services
    dispatcher: Dispatcher
    workers: Workers
    notifier: systemd.Notifier
    apps: DeferredApps
    listeners: DaemonListeners
    watchdog: Watchdog
    page: MetricsPage
    relay_watch: RelayWatch
    storage_watch: StorageWatch
    alert_watch: AlertWatch
    doctor_rounds: DoctorRounds

    def loops_ended_first(self) -> list[BackgroundLoop]:
        """The loops for what comes in, and for what is due by the clock."""
        measuring = [self.page.measurements, self.page.lag, self.doctor_rounds]
        alerting = [self.relay_watch, self.storage_watch, self.alert_watch]
        services = self.services
        return [*services.by_the_clock, *measuring, *alerting, *services.asked, *self.listeners.loops]

    def loops_ended_last(self) -> list[BackgroundLoop]:
        """The loops that are needed, beside the dispatcher, until all that is in flight is recorded."""
        return [self.watchdog, *self.workers.loops]

    def loops(self) -> list[BackgroundLoop]:
        return [self.dispatcher, *self.loops_ended_last(), *self.loops_ended_first()]


async def build_sending(
    current: Holder[Settings], data: OpenedData, stop: ServiceStop, journal: Journal | None
) -> Sending:
    """Recover what a dead process had in flight, and wire what sends mail."""
    settings, keys = current.value, data.keys
    metrics = Metrics(__version__, outcomes=Outcome, kinds=KINDS, classes=FAILURES)
    bounce_handler = build_bounce_handler(current, keys)
    dispatcher = await build_dispatcher(settings, data.database, keys, stop, journal, bounce_handler, metrics)
    workers = build_workers(settings, keys, dispatcher.broker, journal)
    return Sending(metrics=metrics, bounce_handler=bounce_handler, dispatcher=dispatcher, workers=workers)


def build_running(
    current: Holder[Settings],
    data: OpenedData,
    stop: ServiceStop,
    sending: Sending,
    machine: Machine,
    mailbox: DemoMailbox | None,
) -> Running:
    """Wire all the rest; nothing listens or runs yet. `mailbox` is that of the demo."""
    settings, database, metrics = current.value, data.database, sending.metrics
    dispatcher, workers, sockets = sending.dispatcher, sending.workers, machine.sockets
    wake, unpause = dispatcher.wake, dispatcher.unpause
    hooks = Hooks(wake=wake, unpause=unpause, on_new_key=workers.adopt, sign_ups=metrics, bounces=metrics)
    services = build_services(current, database, data.keys, sending.bounce_handler, hooks)
    loops: list[BackgroundLoop] = []  # filled once all of them exist
    reports, arrived = AlertReports(), ArrivedRequests()
    page = _build_metrics_page(current, data, stop, sending, loops, reports)
    apps = DeferredApps(lambda: build_web_apps(current, services, page, mailbox, arrived))
    running = Running(
        current=current,
        services=services,
        dispatcher=dispatcher,
        workers=workers,
        notifier=machine.notifier,
        apps=apps,
        listeners=DaemonListeners(settings, services, metrics, WebServers(apps, settings, sockets), sockets),
        watchdog=Watchdog(dispatcher, machine.notifier, machine.watchdog_seconds, loops),
        page=page,
        relay_watch=RelayWatch(services.context, workers),
        storage_watch=build_storage_watch(services.context, settings.data, metrics, reports),
        alert_watch=build_alert_watch(current, services.context, page.readiness, reports, metrics),
        doctor_rounds=DoctorRounds(current, utc_now, metrics.show_findings, build_alert_mail(services.context)),
    )
    services.door.bind({"relay.statuses": running.relay_watch.statuses})
    services.door.bind(doctor_works(arrived.describe, lambda: running.listeners.mail_addresses))
    loops += [data.session, *running.loops()]
    return running


def _build_metrics_page(
    current: Holder[Settings],
    data: OpenedData,
    stop: ServiceStop,
    sending: Sending,
    loops: Sequence[BackgroundLoop],
    reports: AlertReports,
) -> MetricsPage:
    place, database, metrics = current.value.data, data.database, sending.metrics
    readiness = Readiness(
        database=database,
        progress=sending.dispatcher,
        relays=sending.workers,
        loops=loops,
        clock=utc_now,
        holds_database=data.session.may_hand_out,
    )
    return MetricsPage(
        metrics=metrics,
        database=database,
        relays=sending.workers,
        readiness=readiness,
        measurements=Measurements(place, current.part(_certificate_in_use), database, metrics, reports),
        lag=EventLoopLag(),
        may_send=stop.may_hand_out,
        lease_seconds_left=data.session.lease_seconds_left,
        last_backup_at=partial(last_backup_at, place),
    )


def _certificate_in_use(settings: Settings) -> Path | None:
    return None if settings.smtp is None else settings.smtp.certificate_file
