"""Every start is a recovery: rows claimed by a session that is gone go back to the queue, however it ended.

Rows that a relay accepted according to the journal are recorded as delivered, as the dead process was about to do, also
where the database was set back to a moment before they were claimed. Rows claimed by a live session are left alone.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from msgspec import Struct

from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.observe.log import event
from pressrun.store.database import Database
from pressrun.store.queue import deliveries, destinations
from pressrun.store.queue.deliveries import DeliveryResult
from pressrun.store.queue.forgotten_claims import claim_again, find_forgotten
from pressrun.store.queue.journal import Claim, JournalEntry
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.dispatch")


class Recovered(Struct, frozen=True, kw_only=True):
    """Where the dead process stood: its paces by scope, and what it had learned of destinations. `forgotten` are claims
    of mails that relays have accepted and of which the database knew nothing.
    """

    paces: dict[str, object]
    destinations: dict[str, object]
    forgotten: frozenset[Claim]


async def recover(database: Database, session: int, entries: Mapping[Claim, JournalEntry], now: float) -> Recovered:
    """Queue again, as this session, what nobody holds and no relay has taken; returns where the dead process stood."""
    delivered, recovered, forgotten = await database.write(_recover, session, entries, int(now))
    if recovered or delivered:
        event(log, "dispatch.recovered", copies=recovered, delivered=delivered)
    return Recovered(
        paces=await database.read(destinations.load_paces),
        destinations=await database.read(destinations.load_states),
        forgotten=forgotten,
    )


def _recover(
    tx: Transaction, session: int, entries: Mapping[Claim, JournalEntry], now: int
) -> tuple[int, int, frozenset[Claim]]:
    """Returns how many copies a relay had taken, how many go back to the queue, and which claims were forgotten."""
    claims = deliveries.orphaned_claims(tx, [claim.delivery_id for claim in entries])
    deliveries.adopt(tx, session, [claim.delivery_id for claim in entries if claim in claims])
    forgotten = find_forgotten(tx, entries)
    claim_again(tx, session, forgotten)
    claims |= {mail.claim: mail.edition_id for mail in forgotten}
    delivered = [journaled_result(entry, claims[claim], now) for claim, entry in entries.items() if claim in claims]
    deliveries.record_results(tx, session, delivered, now)
    return len(delivered), deliveries.recover(tx, now), frozenset(mail.claim for mail in forgotten)


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
