"""The services over one database, each given what it needs and no more."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass

from pressrun.config.settings import Settings
from pressrun.control.server import VerbHandler
from pressrun.control.verbs import build_verbs
from pressrun.core.keys import KeyRing
from pressrun.observe.metrics import Metrics
from pressrun.services.administering import Administering
from pressrun.services.archiving import Archiving
from pressrun.services.composing import CopyComposer
from pressrun.services.dispatching import Dispatcher
from pressrun.services.editing import Editing
from pressrun.services.enrolling import Enrolling
from pressrun.services.housekeeping import Housekeeping
from pressrun.services.notifying import NoticeComposer
from pressrun.services.pacing import Pacer
from pressrun.services.ports import Waker
from pressrun.services.preferring import Preferring
from pressrun.services.receiving import Reader, Receiving
from pressrun.services.recovering import recover
from pressrun.services.signing import build_signer
from pressrun.services.subscribing import Subscribing
from pressrun.services.suppressing import Suppressing
from pressrun.store import datadir
from pressrun.store.database import Database
from pressrun.store.datadir import DataDir


@dataclass(slots=True, kw_only=True)
class Services:
    """All use cases over one open database."""

    database: Database
    keys: KeyRing
    subscribing: Subscribing
    preferring: Preferring
    archiving: Archiving
    administering: Administering
    enrolling: Enrolling
    suppressing: Suppressing
    editing: Editing
    housekeeping: Housekeeping
    verbs: dict[str, VerbHandler]
    wake: Waker


def build_services(settings: Settings, database: Database, keys: KeyRing, wake: Waker) -> Services:
    """Wire the use cases; `wake` tells the dispatcher, where there is one."""
    data = DataDir(settings.data_dir)
    clock, entropy = time.time, os.urandom

    async def rotate() -> int:
        later = await asyncio.to_thread(datadir.rotate_link_key, data)
        keys.adopt(later)
        return keys.newest

    administering = Administering(database=database, site=settings.site, clock=clock, wake=wake)
    enrolling = Enrolling(database=database, keys=keys, tokens=settings.tokens, clock=clock, entropy=entropy, wake=wake)
    suppressing = Suppressing(database=database, keys=keys, clock=clock, wake=wake)
    editing = Editing(database=database, site=settings.site, keys=keys, clock=clock, entropy=entropy, wake=wake)
    return Services(
        database=database,
        keys=keys,
        subscribing=Subscribing(
            database=database,
            keys=keys,
            limits=settings.limits,
            tokens=settings.tokens,
            clock=clock,
            entropy=entropy,
            wake=wake,
        ),
        preferring=Preferring(
            database=database,
            keys=keys,
            limits=settings.limits,
            tokens=settings.tokens,
            clock=clock,
            entropy=entropy,
            wake=wake,
        ),
        archiving=Archiving(database=database),
        administering=administering,
        enrolling=enrolling,
        suppressing=suppressing,
        editing=editing,
        wake=wake,
        housekeeping=Housekeeping(database=database, limits=settings.limits, clock=clock),
        verbs=build_verbs(
            administering=administering,
            enrolling=enrolling,
            suppressing=suppressing,
            editing=editing,
            rotate=rotate,
        ),
    )


async def build_dispatcher(settings: Settings, database: Database, keys: KeyRing, metrics: Metrics) -> Dispatcher:
    """Recover what a dead process held, and wire the queue's consumer at the pace where it stood."""
    stored = await recover(database)
    relay_rates = {relay.name: relay.rates for relay in settings.relays}
    return Dispatcher(
        database=database,
        copies=CopyComposer(site=settings.site, keys=keys),
        notices=NoticeComposer(site=settings.site, keys=keys, tokens=settings.tokens),
        pacer=Pacer(settings.delivery.rates, relay_rates, stored),
        settings=settings.delivery,
        clock=time.time,
        on_outcome=lambda outcome: metrics.count_delivery(outcome.value),
        signer=build_signer(settings.dkim, settings.delivery),
    )


def build_receiving(settings: Settings, services: Services, reader: Reader, metrics: Metrics) -> Receiving:
    """Wire what deals with inbound mail."""
    return Receiving(
        database=services.database,
        keys=services.keys,
        site=settings.site,
        subscribing=services.subscribing,
        limits=settings.limits,
        clock=time.time,
        entropy=os.urandom,
        wake=services.wake,
        reader=reader,
        count=metrics.count_inbound,
    )
