"""The services for a verb that writes while no daemon runs: lock, database, services, and all closed again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from pressrun.config.settings import Settings
from pressrun.control.server import VerbHandler
from pressrun.core.current import Holder
from pressrun.core.keys import KeyRing
from pressrun.daemon.assembly import build_bounce_handler
from pressrun.daemon.services import Services, build_services
from pressrun.store.database import Database
from pressrun.store.datadir import DataLock, prepare


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[tuple[Database, KeyRing]]:
    """Lock the data, and bring its schema up to date. Raises TryAgain while another process holds it."""
    data = settings.data
    data.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = DataLock.acquire(data)
    try:
        keys = prepare(data)
        database = await Database.open(data.database)
        try:
            yield database, keys
        finally:
            await database.close()
    finally:
        lock.release()


@asynccontextmanager
async def offline_services(settings: Settings) -> AsyncIterator[Services]:
    """The services while no daemon runs; the next one sends what they queue."""
    async with opened(settings) as (database, keys):
        current = Holder(settings)
        yield build_services(current, database, keys, build_bounce_handler(current, keys))


@asynccontextmanager
async def offline_verbs(settings: Settings) -> AsyncIterator[Mapping[str, VerbHandler]]:
    """The table of verbs that a daemon would serve."""
    async with offline_services(settings) as services:
        yield services.verbs
