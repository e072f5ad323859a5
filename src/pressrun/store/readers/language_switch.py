"""Subscriptions that move to another language of their family: where they went, their copies and missed editions."""

from __future__ import annotations

from collections.abc import Sequence

from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.store.queue import audiences
from pressrun.store.queue.copy_counts import count_move
from pressrun.store.readers.subscriptions import Subscription, stopped_since
from pressrun.store.transaction import Transaction, in_json


def follow(tx: Transaction, ids: Sequence[int]) -> dict[int, int]:
    """Map each id to the subscription that it finally became, or to itself; ids that no longer exist are left out."""
    return {
        row["first"]: row["last"]
        for row in tx.rows("language_switch.follow", ids=in_json([(subscription_id,) for subscription_id in ids]))
    }


def redirect_links(tx: Transaction, old_id: int, new_id: int) -> None:
    """Make the links of an ended subscription lead to another one of the same reader."""
    tx.run("language_switch.redirect_links", old_id=old_id, new_id=new_id)


def keep_redirects(tx: Transaction, ids: Sequence[int], limit: int) -> bool:
    """Keep the redirects from and through subscriptions of a list, before they are deleted; False if that takes more
    than `limit` changes: they must stay until this has been called again.
    """
    through = in_json(ids)
    if tx.run("language_switch.bypass", ids=through, limit=limit) == limit:
        return False
    if tx.run("language_switch.bypass_for_removed", ids=through, limit=limit) == limit:
        return False
    tx.run("language_switch.keep_redirects", ids=through)
    return True


def move_copies(tx: Transaction, old: Subscription, new: Subscription, now: int) -> int:
    """Give waiting and claimed copies to another subscription of the reader; returns how many moved.

    So do copies that a pause has stopped, and copies that the old one is due but that are not queued yet, which are
    queued first. Copies of issues that the other subscription already has do not move.
    """
    audiences.queue_early(tx, [old.id], now)
    stopped = stopped_since(old)
    audiences.give_way(tx, giver_id=old.id, taker_id=new.id, stopped_since=stopped, own_since=stopped_since(new))
    return tx.run("language_switch.move_copies", old_id=old.id, new_id=new.id, stopped_since=stopped)


def missed_editions(tx: Transaction, old_list_id: int, new_list_id: int) -> list[int]:
    """The ids of editions that a reader who moves between two lists now would get from neither.

    The new list has already sent them, and the old list has yet to send its edition of the same issue.
    """
    rows = tx.rows("language_switch.missed_editions", old_list_id=old_list_id, new_list_id=new_list_id)
    return [row["id"] for row in rows]


def give_copy(tx: Transaction, edition_id: int, subscription_id: int, now: int) -> bool:
    """Queue a copy for one more reader; False for a reader who may not be mailed or already has the issue."""
    number = tx.run("language_switch.give_copy", edition_id=edition_id, subscription_id=subscription_id, now=now)
    count_move(tx, edition_id, None, DeliveryState.QUEUED, number)
    return number > 0
