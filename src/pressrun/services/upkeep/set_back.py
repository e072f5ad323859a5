"""A database that was set back to an earlier moment by other means than a restore: what a start does about it.

Whoever recovers a server to a point in time, promotes a standby that had not received everything, or copies an old file
to its place has a database that knows nothing of what happened since. It would send again what went out, and mail
people who have left. Three things outside of it tell: the heads of its chains, which are kept beside the keys, the
journal of what relays accepted (delivery.queue.recovery), and what a running daemon remembers (delivery.queue.claims,
daemon.session_keeper).

Nobody has the facts since then, so what may go out wrongly waits for a person, as after a restore without former data.
Each step may be repeated, and what has shown that the database was set back is there until the last one is done: a
start that is killed leaves the rest to the next.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import suppress

from pressrun.observe.log import event
from pressrun.services.upkeep.carry_over import HeldBack, hold_back
from pressrun.store.database import Database
from pressrun.store.queue.journal import Claim, read_entries
from pressrun.store.table_store import UNKNOWN_IDS, TableStore
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep import restored_access, restores, sessions
from pressrun.store.upkeep.chain_heads import lacks_rows, read_heads
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import keep_heads, load_heads

log = logging.getLogger("pressrun.storage")

OnHeld = Callable[[HeldBack], None]


async def follow_chains(database: Database, data: DataDir, now: int, on_held: OnHeld) -> None:
    """If the database lacks rows that its chains once had: hold everything back, and keep the heads that it has now."""
    if not await database.read(lacks_rows, load_heads(data)):
        return
    accepted = await asyncio.to_thread(_read_accepted, data)
    on_held(await hold_all(database, accepted, now))
    heads = await database.read(read_heads)
    with suppress(OSError):  # housekeeping tries it again, and tells what is wrong
        keep_heads(data, heads)


def _read_accepted(data: DataDir) -> Collection[Claim]:
    """What relays have accepted lately; nothing if the journal cannot be read: then the next start cannot, either."""
    try:
        return read_entries(data.journal).keys()
    except OSError:
        return ()


async def hold_all(database: Database, accepted: Collection[Claim], now: int) -> HeldBack:
    """Hold back what may go out wrongly, end all visits, and draw no id that may have been drawn before.

    What relays have `accepted`, according to the journal, is left for recovery to record.
    """
    held = await database.write(_hold, accepted, now)
    await database.with_tables(TableStore.skip_ids)
    return held


def _hold(tx: Transaction, accepted: Collection[Claim], now: int) -> HeldBack:
    restores.skip_counters(tx, UNKNOWN_IDS)  # first: programs may have seen the ids that the events of this would have
    restored_access.end_visits(tx)
    return hold_back(tx, {}, accepted, now)


async def skip_lost_ids(database: Database) -> None:
    """Draw no id that may have been drawn before, where nothing else was lost.

    A file has lost no more than a power cut takes. A server may lack editions and lists, too.
    """
    if database.location.is_exclusive:
        await database.write(sessions.skip_ids)
    else:
        await database.with_tables(TableStore.skip_ids)


def log_held(held: HeldBack) -> None:
    """Tell what was held back."""
    event(log, "storage.set_back", level=logging.ERROR, editions=sorted(held.editions), notices=held.notices)
