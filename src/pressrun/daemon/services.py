"""The services over one database, by their rooms, each given what it needs and no more."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pressrun.config.settings import Settings
from pressrun.control.server import VerbHandler
from pressrun.control.verbs import build_verbs
from pressrun.core.keys import KeyRing
from pressrun.daemon.vetting import build_vetting, reload_vetting
from pressrun.sandbox.layouts import OwnLayouts
from pressrun.services.bounces.bounce_handler import BounceHandler
from pressrun.services.editions.approving import Approving
from pressrun.services.editions.archiving import Archiving
from pressrun.services.editions.editing import Editing
from pressrun.services.editions.vetting import Vetting
from pressrun.services.operating.held_sign_ups import HeldSignUps
from pressrun.services.operating.housekeeping import Housekeeping
from pressrun.services.operating.kept_mail import KeptMail
from pressrun.services.operating.list_admin import ListAdmin
from pressrun.services.operating.subscriber_admin import SubscriberAdmin
from pressrun.services.operating.suppression_admin import SuppressionAdmin
from pressrun.services.ports import LayoutPress, Waker
from pressrun.services.readers.address_changes import AddressChanges
from pressrun.services.readers.context import ReaderContext
from pressrun.services.readers.never_again import NeverAgain
from pressrun.services.readers.preferences import Preferences
from pressrun.services.readers.sign_ups import SignUps
from pressrun.services.readers.undo_unsubscribe import UndoUnsubscribe
from pressrun.services.readers.unsubscribes import Unsubscribes
from pressrun.services.readers.web_requests import WebRequests
from pressrun.services.reports.following import Following
from pressrun.store import datadir
from pressrun.store.database import Database
from pressrun.store.datadir import DataDir


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """What readers do."""

    context: ReaderContext
    web_requests: WebRequests
    sign_ups: SignUps
    unsubscribes: Unsubscribes
    never_again: NeverAgain
    preferences: Preferences
    address_changes: AddressChanges
    undo_unsubscribe: UndoUnsubscribe


@dataclass(frozen=True, slots=True, kw_only=True)
class Editions:
    """What editors do, and what is looked up of it."""

    layouts: LayoutPress
    vetting: Vetting
    editing: Editing
    approving: Approving
    following: Following
    archiving: Archiving


@dataclass(frozen=True, slots=True, kw_only=True)
class Operating:
    """What operators and time do."""

    lists: ListAdmin
    subscribers: SubscriberAdmin
    suppressions: SuppressionAdmin
    kept_mail: KeptMail
    held: HeldSignUps
    housekeeping: Housekeeping


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """All use cases over one open database; `verbs` is the table of those that the command line reaches."""

    database: Database
    keys: KeyRing
    wake: Waker
    readers: Readers
    editions: Editions
    operating: Operating
    bounce_handler: BounceHandler
    verbs: dict[str, VerbHandler]


def build_services(
    settings: Settings,
    database: Database,
    keys: KeyRing,
    wake: Waker,
    bounce_handler: BounceHandler,
    on_new_key: Callable[[], None] = lambda: None,
) -> Services:
    """Wire the use cases; `wake` tells the dispatcher, `on_new_key` the press, where there are any."""
    data = DataDir(settings.data_dir)
    readers = _build_readers(settings, database, keys, wake)
    editions = _build_editions(settings, database, keys, wake)
    operating = _build_operating(settings, readers, editions.layouts)
    return Services(
        database=database,
        keys=keys,
        wake=wake,
        readers=readers,
        editions=editions,
        operating=operating,
        bounce_handler=bounce_handler,
        verbs=build_verbs(
            lists=operating.lists,
            subscribers=operating.subscribers,
            suppressions=operating.suppressions,
            editing=editions.editing,
            kept_mail=operating.kept_mail,
            held=operating.held,
            rotate=_rotating(data, keys, on_new_key),
        ),
    )


def _build_readers(settings: Settings, database: Database, keys: KeyRing, wake: Waker) -> Readers:
    clock, entropy = time.time, os.urandom
    context = ReaderContext(
        database=database,
        keys=keys,
        limits=settings.limits,
        tokens=settings.tokens,
        clock=clock,
        entropy=entropy,
        wake=wake,
    )
    sign_ups, preferences, unsubscribes = SignUps(context), Preferences(context), Unsubscribes(context)
    return Readers(
        context=context,
        web_requests=WebRequests(context, sign_ups=sign_ups, preferences=preferences, unsubscribes=unsubscribes),
        sign_ups=sign_ups,
        unsubscribes=unsubscribes,
        never_again=NeverAgain(database=database, clock=clock, entropy=entropy, wake=wake),
        preferences=preferences,
        address_changes=AddressChanges(context),
        undo_unsubscribe=UndoUnsubscribe(database=database, clock=clock, entropy=entropy, wake=wake),
    )


def _build_editions(settings: Settings, database: Database, keys: KeyRing, wake: Waker) -> Editions:
    clock = time.time
    layouts, vetting = OwnLayouts(DataDir(settings.data_dir).layouts), build_vetting(settings)
    return Editions(
        layouts=layouts,
        vetting=vetting,
        editing=Editing(
            database=database,
            site=settings.site,
            keys=keys,
            vetting=vetting,
            layouts=layouts,
            clock=clock,
            entropy=os.urandom,
            wake=wake,
        ),
        approving=Approving(database=database, site=settings.site, keys=keys, clock=clock, wake=wake),
        following=Following(database=database, clock=clock),
        archiving=Archiving(database=database, limits=settings.limits, clock=clock),
    )


def _build_operating(settings: Settings, readers: Readers, layouts: LayoutPress) -> Operating:
    context = readers.context
    database, keys, clock, entropy, wake = context.database, context.keys, context.clock, context.entropy, context.wake
    data = DataDir(settings.data_dir)
    return Operating(
        lists=ListAdmin(
            database=database,
            site=settings.site,
            layouts=layouts,
            relays=frozenset(relay.name for relay in settings.relays),
            clock=clock,
            entropy=entropy,
            wake=wake,
        ),
        subscribers=SubscriberAdmin(
            database=database, keys=keys, tokens=settings.tokens, clock=clock, entropy=entropy, wake=wake
        ),
        suppressions=SuppressionAdmin(database=database, keys=keys, clock=clock, wake=wake),
        kept_mail=KeptMail(database=database, clock=clock),
        held=HeldSignUps(context, readers.sign_ups),
        housekeeping=Housekeeping(
            database=database,
            limits=settings.limits,
            bounces=settings.bounces,
            clock=clock,
            entropy=entropy,
            wake=wake,
            keep_head=lambda head: asyncio.to_thread(datadir.keep_consent_head, data, head),
        ),
    )


def _rotating(data: DataDir, keys: KeyRing, on_new_key: Callable[[], None]) -> Callable[[], Awaitable[int]]:
    async def rotate() -> int:
        later = await asyncio.to_thread(datadir.rotate_link_key, data)
        keys.adopt(later)
        on_new_key()
        return keys.newest

    return rotate


def reload_services(services: Services, settings: Settings) -> None:
    """Give each use case what the new configuration says."""
    readers, editions, operating = services.readers, services.editions, services.operating
    readers.context.limits = operating.housekeeping.limits = editions.archiving.limits = settings.limits
    readers.context.tokens = operating.subscribers.tokens = settings.tokens
    operating.lists.relays = frozenset(relay.name for relay in settings.relays)
    operating.housekeeping.bounces = services.bounce_handler.settings = settings.bounces
    services.bounce_handler.auto_pause.settings = settings.delivery
    reload_vetting(editions.vetting, settings)
