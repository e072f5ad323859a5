"""Starting is recovering: what a dead process had claimed goes back to the queue, whether it ended well or not."""

from __future__ import annotations

import logging

from pressrun.observe.log import event
from pressrun.store import deliveries, paces
from pressrun.store.database import Database

log = logging.getLogger("pressrun.dispatch")


async def recover(database: Database) -> dict[str, object]:
    """Queue again what nobody holds any more; returns the stored state of each pace."""
    recovered = await database.write(deliveries.recover)
    if recovered:
        event(log, "dispatch.recovered", copies=recovered)
    return await database.read(paces.load_paces)
