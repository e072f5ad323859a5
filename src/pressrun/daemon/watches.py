"""The watches of a running daemon: they measure it, say whether it is ready, feed the watchdog, and raise alerts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from msgspec import Struct

from pressrun.config.settings import Settings
from pressrun.core.current import Current
from pressrun.core.upkeep.alerts import Cause
from pressrun.core.upkeep.disk_room import DiskLevel
from pressrun.daemon.health.doctor_rounds import DoctorRounds
from pressrun.daemon.health.event_loop_lag import EventLoopLag
from pressrun.daemon.health.measurements import Measurements
from pressrun.daemon.health.metrics_page import MetricsPage
from pressrun.daemon.health.watchdog import Watchdog
from pressrun.daemon.service_stop import ServiceStop
from pressrun.daemon.session_keeper import SessionKeeper
from pressrun.delivery.queue.dispatcher import Dispatcher
from pressrun.delivery.worker.workers import Workers
from pressrun.observe.metrics import Metrics
from pressrun.runtime.clock import utc_now
from pressrun.runtime.program import run_program
from pressrun.runtime.systemd import ServiceManager
from pressrun.services.background import BackgroundLoop
from pressrun.services.bounces.operator_alerts import alert_operator
from pressrun.services.context import ServiceContext
from pressrun.services.upkeep.alert_watch import AlertReports, AlertWatch, AlertWays, MailAlert
from pressrun.services.upkeep.readiness import Obstacle, Readiness
from pressrun.services.upkeep.relay_watch import RelayWatch
from pressrun.services.upkeep.storage_watch import StorageWatch
from pressrun.store.upkeep.alert_history import AlertHistory
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.disk_usage import find_readers, measure_room
from pressrun.store.upkeep.last_backup import last_backup_at


class Observed(Struct, frozen=True, kw_only=True):
    """What the watches look at; `loops` are all loops of the daemon, including those of the watches."""

    context: ServiceContext
    session: SessionKeeper
    stop: ServiceStop
    dispatcher: Dispatcher
    workers: Workers
    metrics: Metrics
    renew_certificate: Callable[[], float | None]
    loops: Callable[[], Sequence[BackgroundLoop]]


class Watches(Struct, frozen=True, kw_only=True):
    """The watches of one daemon."""

    page: MetricsPage
    watchdog: Watchdog
    relay_watch: RelayWatch
    storage_watch: StorageWatch
    alert_watch: AlertWatch
    doctor_rounds: DoctorRounds

    @property
    def loops(self) -> list[BackgroundLoop]:
        """The loops of all watches except the watchdog."""
        measuring = [self.page.measurements, self.page.lag, self.doctor_rounds]
        return [*measuring, self.relay_watch, self.storage_watch, self.alert_watch]


def build_watches(current: Current[Settings], observed: Observed, manager: ServiceManager) -> Watches:
    """Build the watches and connect them."""
    context, session, metrics, data = observed.context, observed.session, observed.metrics, current.value.data
    reports, operator = AlertReports(), current.part(lambda settings: settings.site.operator)
    readiness = Readiness(
        database=context.database,
        progress=observed.dispatcher,
        relays=observed.workers,
        loops=observed.loops,
        clock=utc_now,
        why_not_held=session.why_not_held,
    )
    page = MetricsPage(
        metrics=metrics,
        database=context.database,
        relays=observed.workers,
        readiness=readiness,
        measurements=Measurements(data, observed.renew_certificate, context.database, metrics, reports, operator),
        lag=EventLoopLag(),
        may_send=observed.stop.may_hand_out,
        lease_seconds_left=session.lease_seconds_left,
        last_backup_at=partial(last_backup_at, data),
    )
    return Watches(
        page=page,
        watchdog=Watchdog(observed.dispatcher, manager.notifier, manager.watchdog_seconds, observed.loops),
        relay_watch=RelayWatch(context, observed.workers),
        storage_watch=_storage_watch(context, data, metrics, reports),
        alert_watch=_alert_watch(current, context, readiness, reports, metrics),
        doctor_rounds=DoctorRounds(current, utc_now, metrics.show_findings, _alert_mail(context)),
    )


def _storage_watch(context: ServiceContext, data: DataDir, metrics: Metrics, reports: AlertReports) -> StorageWatch:
    """The watch over the disk of data_dir."""

    def show(level: DiskLevel) -> None:
        metrics.show_disk(level)
        reports.set(Cause.DISK, _DISK_ALERTS.get(level))

    return StorageWatch(
        context, measure=partial(measure_room, data), find_readers=partial(find_readers, data), show=show
    )


_DISK_ALERTS = {
    DiskLevel.LOW: "less than disk_warning is free on the disk of data_dir",
    DiskLevel.NEARLY_FULL: "the disk of data_dir is nearly full, so no edition starts and nothing is imported",
}


def _alert_mail(context: ServiceContext) -> MailAlert:
    """Queues an email to the operator, if one about the cause is due."""

    async def mail(obstacle: Obstacle) -> bool:
        queued = await context.database.record(
            alert_operator,
            obstacle.cause,
            obstacle.text,
            context,
        )
        if queued:
            context.wake()
        return queued

    return mail


def _alert_watch(
    settings: Current[Settings],
    context: ServiceContext,
    readiness: Readiness,
    reports: AlertReports,
    metrics: Metrics,
) -> AlertWatch:
    """The watch that alerts the operator to what keeps email from going out, and to what others report."""
    ways = AlertWays(
        settings=settings.part(lambda every: every.alerts),
        history=AlertHistory(settings.value.data.alert_history),
        run=run_program,
        mail=_alert_mail(context),
        count=metrics.count_alert_run,
    )
    return AlertWatch(readiness=readiness, reports=reports, ways=ways, site=context.site, clock=context.clock)
