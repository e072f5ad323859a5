"""Every start is a recovery: rows claimed by a session that is gone go back to the queue, however it ended.

Rows that a relay accepted according to the journal are recorded as delivered, as the dead process was about to do. Rows
claimed by a live session are left alone.
"""

from __future__ import annotations

import logging
from collections.abc import Collection

from msgspec import Struct

from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.observe.log import event
from pressrun.store.database import Database
from pressrun.store.queue import deliveries, destinations
from pressrun.store.queue.deliveries import DeliveryResult
from pressrun.store.queue.journal import JournalEntry
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.dispatch")


class Recovered(Struct, frozen=True, kw_only=True):
    """Where the dead process stood: its paces by scope, and what it had learned of destinations."""

    paces: dict[str, object]
    destinations: dict[str, object]


async def recover(database: Database, session: int, entries: Collection[JournalEntry], now: float) -> Recovered:
    """Queue again, as this session, what nobody holds and no relay has taken; returns where the dead process stood."""
    delivered, recovered = await database.write(_recover, session, entries, int(now))
    if recovered or delivered:
        event(log, "dispatch.recovered", copies=recovered, delivered=delivered)
    return Recovered(
        paces=await database.read(destinations.load_paces), destinations=await database.read(destinations.load_states)
    )


def _recover(tx: Transaction, session: int, entries: Collection[JournalEntry], now: int) -> tuple[int, int]:
    """Returns how many copies a relay had taken, and how many go back to the queue."""
    claims = deliveries.orphaned_claims(tx, [entry.claim.delivery_id for entry in entries])
    delivered = [journaled_result(entry, claims[entry.claim], now) for entry in entries if entry.claim in claims]
    deliveries.adopt(tx, session, [result.id for result in delivered])
    deliveries.record_results(tx, session, delivered, now)
    return len(delivered), deliveries.recover(tx, now)


def journaled_result(entry: JournalEntry, edition_id: int | None, now: int) -> DeliveryResult:
    """What the journal says became of a mail that is claimed."""
    return DeliveryResult(
        id=entry.claim.delivery_id,
        state=DeliveryState.DELIVERED,
        due_at=now,
        relay=entry.relay,
        code=entry.code,
        enhanced=entry.enhanced or None,
        edition_id=edition_id,
    )
