"""Builds a daemon from its configuration and data. Nothing of it listens or runs yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pressrun import __version__
from pressrun.config.settings import Settings
from pressrun.core.bounces.classes import FAILURES
from pressrun.core.current import Holder
from pressrun.daemon.offline import OpenedData
from pressrun.daemon.running import Running
from pressrun.daemon.service_stop import ServiceStop
from pressrun.daemon.watches import Observed, build_watches
from pressrun.daemon.wiring.assembly import build_dispatcher, build_workers
from pressrun.daemon.wiring.listeners import DaemonListeners
from pressrun.daemon.wiring.own_works import doctor_works, move_works
from pressrun.daemon.wiring.services import build_context, build_services
from pressrun.daemon.wiring.web_app import DeferredApps, WebServers, build_web_apps
from pressrun.observe.metrics import Metrics
from pressrun.runtime.systemd import ServiceManager
from pressrun.services.background import Signal
from pressrun.services.bounces.bounce_handler import BounceHandler
from pressrun.services.incoming.mail_processing import KINDS
from pressrun.services.upkeep.move_source import MoveSource
from pressrun.smtp.handover import Outcome
from pressrun.store.queue.journal import Journal
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
    settings, wake, arrived = current.value, Signal(), ArrivedRequests()
    metrics = Metrics(__version__, outcomes=Outcome, kinds=KINDS, classes=FAILURES)
    context = build_context(current, stop.database, data.keys, wake)
    bounce_handler = BounceHandler(context)
    dispatcher = await build_dispatcher(settings, context, stop, journal, bounce_handler, metrics)
    workers = build_workers(settings, data.keys, dispatcher.broker, journal)
    wake.connect(dispatcher.wake)
    dispatcher.connect(workers)
    services = build_services(
        current, context, bounce_handler, unpause=dispatcher.unpause, on_new_key=workers.adopt, observer=metrics
    )
    apps = DeferredApps(lambda: build_web_apps(current, services, watches.page, mailbox, arrived))
    servers = WebServers(apps, settings, manager.sockets, metrics.count_refusal)
    listeners = DaemonListeners(settings, services, metrics, servers, manager.sockets)
    observed = Observed(
        context=context,
        session=data.session,
        stop=stop,
        dispatcher=dispatcher,
        workers=workers,
        metrics=metrics,
        renew_certificate=listeners.renew_certificate,
        loops=lambda: [data.session, *running.loops()],
    )
    watches = build_watches(current, observed, manager)
    running = Running(
        current=current,
        services=services,
        dispatcher=dispatcher,
        workers=workers,
        notifier=manager.notifier,
        apps=apps,
        listeners=listeners,
        watches=watches,
    )
    services.door.bind(
        {
            "relay.statuses": watches.relay_watch.statuses,
            **doctor_works(arrived.describe, lambda: listeners.mail_addresses),
            **move_works(MoveSource(data.database, data.session.session, stop)),
        }
    )
    return running
