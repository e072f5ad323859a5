"""The services for a verb that writes while no daemon runs: lock, open the database, wire, and close all of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext

from msgspec import Struct

from pressrun.config.settings import Settings
from pressrun.core.current import Holder
from pressrun.core.signing.keys import KeyRing
from pressrun.core.upkeep.disk_room import why_nearly_full
from pressrun.daemon.session_keeper import SessionKeeper, describe_process
from pressrun.daemon.wiring.own_works import move_works
from pressrun.daemon.wiring.services import Services, build_context, build_services
from pressrun.runtime.clock import utc_now
from pressrun.services.background import Signal
from pressrun.services.bounces.bounce_handler import BounceHandler
from pressrun.services.upkeep.move_source import MoveSource
from pressrun.services.upkeep.set_back import OnHeld, follow_chains, log_held
from pressrun.services.upkeep.storage_watch import room_limits
from pressrun.store.database import Database
from pressrun.store.location import check_version
from pressrun.store.upkeep.data_lock import DataLock
from pressrun.store.upkeep.datadir import make_root
from pressrun.store.upkeep.disk_usage import measure_room
from pressrun.store.upkeep.left_database import finish_setting_aside
from pressrun.store.upkeep.preparing import DuringUpgrade, prepare
from pressrun.store.upkeep.sessions import Process


class OpenedData(Struct, frozen=True, kw_only=True):
    """A database that is ours for now, its keys, and the session that says so."""

    database: Database
    keys: KeyRing
    session: SessionKeeper


@asynccontextmanager
async def opened(
    settings: Settings, on_held: OnHeld = log_held, during_upgrade: DuringUpgrade = nullcontext
) -> AsyncIterator[OpenedData]:
    """Lock the data, bring its schema up to date, begin a session, and hold back what a set-back database asks for.

    `during_upgrade` is entered while the schema is migrated. Raises TryAgain while another process holds the data.
    """
    data = settings.data
    make_root(data)
    with DataLock.acquire(data):
        keys = prepare(data, during_upgrade)
        database = await Database.open(data.database)
        try:
            limits = room_limits(settings.for_services())
            database.growth.set_reason(why_nearly_full(measure_room(data), limits, is_left=False))
            async with _session(database, describe_process(settings, keys)) as session:
                check_version(data.database)  # a move may have ended between the first look and our session
                finish_setting_aside(data)
                await follow_chains(database, data, int(utc_now()), on_held)
                yield OpenedData(database=database, keys=keys, session=session)
        finally:
            await database.close()


@asynccontextmanager
async def _session(database: Database, process: Process) -> AsyncIterator[SessionKeeper]:
    """Begin a session, renew it in the background, and end it."""
    keeper = await SessionKeeper.begin(database, process, is_alone=database.location.is_exclusive)
    renewing = asyncio.create_task(keeper.run(), name=keeper.name)
    try:
        yield keeper
    finally:
        renewing.cancel()
        await keeper.close()


@asynccontextmanager
async def offline_services(settings: Settings, on_held: OnHeld = log_held) -> AsyncIterator[Services]:
    """The services while no daemon runs; the next one sends what they queue."""
    async with opened(settings, on_held) as data:
        current = Holder(settings)
        context = build_context(current, data.database, data.keys, wake=Signal())
        services = build_services(current, context, BounceHandler(context))
        services.door.bind(move_works(MoveSource(data.database, data.session.session, _AlwaysStopped())))
        try:
            yield services
        finally:
            await services.maker.close()


class _AlwaysStopped:
    """The service while no daemon runs, as services.ports.StoppableService promises."""

    def follow(self, on_abandoned: Callable[[], Awaitable[None]], /) -> None:
        """The command is this process."""

    async def stop(self, on_abandoned: Callable[[], Awaitable[None]], /) -> None:
        """Nobody uses the database while this process holds it."""

    def keep_stopped(self) -> None:
        """Nothing to do: it is stopped."""

    def resume(self) -> None:
        """Nothing to do: there is no service to resume."""

    def end(self, place: str, /) -> None:
        """The process ends by itself."""
