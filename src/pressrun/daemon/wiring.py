"""The services over one database, each given what it needs and no more."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from pressrun.config.settings import Settings
from pressrun.control.server import VerbHandler
from pressrun.control.verbs import build_verbs
from pressrun.core.keys import KeyRing
from pressrun.core.providers import Lanes
from pressrun.daemon.vetting import build_vetting
from pressrun.observe.metrics import Metrics
from pressrun.press.local import LocalPress
from pressrun.press.remote import RemotePress
from pressrun.press.settings import PressSettings
from pressrun.services.editions.approving import Approving
from pressrun.services.editions.archiving import Archiving
from pressrun.services.editions.editing import Editing
from pressrun.services.editions.vetting import Vetting
from pressrun.services.incoming.answering import Answering
from pressrun.services.incoming.posting import Posting
from pressrun.services.incoming.processing import Processing, Reader
from pressrun.services.incoming.receiving import Receiving
from pressrun.services.operating.administering import Administering
from pressrun.services.operating.enrolling import Enrolling
from pressrun.services.operating.holding import Holding
from pressrun.services.operating.housekeeping import Housekeeping
from pressrun.services.operating.sorting import Sorting
from pressrun.services.operating.suppressing import Suppressing
from pressrun.services.ports import LayoutPress, Waker
from pressrun.services.queue.dispatching import Dispatcher
from pressrun.services.queue.jobs import Queue
from pressrun.services.queue.pacing import Pacer
from pressrun.services.queue.recovering import recover
from pressrun.services.queue.shares import Shares
from pressrun.services.queue.traffic import Traffic
from pressrun.services.readers.asking import Asking
from pressrun.services.readers.desk import Desk
from pressrun.services.readers.leaving import Leaving
from pressrun.services.readers.preferring import Preferring
from pressrun.services.readers.readdressing import Readdressing
from pressrun.services.readers.refusing import Refusing
from pressrun.services.readers.subscribing import Subscribing
from pressrun.services.readers.undoing import Undoing
from pressrun.services.returns.bouncing import Bouncing
from pressrun.services.returns.braking import Braking
from pressrun.services.settings import PostingSettings
from pressrun.store import datadir
from pressrun.store.database import Database
from pressrun.store.datadir import DataDir
from pressrun.workers.layouts import OwnLayouts


@dataclass(slots=True, kw_only=True)
class Services:
    """All use cases over one open database."""

    database: Database
    keys: KeyRing
    desk: Desk
    asking: Asking
    subscribing: Subscribing
    leaving: Leaving
    refusing: Refusing
    preferring: Preferring
    readdressing: Readdressing
    undoing: Undoing
    archiving: Archiving
    approving: Approving
    administering: Administering
    enrolling: Enrolling
    suppressing: Suppressing
    editing: Editing
    vetting: Vetting
    housekeeping: Housekeeping
    verbs: dict[str, VerbHandler]
    wake: Waker
    bouncing: Bouncing
    sorting: Sorting
    layouts: LayoutPress


def build_bouncing(settings: Settings, keys: KeyRing) -> Bouncing:
    """Wire what draws the consequences of bounces, for the dispatcher and for inbound mail."""
    return Bouncing(
        keys=keys,
        site=settings.site,
        settings=settings.bounces,
        braking=Braking(site=settings.site, settings=settings.delivery, entropy=os.urandom),
        clock=time.time,
        entropy=os.urandom,
    )


def build_services(
    settings: Settings,
    database: Database,
    keys: KeyRing,
    wake: Waker,
    bouncing: Bouncing,
    on_new_key: Callable[[], None] = lambda: None,
) -> Services:
    """Wire the use cases; `wake` tells the dispatcher, `on_new_key` the press, where there are any."""
    data = DataDir(settings.data_dir)
    clock, entropy = time.time, os.urandom

    async def rotate() -> int:
        later = await asyncio.to_thread(datadir.rotate_link_key, data)
        keys.adopt(later)
        on_new_key()
        return keys.newest

    layouts = OwnLayouts(data.layouts)
    administering = Administering(
        database=database,
        site=settings.site,
        layouts=layouts,
        relays=frozenset(relay.name for relay in settings.relays),
        clock=clock,
        wake=wake,
    )
    enrolling = Enrolling(database=database, keys=keys, tokens=settings.tokens, clock=clock, entropy=entropy, wake=wake)
    suppressing = Suppressing(database=database, keys=keys, clock=clock, wake=wake)
    vetting = build_vetting(settings)
    editing = Editing(
        database=database,
        site=settings.site,
        keys=keys,
        vetting=vetting,
        layouts=layouts,
        clock=clock,
        entropy=entropy,
        wake=wake,
    )
    sorting = Sorting(database=database, clock=clock)
    desk = Desk(
        database=database,
        keys=keys,
        limits=settings.limits,
        tokens=settings.tokens,
        clock=clock,
        entropy=entropy,
        wake=wake,
    )
    subscribing, preferring, leaving = Subscribing(desk), Preferring(desk), Leaving(desk)
    return Services(
        database=database,
        keys=keys,
        desk=desk,
        asking=Asking(desk, subscribing=subscribing, preferring=preferring, leaving=leaving),
        leaving=leaving,
        refusing=Refusing(database=database, clock=clock, entropy=entropy, wake=wake),
        subscribing=subscribing,
        preferring=preferring,
        readdressing=Readdressing(desk),
        undoing=Undoing(database=database, clock=clock, entropy=entropy, wake=wake),
        archiving=Archiving(database=database, limits=settings.limits, clock=clock),
        approving=Approving(database=database, site=settings.site, keys=keys, clock=clock, wake=wake),
        administering=administering,
        enrolling=enrolling,
        suppressing=suppressing,
        editing=editing,
        vetting=vetting,
        wake=wake,
        bouncing=bouncing,
        sorting=sorting,
        layouts=layouts,
        housekeeping=Housekeeping(
            database=database,
            limits=settings.limits,
            bounces=settings.bounces,
            clock=clock,
            entropy=entropy,
            wake=wake,
            keep_head=lambda head: asyncio.to_thread(datadir.keep_consent_head, data, head),
        ),
        verbs=build_verbs(
            administering=administering,
            enrolling=enrolling,
            suppressing=suppressing,
            editing=editing,
            sorting=sorting,
            holding=Holding(desk, subscribing),
            rotate=rotate,
        ),
    )


async def build_dispatcher(settings: Settings, database: Database, bouncing: Bouncing, metrics: Metrics) -> Dispatcher:
    """Recover what a dead process held, and wire the queue's consumer at the pace where it stood."""
    recovered = await recover(database)
    relay_rates = {relay.name: relay.rates for relay in settings.relays}
    return Dispatcher(
        database=database,
        pacer=Pacer(settings.delivery.rates, relay_rates, recovered.paces),
        traffic=Traffic(
            Lanes(settings.delivery.domains),
            block_pause_seconds=settings.delivery.block_pause_seconds,
            states=recovered.lanes,
            paces=recovered.paces,
        ),
        shares=Shares({relay.name: relay.weight for relay in settings.relays}),
        settings=settings.delivery,
        clock=time.time,
        on_outcome=lambda outcome: metrics.count_delivery(outcome.value),
        after_settling=bouncing.after_settling,
    )


def build_press(settings: Settings, keys: KeyRing, queue: Queue) -> LocalPress | RemotePress:
    """Wire what makes mails and hands them over, here or in a process of its own."""
    where = settings.delivery.press
    if where == "auto":
        where = "process" if len(os.sched_getaffinity(0)) > 1 else "daemon"
    kind = RemotePress if where == "process" else LocalPress
    return kind(press_settings(settings), keys, queue)


def press_settings(settings: Settings) -> PressSettings:
    """What the press is told of the configuration."""
    return PressSettings(
        site=settings.site,
        relays=settings.relays,
        delivery=settings.delivery,
        tokens=settings.tokens,
        dkim=settings.dkim,
        log=settings.log,
    )


def build_posting(settings: Settings, services: Services, reader: Reader) -> Posting:
    """Wire what takes editions by mail."""
    smtp = settings.smtp
    believed = PostingSettings()
    if smtp is not None:
        believed = PostingSettings(authserv_id=smtp.authserv_id, trusted_relays=smtp.trusted_relays)
    return Posting(
        database=services.database,
        reader=reader,
        keys=services.keys,
        site=settings.site,
        vetting=services.vetting,
        layouts=services.layouts,
        settings=believed,
        limits=settings.limits,
        tokens=settings.tokens,
        clock=time.time,
        entropy=os.urandom,
    )


def build_processing(
    settings: Settings, services: Services, reader: Reader, posting: Posting, metrics: Metrics
) -> Processing:
    """Wire what deals with accepted mail."""
    clock, entropy = time.time, os.urandom
    return Processing(
        database=services.database,
        reader=reader,
        answering=Answering(
            keys=services.keys,
            site=settings.site,
            subscribing=services.subscribing,
            leaving=services.leaving,
            limits=settings.limits,
            clock=clock,
            entropy=entropy,
        ),
        bouncing=services.bouncing,
        posting=posting,
        clock=clock,
        entropy=entropy,
        wake=services.wake,
        count=metrics.count_inbound,
    )


def build_receiving(settings: Settings, services: Services, processing: Processing, metrics: Metrics) -> Receiving:
    """Wire what takes mail in."""
    return Receiving(
        database=services.database,
        keys=services.keys,
        site=settings.site,
        clock=time.time,
        count=metrics.count_inbound,
        accepted=processing.accepted,
    )
