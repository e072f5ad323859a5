"""The copies of an audience: made for some members of a list at a time, and drawn for a canary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pressrun.core.lifecycles.canary import Coefficients
from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.store.editions.editions import extend_audience
from pressrun.store.queue.copy_counts import count_move
from pressrun.store.transaction import Row, Transaction, in_json


def queue_audience(
    tx: Transaction, *, edition_id: int, list_id: int, members: tuple[int, int], started_at: int, now: int
) -> int:
    """Queue one copy for each reader who may be mailed, of the subscriptions after the first id up to the second one.

    Left out are readers who joined after `started_at`, and those who had this issue in another language of its family
    and have changed to this one since. Returns how many.
    """
    tx.mend_statistics()  # by the plans for empty tables, each reader would be compared with all others
    after, through = members
    values = {"edition_id": edition_id, "list_id": list_id, "started_at": started_at, "now": now}
    queued = tx.run("audiences.queue_audience", **values, after=after, through=through)
    count_move(tx, edition_id, None, DeliveryState.QUEUED, queued)
    return queued


def queue_early(tx: Transaction, subscription_ids: Sequence[int], now: int) -> None:
    """Queue the copies, of editions whose audience is being taken, of readers whose subscriptions are about to end."""
    rows = tx.rows("audiences.queue_early", ids=in_json(subscription_ids), now=now)
    numbers = Counter(row["edition_id"] for row in rows)
    for edition_id, number in sorted(numbers.items()):
        count_move(tx, edition_id, None, DeliveryState.QUEUED, number)
        extend_audience(tx, edition_id, number)


def give_way(tx: Transaction, *, giver_id: int, taker_id: int, stopped_since: int, own_since: int) -> None:
    """Delete cancelled copies of a subscription, so that it can take those of another one that may still go out.

    Copies that the other one's pause has stopped since a time count, too. Copies that the taker's own pause has stopped
    stay.
    """
    values = {"giver_id": giver_id, "taker_id": taker_id, "stopped_since": stopped_since, "own_since": own_since}
    _count_deleted(tx, tx.rows("audiences.give_way", **values))


def make_way(tx: Transaction, edition_ids: Sequence[int], *, coming_from: int, subscription_id: int) -> None:
    """Delete cancelled copies of a subscription, so that copies of the same editions can come back from another one."""
    values = {"edition_ids": in_json(edition_ids), "coming_from": coming_from, "subscription_id": subscription_id}
    _count_deleted(tx, tx.rows("audiences.make_way", **values))


def _count_deleted(tx: Transaction, rows: Sequence[Row]) -> None:
    for edition_id, number in sorted(Counter(row["edition_id"] for row in rows).items()):
        count_move(tx, edition_id, DeliveryState.CANCELLED, None, number)
        extend_audience(tx, edition_id, -number)


def highest_id(tx: Transaction) -> int:
    """The highest id of a row; later rows have higher ones."""
    return int(tx.value("audiences.highest_id") or 0)


def draw(tx: Transaction, *, edition_id: int, after: int, key: Coefficients, number: int, due_at: int) -> None:
    """Draw `number` copies of an edition, with ids above `after`, for its canary; they are due at `due_at`."""
    if number > 0:
        values = {"edition_id": edition_id, "after": after, "number": number, "due_at": due_at}
        tx.run("audiences.draw", **values, **key._asdict())
