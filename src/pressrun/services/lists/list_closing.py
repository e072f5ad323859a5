"""Closing a list: sign-ups and editions stop at once, and the requests that wait are ended a slice at a time.

No confirmation link of a closed list does anything. A kill leaves some of the requests, and housekeeping ends the rest.
"""

from __future__ import annotations

from msgspec.structs import replace

from pressrun.core.lifecycles.edition import EditionState
from pressrun.services.editions import lifecycle
from pressrun.services.editions.welcome_edition import cancel_welcome_copies
from pressrun.services.ports import Clock
from pressrun.store.bulk_changes import ROWS_AT_ONCE
from pressrun.store.database import Database
from pressrun.store.editions import editions
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.transaction import Transaction

_ENDED = frozenset({EditionState.SCHEDULED, EditionState.SENDING, EditionState.PAUSED})


def begin_closing(tx: Transaction, target: MailingList, now: int) -> MailingList:
    """Close a list, which the caller has locked; end its editions, and the first of the copies and requests that wait.

    The archive and its links stay. A closed list stays as it is.
    """
    if target.closed_at is not None:
        return target
    closed = replace(target, closed_at=now)
    lists.update_list(tx, target, closed)
    lists.end_requests(tx, target.id, now, ROWS_AT_ONCE)
    live = [edition for edition in editions.all_editions(tx, target.id) if edition.state in _ENDED]
    for edition in live:
        lifecycle.cancel(tx, edition.id, now, sharing=len(live))
    cancel_welcome_copies(tx, target.id, now)
    return closed


def is_closing(tx: Transaction, target: MailingList) -> bool:
    """Whether requests of a closed list are still to be ended: it cannot be opened again before."""
    return target.id in lists.closing_lists(tx)


async def complete_closing(database: Database, list_id: int, clock: Clock) -> None:
    """End what is left of the requests of a closed list."""
    while await database.record(_end_slice, list_id, int(clock())):
        pass


def _end_slice(tx: Transaction, list_id: int, now: int) -> bool:
    target = lists.find_list_by_id(tx, list_id)
    if target is None:
        return False
    lists.lock_list(tx, target.name)
    target = lists.find_list_by_id(tx, list_id)
    if target is None or target.closed_at is None:  # removed or reopened since
        return False
    return lists.end_requests(tx, list_id, now, ROWS_AT_ONCE) > 0
