"""Forgetting a person: after it no table holds the address, and a keyed hash alone keeps them out.

The hash has a key of its own that is never rotated, so imports and operators cannot bring the person back, years
later; a sign-up of their own, confirmed, can. Counts of past editions stay. What other rows say of the address goes,
too: evidence of a reader who had it before or wanted to move to it, mails that name it (store.places knows them all).
What is deleted is overwritten (secure_delete), and gone from the write-ahead log with the next checkpoint, at the
latest when the daemon stops.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from pressrun.core.address import Address
from pressrun.core.errors import NotFound, Refused
from pressrun.core.keys import KeyRing
from pressrun.core.spellings import Spellings
from pressrun.core.tokens import digests_of
from pressrun.services.editions.lifecycle import cancel_withdrawn_drafts
from pressrun.services.ports import Entropy
from pressrun.services.suppression import keep_out_erased
from pressrun.store import enrolment, places, subscribers
from pressrun.store.database import Database
from pressrun.store.places import EDITION, SEARCHES, Forgotten, Known
from pressrun.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What an erasure did. `is_reader`: the address was a reader's now; `of_others` counts rows about other people.

    `editions` are those whose author wrote the address into them: what was published, or will be, stays as it is.
    """

    is_reader: bool
    of_others: Forgotten
    editions: tuple[int, ...] = ()


async def erase(
    database: Database,
    address: Address,
    keys: KeyRing,
    entropy: Entropy,
    now: int,
    *,
    unless: Callable[[Transaction], bool] = lambda _: False,
) -> Erased | None:
    """Forget a person everywhere, or return None when `unless` says so in the same transaction.

    Raises NotFound, and Refused where a list needs them.
    """
    spellings = Spellings(address)
    known = Known()
    for search in SEARCHES:
        if search.grows or search is EDITION:
            await _look_through(database, search, spellings, known)

    def work(tx: Transaction) -> Erased | None:
        return None if unless(tx) else erase_person(tx, address, keys, entropy(16), now, known)

    erased = await database.write(work)
    await database.checkpoint()  # nothing of them is left in the write-ahead log
    return erased


async def _look_through(database: Database, search: places.Search, spellings: Spellings, known: Known) -> None:
    """Look for the address where there is much, while others use the database."""
    while rows := await database.read(places.read_page, search, spellings, known.through.get(search.name, 0)):
        known.add(search, rows, await asyncio.to_thread(places.naming, rows, spellings))


def erase_person(
    tx: Transaction, address: Address, keys: KeyRing, salt: bytes, now: int, known: Known | None = None
) -> Erased:
    """Forget a person in this transaction; `salt` is 16 random octets, `known` what was found before it."""
    spellings = Spellings(address)
    settings = places.settings_naming(tx, spellings)
    if settings:
        raise Refused(f"{address} is used in the settings of {', '.join(settings)}. Set another address there first")
    person = subscribers.find_subscriber(tx, address)
    if person is not None:
        enrolment.cancel_everything(tx, person.id, now)
    number = None if person is None else person.id
    known = known or Known()
    forgotten = places.forget(tx, spellings, number, known, now=now, salt=salt)
    cancel_withdrawn_drafts(tx, now)
    published = places.forget_unpublished(tx, known)
    if person is None and forgotten.is_nothing:
        raise NotFound(f"unknown address {address}")
    keep_out_erased(tx, digests_of(keys, address), address.key, now)
    return Erased(is_reader=person is not None, of_others=forgotten, editions=tuple(published))
