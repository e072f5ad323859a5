"""A database that was set back to an earlier moment by other means than a restore: what a start does about it.

Whoever recovers a server to a point in time, promotes a standby that had not received everything, or copies an old file
to its place has a database that knows nothing of what happened since. It would send again what went out, and mail
people who have left. Three things outside of it tell: the heads of its chains, which are kept beside the keys, the
journal of what relays accepted (delivery.queue.recovery), and what a running daemon remembers (delivery.queue.claims,
daemon.session_keeper).

Nobody has the facts since then, so what may go out wrongly waits for a person, as after a restore without former data.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from pressrun.core.errors import BadInput
from pressrun.core.signing.chain import NO_ROWS, Head
from pressrun.observe.log import event
from pressrun.services.upkeep.carry_over import HeldBack, hold_back
from pressrun.store.database import Database
from pressrun.store.people import audit
from pressrun.store.readers import consent
from pressrun.store.table_store import TableStore
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep import restored_access, restores
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import keep_head, load_head

log = logging.getLogger("pressrun.storage")

_CHAINS = {"consent": consent.read_head, "audit": audit.read_head}


async def follow_chains(database: Database, data: DataDir, now: int) -> None:
    """If the database lacks rows that its chains once had: hold everything back, and keep the heads that it has now."""
    if not await database.read(_is_behind, {chain: _kept_head(data, chain) for chain in _CHAINS}):
        return
    await database.with_tables(TableStore.skip_ids)  # before any is drawn
    log_held(await database.write(hold_all, now))
    for chain, read_head in _CHAINS.items():
        keep_head(data, chain, await database.read(read_head))


def _kept_head(data: DataDir, chain: str) -> Head:
    with suppress(BadInput):  # whoever verifies the chain hears of it
        return load_head(data, chain)
    return NO_ROWS


def _is_behind(tx: Transaction, kept: Mapping[str, Head]) -> bool:
    """Whether the database lacks one of these rows, with which its chains once ended."""
    return _lacks(consent.read_head(tx), kept["consent"], partial(restores.find_link, tx)) or _lacks(
        audit.read_head(tx), kept["audit"], partial(restored_access.find_link, tx)
    )


def _lacks(last: Head, kept: Head, find_link: Callable[[int], bytes | None]) -> bool:
    """Whether a chain that ends with `last` never had the row `kept`, or has another one with its number."""
    if kept == NO_ROWS:
        return False
    return last.number < kept.number or find_link(kept.number) not in (None, kept.chain)


def hold_all(tx: Transaction, now: int) -> HeldBack:
    """Hold back what may go out wrongly, and end all visits."""
    restored_access.end_visits(tx)
    return hold_back(tx, None, {}, now)


def log_held(held: HeldBack) -> None:
    """Tell what was held back."""
    event(log, "storage.set_back", level=logging.ERROR, editions=sorted(held.editions), notices=held.notices)
