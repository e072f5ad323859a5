"""Starting is recovering: what a dead process had claimed goes back to the queue, whether it ended well or not."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from pressrun.observe.log import event
from pressrun.store import deliveries, lanes, paces
from pressrun.store.database import Database

log = logging.getLogger("pressrun.dispatch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """Where the dead process stood: its paces by scope, and its lanes."""

    paces: dict[str, object]
    lanes: dict[str, object]


async def recover(database: Database) -> Recovered:
    """Queue again what nobody holds any more; returns where every pace and lane stood."""
    recovered = await database.write(deliveries.recover)
    if recovered:
        event(log, "dispatch.recovered", copies=recovered)
    return Recovered(paces=await database.read(paces.load_paces), lanes=await database.read(lanes.load_states))
