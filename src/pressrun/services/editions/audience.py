"""The audience of an edition: everyone who is active and not suppressed when sending starts.

It is taken a slice at a time, in the order of joining, and the first slices are sent while the others are still being
taken. Readers who join after the start are not in it. A reader whose subscription ends or pauses before their slice
gets their copy first (`store.queue.audiences.queue_early`), so that it is cancelled, moves to another language or
comes back as at any other time.
"""

from __future__ import annotations

from msgspec.structs import replace

from pressrun.core.lifecycles.canary import coefficients, sample_size
from pressrun.store import bulk_changes
from pressrun.store.bulk_changes import ROWS_AT_ONCE, BulkChange, BulkKind
from pressrun.store.editions import editions
from pressrun.store.editions.editions import Edition
from pressrun.store.queue import audiences
from pressrun.store.readers import subscriptions
from pressrun.store.transaction import Transaction


def begin_audience(tx: Transaction, edition: Edition, now: int) -> None:
    """Take the first slice of an edition that has just started; most audiences are complete with it."""
    last = subscriptions.highest_id(tx)
    change = BulkChange(kind=BulkKind.AUDIENCE, edition_id=edition.id, created_at=now, last_id=last)
    queue_slice(tx, edition, change, now)


def queue_slice(tx: Transaction, edition: Edition, change: BulkChange, now: int) -> None:
    """Take one slice, and store how far the audience is."""
    number, through = subscriptions.find_slice(
        tx, edition.list_id, after=change.done_through, last=change.last_id, limit=ROWS_AT_ONCE
    )
    if number:
        _queue(tx, edition, change, through, now)
    if number < ROWS_AT_ONCE:
        bulk_changes.end(tx, change)
    else:
        bulk_changes.store(tx, replace(change, done_through=through))


def _queue(tx: Transaction, edition: Edition, change: BulkChange, through: int, now: int) -> None:
    before = audiences.highest_id(tx)
    queued = audiences.queue_audience(
        tx,
        edition_id=edition.id,
        list_id=edition.list_id,
        members=(change.done_through, through),
        started_at=change.created_at,
        now=now,
    )
    canary = edition.canary_copies
    if edition.canary_percent is not None and canary is not None:  # None: it is over
        canary = sample_size(edition.audience + queued, edition.canary_percent)
        audiences.draw(
            tx,
            edition_id=edition.id,
            after=before,
            key=coefficients(edition.message_secret),
            number=canary - (edition.canary_copies or 0),
            due_at=change.created_at - 1,
        )
    editions.extend_audience(tx, edition.id, queued, canary)
