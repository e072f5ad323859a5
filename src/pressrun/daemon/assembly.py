"""Wires the dispatcher, the workers and the handling of inbound mail, over the services."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from functools import partial

from pressrun.config.settings import Settings
from pressrun.core.current import Current
from pressrun.core.keys import KeyRing
from pressrun.core.mail_queues import MailQueue
from pressrun.core.providers import Lanes
from pressrun.daemon.services import Services
from pressrun.delivery.queue.dispatcher import Dispatcher
from pressrun.delivery.queue.jobs import Supply
from pressrun.delivery.queue.pacing import Pacer
from pressrun.delivery.queue.recovery import recover
from pressrun.delivery.queue.relay_weights import RelayWeights
from pressrun.delivery.queue.scheduler import Scheduler
from pressrun.delivery.queue.throttle import Throttle
from pressrun.delivery.worker.settings import WorkerSettings
from pressrun.delivery.worker.workers import Workers, count_workers
from pressrun.observe.metrics import Metrics
from pressrun.services.bounces.auto_pause import AutoPause
from pressrun.services.bounces.bounce_handler import BounceHandler
from pressrun.services.incoming.mail_acceptance import MailAcceptance
from pressrun.services.incoming.mail_commands import MailCommands
from pressrun.services.incoming.mail_processing import MailProcessing, Reader
from pressrun.services.incoming.mailed_editions import MailedEditions
from pressrun.services.operating.relay_watch import RelayWatch
from pressrun.services.ports import RelayPool, Waker
from pressrun.services.suppression import may_be_sent
from pressrun.store.database import Database
from pressrun.store.journal import Journal


def build_bounce_handler(settings: Current[Settings], keys: KeyRing) -> BounceHandler:
    """Wire the handler of bounces, for the dispatcher and for inbound mail."""
    site, shared = settings.value.site, settings.part(Settings.for_services)
    return BounceHandler(
        keys=keys,
        site=site,
        settings=shared,
        auto_pause=AutoPause(site=site, settings=shared, entropy=os.urandom),
        clock=time.time,
        entropy=os.urandom,
    )


async def build_dispatcher(
    settings: Settings,
    database: Database,
    keys: KeyRing,
    journal: Journal | None,
    bounce_handler: BounceHandler,
    metrics: Metrics,
) -> Dispatcher:
    """Recover the copies of a dead process, and wire the dispatcher at the pace that it had reached."""
    journaled = () if journal is None else journal.entries().values()
    recovered = await recover(database, journaled, time.time())
    relay_rates = {relay.name: relay.rates for relay in settings.relays}
    return Dispatcher(
        database=database,
        scheduler=Scheduler(
            Pacer(settings.delivery.rates, relay_rates, recovered.paces),
            Throttle(
                Lanes(settings.delivery.domains),
                block_pause_seconds=settings.delivery.block_pause_seconds,
                states=recovered.lanes,
                paces=recovered.paces,
            ),
            RelayWeights({relay.name: relay.weight for relay in settings.relays}),
            {relay.name: relay.connections for relay in settings.relays},
        ),
        settings=settings.delivery,
        clock=time.time,
        on_outcome=lambda outcome, number: metrics.count_delivery(outcome.value, number),
        draw_consequences=bounce_handler.after_settling,
        may_go=partial(may_be_sent, keys=keys),
    )


def build_workers(settings: Settings, keys: KeyRing, supply: Supply, journal: Journal | None) -> Workers:
    """Wire the processes that compose, sign and deliver."""
    return Workers(worker_settings(settings), keys, supply, journal, count=count_workers(settings.delivery.workers))


def worker_settings(settings: Settings) -> WorkerSettings:
    """The part of the configuration that the worker processes need."""
    return WorkerSettings(
        site=settings.site,
        relays=settings.relays,
        delivery=settings.delivery,
        tokens=settings.tokens,
        dkim=settings.dkim,
        log=settings.log,
    )


def build_mailed_editions(settings: Settings, services: Services, reader: Reader) -> MailedEditions:
    """Wire the import of editions by mail."""
    return MailedEditions(
        database=services.database,
        reader=reader,
        keys=services.keys,
        site=settings.site,
        sender_check=services.editions.sender_check,
        layouts=services.editions.layouts,
        settings=services.settings,
        clock=time.time,
        entropy=os.urandom,
    )


def build_processing(
    settings: Settings,
    services: Services,
    readers: Mapping[MailQueue, Reader],
    mailed_editions: MailedEditions,
    metrics: Metrics,
) -> MailProcessing:
    """Wire the processing of accepted mail."""
    clock, entropy = time.time, os.urandom
    return MailProcessing(
        database=services.database,
        readers=readers,
        mail_commands=MailCommands(
            keys=services.keys,
            site=settings.site,
            sign_ups=services.readers.sign_ups,
            unsubscribes=services.readers.unsubscribes,
            settings=services.settings,
            clock=clock,
            entropy=entropy,
        ),
        bounce_handler=services.bounce_handler,
        mailed_editions=mailed_editions,
        clock=clock,
        entropy=entropy,
        wake=services.wake,
        count=metrics.count_inbound,
    )


def build_acceptance(
    settings: Settings, services: Services, processing: MailProcessing, metrics: Metrics
) -> MailAcceptance:
    """Wire the acceptance of mail, which the listeners call."""
    return MailAcceptance(
        database=services.database,
        keys=services.keys,
        site=settings.site,
        settings=services.settings,
        clock=time.time,
        count=metrics.count_inbound,
        accepted=processing.accepted,
    )


def build_relay_watch(settings: Settings, database: Database, relays: RelayPool, wake: Waker) -> RelayWatch:
    """Wire the watch that alerts the operator to failing relays."""
    return RelayWatch(
        database=database, site=settings.site, relays=relays, clock=time.time, entropy=os.urandom, wake=wake
    )
