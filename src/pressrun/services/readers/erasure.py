"""Erasing a person: afterwards no table holds the address, and only a keyed hash keeps them out.

The key of that hash is never rotated, so imports and operators cannot bring the person back, even years later. Only
their own confirmed sign-up can. Counts of past editions stay. Other rows that name the address go, too: evidence of a
reader who had it before or wanted to move to it, and mails that mention it (store.readers.address_places lists them
all). As long as a change of address is known, all of this holds for the former address as well. Otherwise mails that
were queued to it would stay, and the next import of a file that still has it would mail the person again. Deleted
content is overwritten (secure_delete), and leaves the write-ahead log with the next checkpoint, at the latest when the
daemon stops.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection

from msgspec import Struct

from pressrun.core.addresses.address import Address
from pressrun.core.addresses.spellings import Spellings
from pressrun.core.errors import NotFound, Refused
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import digests_of
from pressrun.observe.log import event
from pressrun.services.context import ServiceContext
from pressrun.services.editions.lifecycle import cancel_withdrawn_drafts
from pressrun.services.ports import Entropy
from pressrun.services.readers.subscription_records import list_subscriptions
from pressrun.services.suppression import keep_out_erased
from pressrun.store.database import Database
from pressrun.store.people import audit
from pressrun.store.programs import jobs
from pressrun.store.programs.job_files import JobFiles
from pressrun.store.readers import address_changes, address_places, consent, enrolment, subscribers
from pressrun.store.readers.address_places import EDITION, PLACES, EarlierScan, Forgotten
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.readers")


class Erased(Struct, frozen=True, kw_only=True):
    """What an erasure did. `is_reader`: the address belonged to a reader; `of_others` counts rows about other people.

    `editions` are those whose author wrote the address into them. What is or will be published stays as it is.
    """

    is_reader: bool
    of_others: Forgotten
    editions: tuple[int, ...] = ()


class _Person(Struct, frozen=True):
    """Whom an erasure is about: the given address, their former ones, and the readers who have these."""

    addresses: tuple[Address, ...]
    subscribers: tuple[Subscriber, ...]


async def erase(
    database: Database,
    address: Address,
    keys: KeyRing,
    entropy: Entropy,
    now: int,
    *,
    unless: Callable[[Transaction], bool] = lambda _: False,
    files: JobFiles | None = None,
) -> Erased | None:
    """Erase a person everywhere, or return None when `unless` says so in the same transaction.

    A job whose file names them is cancelled, and its `files` are deleted; a database without a data_dir has none.
    Raises NotFound, and Refused where a list needs them.
    """
    earlier = EarlierScan((await database.read(_find_person, address)).addresses)
    spellings = Spellings(*earlier.addresses)
    for place in PLACES:
        if place.grows or place is EDITION:
            await _scan(database, place, spellings, earlier)

    naming = [] if files is None else await asyncio.to_thread(files.naming, spellings)

    def work(tx: Transaction) -> Erased | None:
        if unless(tx):
            return None
        jobs.cancel_jobs(tx, naming, "its file named somebody who was erased: hand it in again without them")
        return erase_person(tx, address, keys, entropy(16), now, earlier)

    erased = await database.write(work)
    if files is not None and erased is not None:
        await asyncio.to_thread(files.drop, naming)
    await database.scrub()
    return erased


async def erase_reader(
    context: ServiceContext, address: Address, *, unless: Callable[[Transaction], bool] = lambda _: False
) -> Erased | None:
    """The same while the daemon runs: this also logs it and notifies the dispatcher."""
    erased = await erase(
        context.database,
        address,
        context.keys,
        context.entropy,
        context.now,
        unless=unless,
        files=context.job_files,
    )
    if erased is not None:
        event(log, "subscriber.erased")
        context.wake()
    return erased


async def _scan(database: Database, place: address_places.Place, spellings: Spellings, earlier: EarlierScan) -> None:
    """Find the address in large tables, while others use the database."""
    while rows := await database.read(address_places.read_page, place, spellings, earlier.through.get(place.name, 0)):
        earlier.add(place, rows, await asyncio.to_thread(address_places.rows_naming, rows, spellings))


def erase_person(
    tx: Transaction, address: Address, keys: KeyRing, salt: bytes, now: int, earlier: EarlierScan | None = None
) -> Erased:
    """Erase a person in this transaction; `salt` is 16 random octets, `earlier` what was found before it."""
    person = _find_person(tx, address)
    if earlier is None or earlier.addresses != person.addresses:  # the scan did not search for all of them
        earlier = EarlierScan(person.addresses)
    for own in person.addresses:
        _require_unused(tx, own)
    ids = [reader.id for reader in person.subscribers]
    enrolment.cancel_everything(tx, *ids, now=now)
    spellings = Spellings(*person.addresses)
    forgotten = address_places.forget(tx, spellings, ids, earlier, now=now, salt=salt)
    cancel_withdrawn_drafts(tx, now)
    published = address_places.forget_unpublished(tx, earlier)
    if not ids and forgotten.is_nothing:
        raise NotFound(f"unknown address {address}")
    digests = {own: digests_of(keys, own) for own in person.addresses}
    audit.erase_about(tx, ids, {digest for both in digests.values() for digest in both}, now)
    for own, both in digests.items():
        keep_out_erased(tx, both, own.key, now)
    return Erased(is_reader=bool(ids), of_others=forgotten, editions=tuple(published))


def _require_unused(tx: Transaction, address: Address) -> None:
    settings = address_places.settings_naming(tx, Spellings(address))
    if settings:
        raise Refused(f"{address} is used in the settings of {', '.join(settings)}. Set another address there first")


def _find_person(tx: Transaction, address: Address) -> _Person:
    """A person with their former addresses, except those at which somebody else now reads or signs up.

    Whoever changed to another reader's address left a reader without subscriptions at the former address.
    """
    reader = subscribers.find_subscriber(tx, address)
    addresses, readers = [address], [] if reader is None else [reader]
    for former in address_changes.former_addresses(tx, address) if readers else ():
        left = subscribers.find_subscriber(tx, former)
        if left is None or _has_left_everything(tx, left):
            addresses.append(former)
            readers += [] if left is None else [left]
    return _Person(tuple(addresses), tuple(readers))


def _has_left_everything(tx: Transaction, reader: Subscriber) -> bool:
    subscriptions = [details.subscription for details in list_subscriptions(tx, reader)]
    return all(subscription.state is SubscriptionState.UNSUBSCRIBED for subscription in subscriptions)


def forget_strangers(tx: Transaction, subscriber_ids: Collection[int], entropy: Entropy, now: int) -> None:
    """Delete those of these people who have no subscription, not even one that ended, or went with its list lately."""
    deleted = subscribers.delete_unsubscribed(tx, subscriber_ids)
    if deleted:  # without the subscriber, nobody could have the address erased from the evidence later
        consent.erase_consent(tx, *deleted, now=now, salt=entropy(16))
        audit.erase_about(tx, deleted, (), now)
