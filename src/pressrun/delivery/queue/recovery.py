"""Every start is a recovery: rows claimed by a session that is gone go back to the queue, however it ended.

Rows that a relay accepted according to the journal are recorded as delivered, as the dead process was about to do, also
where the database was set back to a moment before they were claimed. If that lost more than the journal knows, all that
may go out again is held back in the same transaction: the next start would no longer see it. Rows claimed by a live
session are left alone.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping

from msgspec import Struct

from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.observe.log import event
from pressrun.services.upkeep.carry_over import HeldBack
from pressrun.services.upkeep.set_back import hold_all, log_held
from pressrun.store.database import Database
from pressrun.store.queue import deliveries, destinations
from pressrun.store.queue.deliveries import DeliveryResult
from pressrun.store.queue.forgotten_claims import claim_again, find_forgotten, lacks_ids
from pressrun.store.queue.journal import Claim, JournalEntry
from pressrun.store.table_store import TableStore
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep import sessions

log = logging.getLogger("pressrun.dispatch")


class Journaled(Struct, frozen=True, kw_only=True):
    """What relays have accepted lately, and the `oldest` of that where there was more before."""

    entries: Mapping[Claim, JournalEntry]
    oldest: Collection[Claim] = ()


class Recovered(Struct, frozen=True, kw_only=True):
    """Where the dead process stood: its paces by scope, and what it had learned of destinations."""

    paces: dict[str, object]
    destinations: dict[str, object]


class _Outcome(Struct, frozen=True, kw_only=True):
    """How many copies a relay had taken, and how many go back to the queue; whether the database was set back, and what
    is held back for that.
    """

    delivered: int
    recovered: int
    is_set_back: bool
    held: HeldBack | None


async def recover(database: Database, session: int, journaled: Journaled, now: float) -> Recovered:
    """Queue again, as this session, what nobody holds and no relay has taken; returns where the dead process stood."""
    outcome = await database.write(_recover, session, journaled, int(now))
    if outcome.recovered or outcome.delivered:
        event(log, "dispatch.recovered", copies=outcome.recovered, delivered=outcome.delivered)
    if outcome.held is not None:
        log_held(outcome.held)
    if outcome.held is not None or (outcome.is_set_back and not database.location.is_exclusive):
        await database.with_tables(TableStore.skip_ids)  # it may lack editions and lists, too, unless the power went
    return Recovered(
        paces=await database.read(destinations.load_paces), destinations=await database.read(destinations.load_states)
    )


def _recover(tx: Transaction, session: int, journaled: Journaled, now: int) -> _Outcome:
    entries, has_lost_ids = journaled.entries, lacks_ids(tx, journaled.entries)
    claims = deliveries.orphaned_claims(tx, [claim.delivery_id for claim in entries])
    deliveries.adopt(tx, session, [claim.delivery_id for claim in entries if claim in claims])
    forgotten = find_forgotten(tx, entries, now)
    claim_again(tx, session, forgotten)
    claims |= {mail.claim: mail.edition_id for mail in forgotten}
    delivered = [journaled_result(entry, claims[claim], now) for claim, entry in entries.items() if claim in claims]
    deliveries.record_results(tx, session, delivered, now)
    recovered = deliveries.recover(tx, now)
    held = None
    if forgotten or has_lost_ids:
        sessions.skip_events(tx)
        if has_lost_ids or not {mail.claim for mail in forgotten}.isdisjoint(journaled.oldest):
            held = hold_all(tx, now)
        sessions.skip_ids(tx)  # comes last: if it is not committed, the next start must find the ids as they are
    return _Outcome(
        delivered=len(delivered), recovered=recovered, is_set_back=bool(forgotten) or has_lost_ids, held=held
    )


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
