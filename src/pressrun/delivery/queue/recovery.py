"""Every start is a recovery: rows claimed by a session that is gone go back to the queue, however it ended.

Rows that a relay accepted according to the journal are recorded as delivered, as the dead process was about to do, also
where the database was set back to a moment before they were claimed. If more was lost than the journal knows,
everything that might go out again is held back first. Rows claimed by a live session are left alone.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from enum import Enum, auto

from msgspec import Struct

from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.observe.log import event
from pressrun.services.upkeep.set_back import hold_all, log_held, skip_lost_ids
from pressrun.store.database import Database
from pressrun.store.queue import deliveries, destinations
from pressrun.store.queue.deliveries import DeliveryResult
from pressrun.store.queue.forgotten_claims import claim_again, find_forgotten, find_unrecorded, lacks_ids
from pressrun.store.queue.journal import Claim, JournalEntry
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.dispatch")


class Journaled(Struct, frozen=True, kw_only=True):
    """What relays have accepted lately, and the `oldest` of that where there was more before."""

    entries: Mapping[Claim, JournalEntry]
    oldest: Collection[Claim] = ()


class Recovered(Struct, frozen=True, kw_only=True):
    """Where the dead process stood: its paces by scope, and what it had learned of destinations."""

    paces: dict[str, object]
    destinations: dict[str, object]


class _Lost(Enum):
    """What a database has lost that was set back."""

    NOTHING = auto()
    JOURNALED = auto()  # nothing that the journal does not know
    UNKNOWN = auto()


async def recover(database: Database, session: int, journaled: Journaled, now: float) -> Recovered:
    """Queue again, as this session, what nobody holds and no relay has taken; returns where the dead process stood."""
    await _follow_set_back(database, journaled, int(now))
    delivered, recovered = await database.write(_recover, session, journaled.entries, int(now))
    if recovered or delivered:
        event(log, "dispatch.recovered", copies=recovered, delivered=delivered)
    return Recovered(
        paces=await database.read(destinations.load_paces), destinations=await database.read(destinations.load_states)
    )


async def _follow_set_back(database: Database, journaled: Journaled, now: int) -> None:
    """If the database was set back, skip ids, and hold everything back of which the journal knows nothing."""
    lost = await database.write(_find_lost, journaled, now)
    if lost is _Lost.UNKNOWN:
        log_held(await hold_all(database, journaled.entries.keys(), now))
    elif lost is _Lost.JOURNALED:
        await skip_lost_ids(database)


def _find_lost(tx: Transaction, journaled: Journaled, now: int) -> _Lost:
    entries = journaled.entries
    if lacks_ids(tx, entries):
        return _Lost.UNKNOWN  # nobody knows whose these were
    if not find_unrecorded(tx, entries.keys(), now).isdisjoint(journaled.oldest):
        return _Lost.UNKNOWN
    return _Lost.JOURNALED if find_forgotten(tx, entries, now) else _Lost.NOTHING


def _recover(tx: Transaction, session: int, entries: Mapping[Claim, JournalEntry], now: int) -> tuple[int, int]:
    """Returns how many copies a relay had taken, and how many go back to the queue."""
    ids = [claim.delivery_id for claim in entries]
    claims = deliveries.orphaned_claims(tx, ids)
    deliveries.adopt(tx, session, [claim.delivery_id for claim in entries if claim in claims])
    forgotten = find_forgotten(tx, entries, now)
    claim_again(tx, session, forgotten)
    claims |= {mail.claim: mail.edition_id for mail in forgotten}
    delivered = [journaled_result(entry, claims[claim], now) for claim, entry in entries.items() if claim in claims]
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
