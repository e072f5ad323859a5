"""Closing and removing a list, which may have millions of rows: a slice of them at a time.

When a list is closed, sign-ups and editions stop at once, and no confirmation link of it does anything; the requests
that wait are ended in slices. Once the removal of a closed list has begun it stays closed. A kill leaves some of the
rows, and housekeeping ends or removes the rest.
"""

from __future__ import annotations

from msgspec.structs import replace

from pressrun.core.errors import Refused
from pressrun.core.lifecycles.edition import EditionState
from pressrun.services.editions import lifecycle
from pressrun.services.editions.welcome_edition import cancel_welcome_copies
from pressrun.services.mails.forwards import FORWARD
from pressrun.services.ports import Clock, Entropy
from pressrun.services.readers.erasure import forget_strangers
from pressrun.store.bulk_changes import ROWS_AT_ONCE
from pressrun.store.database import Database
from pressrun.store.editions import editions
from pressrun.store.lists import list_removals, lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.queue import deliveries
from pressrun.store.readers import language_switch
from pressrun.store.transaction import Transaction


def begin_removal(tx: Transaction, name: str, now: int) -> int:
    """Begin to remove a closed list; returns its id. Raises NotFound, Refused."""
    lists.lock_list(tx, name)
    target = lists.get_list(tx, name)
    if target.closed_at is None:
        raise Refused(f"the list {name} is still open. Close it first", at_shell=f"`pressrun list close {name}` does")
    list_removals.begin(tx, target.id, now)
    return target.id


async def complete_removal(database: Database, list_id: int, clock: Clock) -> None:
    """Remove what is left of a list."""
    while await database.record(remove_slice, list_id, int(clock())):
        pass
    await database.write(_remove_list, list_id)


def remove_slice(tx: Transaction, list_id: int, now: int) -> bool:
    """Remove some of what a list has; False when there is no more."""
    if not _lock(tx, list_id):
        return False
    return (
        list_removals.remove_records(tx, list_id, ROWS_AT_ONCE, now)
        or _keep_forwards(tx, list_id)
        or list_removals.remove_notices(tx, list_id, FORWARD, ROWS_AT_ONCE)
        or _remove_subscriptions(tx, list_id, now)
    )


def _remove_subscriptions(tx: Transaction, list_id: int, now: int) -> bool:
    """Links of readers who went on in another language lead there after it.

    A copy of another list's edition may wait for one: its reader came from there while it was in flight.
    """
    ids = list_removals.find_subscriptions(tx, list_id, ROWS_AT_ONCE)
    if ids and language_switch.keep_redirects(tx, ids, ROWS_AT_ONCE):
        deliveries.cancel_copies(tx, ids, now)
        list_removals.remove_subscriptions(tx, ids, now)
    return bool(ids)


def _remove_list(tx: Transaction, list_id: int) -> None:
    if _lock(tx, list_id):
        while _keep_forwards(tx, list_id):  # those that have come since the last slice
            pass
        lists.delete_list(tx, list_id)


def _lock(tx: Transaction, list_id: int) -> bool:
    """Lock the list until the commit; False if somebody else has removed it."""
    target = lists.find_list_by_id(tx, list_id)
    if target is not None:
        lists.lock_list(tx, target.name)
    return target is not None


def _keep_forwards(tx: Transaction, list_id: int) -> bool:
    """Let some of other people's emails, which were accepted, outlive the list; False when there are no more."""
    return list_removals.detach_notices(tx, list_id, FORWARD, ROWS_AT_ONCE)


_ENDED = frozenset({EditionState.SCHEDULED, EditionState.SENDING, EditionState.PAUSED})


def begin_closing(tx: Transaction, target: MailingList, now: int, entropy: Entropy) -> MailingList:
    """Close a list, which the caller has locked; end its editions, and the first of the copies and requests that wait.

    The archive and its links stay. A closed list stays as it is.
    """
    if target.closed_at is not None:
        return target
    closed = replace(target, closed_at=now)
    lists.update_list(tx, target, closed)
    _end_requests(tx, target.id, now, entropy)
    live = [edition for edition in editions.all_editions(tx, target.id) if edition.state in _ENDED]
    for edition in live:
        lifecycle.cancel(tx, edition.id, now, sharing=len(live))
    cancel_welcome_copies(tx, target.id, now)
    return closed


def is_closing(tx: Transaction, target: MailingList) -> bool:
    """Whether requests of a closed list are still to be ended: it cannot be opened again before."""
    return target.id in lists.closing_lists(tx)


async def complete_closing(database: Database, list_id: int, clock: Clock, entropy: Entropy) -> None:
    """End what is left of the requests of a closed list."""
    while await database.record(_end_slice, list_id, int(clock()), entropy):
        pass


def _end_slice(tx: Transaction, list_id: int, now: int, entropy: Entropy) -> bool:
    target = lists.find_list_by_id(tx, list_id)
    if target is None:
        return False
    lists.lock_list(tx, target.name)
    target = lists.find_list_by_id(tx, list_id)
    if target is None or target.closed_at is None:  # removed or reopened since
        return False
    return _end_requests(tx, list_id, now, entropy) > 0


def _end_requests(tx: Transaction, list_id: int, now: int, entropy: Entropy) -> int:
    """End some of the requests that wait, and forget people who never confirmed any; returns how many."""
    number, people = lists.end_requests(tx, list_id, now, ROWS_AT_ONCE)
    forget_strangers(tx, people, entropy, now)
    return number
