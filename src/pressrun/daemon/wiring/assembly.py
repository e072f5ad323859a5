"""Wires the parts that send: the dispatcher and the workers."""

from __future__ import annotations

from functools import partial

from pressrun.config.settings import Settings
from pressrun.core.signing.keys import KeyRing
from pressrun.delivery.queue.dispatcher import Dispatcher, DispatchHooks
from pressrun.delivery.queue.jobs import Supply
from pressrun.delivery.queue.recovery import Journaled, recover
from pressrun.delivery.queue.scheduler import RelayTerms, Scheduler
from pressrun.delivery.worker.settings import WorkerSettings
from pressrun.delivery.worker.workers import Workers, count_workers
from pressrun.observe.metrics import Metrics
from pressrun.runtime.clock import utc_now
from pressrun.services.bounces.bounce_handler import BounceHandler
from pressrun.services.context import ServiceContext
from pressrun.services.mails.notices_to_people import queue_pause_notices
from pressrun.services.ports import ClaimOwner
from pressrun.services.suppression import may_be_sent
from pressrun.store.queue.journal import Journal


async def build_dispatcher(
    settings: Settings,
    context: ServiceContext,
    owner: ClaimOwner,
    journal: Journal | None,
    bounce_handler: BounceHandler,
    metrics: Metrics,
) -> Dispatcher:
    """Recover the copies of a dead process, and wire the dispatcher at the pace that it had reached."""
    journaled = dict if journal is None else journal.entries
    oldest = () if journal is None else journal.oldest()
    known = Journaled(entries=journaled(), oldest=oldest)
    recovered = await recover(context.database, owner.session, known, utc_now())
    return Dispatcher(
        database=context.database,
        scheduler=Scheduler(settings.delivery, relay_terms(settings), recovered),
        settings=settings.delivery,
        clock=utc_now,
        owner=owner,
        hooks=DispatchHooks(
            draw_consequences=bounce_handler.draw_consequences,
            may_go=partial(may_be_sent, keys=context.keys),
            on_paused=partial(queue_pause_notices, context=context),
            on_outcome=lambda outcome, number: metrics.count_delivery(outcome.value, number),
            on_bounce=metrics.count_bounce,
        ),
        journaled=journaled,
    )


def relay_terms(settings: Settings) -> dict[str, RelayTerms]:
    """What the queue has to know of each relay."""
    return {relay.name: RelayTerms(relay.rates, relay.weight, relay.connections) for relay in settings.relays}


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
