"""Starting is recovering: what a dead process had claimed goes back to the queue, whether it ended well or not.

What is noted in the journal as taken does not: that is recorded as delivered, as the dead process was about to.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass

from pressrun.core.delivery import DeliveryState
from pressrun.observe.log import event
from pressrun.store import deliveries, destinations
from pressrun.store.database import Database
from pressrun.store.deliveries import DeliveryResult
from pressrun.store.journal import JournalEntry
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.dispatch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """Where the dead process stood: its paces by scope, and its lanes."""

    paces: dict[str, object]
    lanes: dict[str, object]


async def recover(database: Database, taken: Collection[JournalEntry], now: float) -> Recovered:
    """Queue again what nobody holds any more and no relay has; returns where every pace and lane stood."""
    delivered, recovered = await database.write(_recover, taken, int(now))
    if recovered or delivered:
        event(log, "dispatch.recovered", copies=recovered, delivered=delivered)
    return Recovered(
        paces=await database.read(destinations.load_paces), lanes=await database.read(destinations.load_states)
    )


def _recover(tx: Transaction, taken: Collection[JournalEntry], now: int) -> tuple[int, int]:
    """How many copies were taken by a relay, and how many go back to the queue."""
    claims = deliveries.claims_of(tx, [one.claim.delivery_id for one in taken])
    delivered = [_settlement(one, now) for one in taken if one.claim in claims]
    deliveries.record_results(tx, delivered, now)
    return len(delivered), deliveries.recover(tx)


def _settlement(taken: JournalEntry, now: int) -> DeliveryResult:
    return DeliveryResult(
        id=taken.claim.delivery_id,
        state=DeliveryState.DELIVERED,
        due_at=now,
        relay=taken.relay,
        code=taken.code,
        enhanced=taken.enhanced or None,
    )
