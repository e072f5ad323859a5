"""Builds a daemon from its configuration and data. Nothing of it listens or runs yet."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

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
from pressrun.daemon.running import Running
from pressrun.daemon.service_stop import ServiceStop
from pressrun.daemon.wiring.assembly import (
    build_alert_mail,
    build_alert_watch,
    build_dispatcher,
    build_storage_watch,
    build_workers,
)
from pressrun.daemon.wiring.listeners import DaemonListeners
from pressrun.daemon.wiring.own_works import doctor_works, move_works
from pressrun.daemon.wiring.services import Hooks, build_context, build_services
from pressrun.daemon.wiring.web_app import DeferredApps, WebServers, build_web_apps
from pressrun.delivery.queue.dispatcher import Dispatcher
from pressrun.delivery.worker.workers import Workers
from pressrun.observe.metrics import Metrics
from pressrun.runtime.clock import utc_now
from pressrun.runtime.systemd import ServiceManager
from pressrun.services.background import BackgroundLoop, Signal
from pressrun.services.bounces.bounce_handler import BounceHandler
from pressrun.services.incoming.mail_processing import KINDS
from pressrun.services.upkeep.alert_watch import AlertReports
from pressrun.services.upkeep.move_source import MoveSource
from pressrun.services.upkeep.readiness import Readiness
from pressrun.services.upkeep.relay_watch import RelayWatch
from pressrun.smtp.handover import Outcome
from pressrun.store.queue.journal import Journal
from pressrun.store.upkeep.last_backup import last_backup_at
from pressrun.web.http.clients import ArrivedRequests

if TYPE_CHECKING:
    from pressrun.web.editors.demo import DemoMailbox


async def build_running(
    current: Holder[Settings],
    data: OpenedData,
    stop: ServiceStop,
    journal: Journal | None,
    manager: ServiceManager,
    mailbox: DemoMailbox | None,
) -> Running:
    """Recover what a dead process had in flight, and wire everything. `mailbox` is the demo's, None otherwise."""
    settings, database, keys = current.value, stop.database, data.keys
    metrics = Metrics(__version__, outcomes=Outcome, kinds=KINDS, classes=FAILURES)
    wake = Signal()
    context = build_context(current, database, keys, wake)
    bounce_handler = BounceHandler(context)
    dispatcher = await build_dispatcher(settings, context, stop, journal, bounce_handler, metrics)
    wake.connect(dispatcher.wake)
    workers = build_workers(settings, keys, dispatcher.broker, journal)
    dispatcher.connect(workers)
    services = build_services(current, context, bounce_handler, _hooks(dispatcher, workers, metrics))
    loops: list[BackgroundLoop] = []  # filled once all of them exist
    reports, arrived = AlertReports(), ArrivedRequests()
    readiness = Readiness(
        database=database,
        progress=dispatcher,
        relays=workers,
        loops=loops,
        clock=utc_now,
        holds_database=data.session.may_hand_out,
    )
    apps = DeferredApps(lambda: build_web_apps(current, services, page, mailbox, arrived))
    listeners = DaemonListeners(
        settings, services, metrics, WebServers(apps, settings, manager.sockets), manager.sockets
    )
    measurements = Measurements(
        settings.data, listeners.renew_certificate, database, metrics, reports, current.part(_operator)
    )
    page = MetricsPage(
        metrics=metrics,
        database=database,
        relays=workers,
        readiness=readiness,
        measurements=measurements,
        lag=EventLoopLag(),
        may_send=stop.may_hand_out,
        lease_seconds_left=data.session.lease_seconds_left,
        last_backup_at=partial(last_backup_at, settings.data),
    )
    running = Running(
        current=current,
        services=services,
        dispatcher=dispatcher,
        workers=workers,
        notifier=manager.notifier,
        apps=apps,
        listeners=listeners,
        watchdog=Watchdog(dispatcher, manager.notifier, manager.watchdog_seconds, loops),
        page=page,
        relay_watch=RelayWatch(context, workers),
        storage_watch=build_storage_watch(context, settings.data, metrics, reports),
        alert_watch=build_alert_watch(current, context, readiness, reports, metrics),
        doctor_rounds=DoctorRounds(current, utc_now, metrics.show_findings, build_alert_mail(context)),
    )
    loops += [data.session, dispatcher, *running.loops_ended_last(), *running.loops_ended_first()]
    services.door.bind(
        {
            "relay.statuses": running.relay_watch.statuses,
            **doctor_works(arrived.describe, lambda: listeners.mail_addresses),
            **move_works(MoveSource(data.database, data.session.session, stop)),
        }
    )
    return running


def _hooks(dispatcher: Dispatcher, workers: Workers, metrics: Metrics) -> Hooks:
    return Hooks(
        unpause=dispatcher.unpause,
        on_new_key=workers.adopt,
        sign_ups=metrics,
        bounces=metrics,
    )


def _operator(settings: Settings) -> str | None:
    return settings.site.operator
