"""Lists that are being removed: some of their rows at a time, so that nobody has to wait for all of them.

What is left of a removal is in the database. Its caller continues it, as does housekeeping after a kill.
"""

from __future__ import annotations

from collections.abc import Sequence

from pressrun.store.transaction import Transaction, in_json


def begin(tx: Transaction, list_id: int, now: int) -> None:
    """Note that a list is to be removed."""
    tx.run("list_removals.begin", list_id=list_id, now=now)


def is_going_on(tx: Transaction, list_id: int) -> bool:
    """Whether a list is being removed."""
    return tx.value("list_removals.is_going_on", list_id=list_id) is not None


def all_lists(tx: Transaction) -> list[int]:
    """The ids of the lists that are being removed, in the order in which that was asked."""
    return [row["list_id"] for row in tx.rows("list_removals.all")]


def remove_records(tx: Transaction, list_id: int, limit: int, now: int) -> bool:
    """Remove up to `limit` copies or events of a list; False when there are no more."""
    return _remove_copies(tx, list_id, limit, now) or _remove_events(tx, list_id, limit)


def detach_notices(tx: Transaction, list_id: int, kind: str, limit: int) -> bool:
    """Let up to `limit` notices of this kind outlive the list; False when there are no more."""
    ids = [row["id"] for row in tx.rows("list_removals.forwards", list_id=list_id, kind=kind, limit=limit)]
    if ids:
        tx.run("list_removals.detach_forwards", ids=in_json(ids))
    return bool(ids)


def remove_notices(tx: Transaction, list_id: int, kept_kind: str, limit: int) -> bool:
    """Remove up to `limit` notices of all other kinds; False when there are no more."""
    ids = [row["id"] for row in tx.rows("list_removals.notices", list_id=list_id, kind=kept_kind, limit=limit)]
    if ids:
        tx.run("list_removals.delete_notices", ids=in_json(ids))
    return bool(ids)


def find_subscriptions(tx: Transaction, list_id: int, limit: int) -> list[int]:
    """Some subscriptions of a list, the same ones until they are removed."""
    return [row["id"] for row in tx.rows("list_removals.subscriptions", list_id=list_id, limit=limit)]


def remove_subscriptions(tx: Transaction, ids: Sequence[int], now: int) -> None:
    """Remove subscriptions, and keep whose they were: readers may still complain about copies of the list."""
    tx.run("list_removals.keep_readers", ids=in_json(ids), now=now)
    tx.run("list_removals.delete_subscriptions", ids=in_json(ids))


def find_reader(tx: Transaction, subscription_id: int) -> int | None:
    """Whose a subscription was that went with its list; None once that is forgotten, or if the reader was erased."""
    reader: int | None = tx.value("list_removals.reader", id=subscription_id)
    return reader


def sweep_readers(tx: Transaction, before: int) -> int:
    """Forget whose the subscriptions were that went before then, a batch at a time; returns how many."""
    return tx.run("list_removals.sweep_readers", before=before)


def _remove_copies(tx: Transaction, list_id: int, limit: int, now: int) -> bool:
    rows = tx.rows("list_removals.copies", list_id=list_id, limit=limit)
    for edition_id in sorted({row["edition_id"] for row in rows}):
        tx.run("retention.mark", edition_id=edition_id, now=now)
    if rows:
        tx.run("list_removals.delete_copies", ids=in_json([row["id"] for row in rows]))
    return bool(rows)


def _remove_events(tx: Transaction, list_id: int, limit: int) -> bool:
    through = tx.value("list_removals.next_events", list_id=list_id, limit=limit)
    if through is None:
        return False
    tx.run("list_removals.delete_events", list_id=list_id, through=through)
    tx.run("list_removals.note_events", list_id=list_id, through=through)
    return True
