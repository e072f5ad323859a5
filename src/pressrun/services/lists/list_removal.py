"""Removing a list with everything that belongs to it, which may be millions of rows: a slice of them at a time.

Once that has begun the list stays closed. A kill leaves it with some of its rows, and housekeeping removes the rest.
"""

from __future__ import annotations

from pressrun.core.errors import Refused
from pressrun.services.mails.forwards import FORWARD
from pressrun.services.ports import Clock
from pressrun.services.reports.ledger_reports import require_list
from pressrun.store.bulk_changes import ROWS_AT_ONCE
from pressrun.store.database import Database
from pressrun.store.lists import list_removals, lists
from pressrun.store.readers import language_switch
from pressrun.store.transaction import Transaction


def begin_removal(tx: Transaction, name: str, now: int) -> int:
    """Begin to remove a closed list; returns its id. Raises NotFound, Refused."""
    lists.lock_list(tx, name)
    target = require_list(tx, name)
    if target.closed_at is None:
        raise Refused(f"the list {name} is still open. Close it first with `pressrun list close {name}`")
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
        or _remove_subscriptions(tx, list_id)
    )


def _remove_subscriptions(tx: Transaction, list_id: int) -> bool:
    """Links of readers who went on in another language lead there after it."""
    ids = list_removals.find_subscriptions(tx, list_id, ROWS_AT_ONCE)
    if ids and language_switch.keep_redirects(tx, ids, ROWS_AT_ONCE):
        list_removals.remove_subscriptions(tx, ids)
    return bool(ids)


def _remove_list(tx: Transaction, list_id: int) -> None:
    if _lock(tx, list_id):
        while _keep_forwards(tx, list_id):  # those that have come since the last slice
            pass
        lists.delete_list(tx, list_id)


def _lock(tx: Transaction, list_id: int) -> bool:
    """Hold the list until the commit; False where somebody else has removed it."""
    target = lists.find_list_by_id(tx, list_id)
    if target is not None:
        lists.lock_list(tx, target.name)
    return target is not None


def _keep_forwards(tx: Transaction, list_id: int) -> bool:
    """Let some of other people's emails, which were accepted, outlive the list; False when there are no more."""
    return list_removals.detach_notices(tx, list_id, FORWARD, ROWS_AT_ONCE)
