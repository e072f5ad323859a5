"""Subscriptions that move to another language of their family, with their copies and the issues they are owed."""

from __future__ import annotations

from collections.abc import Sequence

from pressrun.store.transaction import Transaction, in_json


def follow(tx: Transaction, ids: Sequence[int]) -> dict[int, int]:
    """The ids of the subscriptions that these became, or their own; without those that no longer exist."""
    return {row["first"]: row["last"] for row in tx.rows("language_switch.follow", ids=in_json(ids))}


def lead_on(tx: Transaction, giver_id: int, taker_id: int) -> None:
    """Let the links of an ended subscription lead to another one of the same reader."""
    tx.run("language_switch.lead_on", giver_id=giver_id, taker_id=taker_id)


def keep_trails(tx: Transaction, list_id: int) -> None:
    """Before a list is deleted with its subscriptions: let the links of those that moved lead on as before."""
    tx.run("language_switch.lead_around", list_id=list_id)
    tx.run("language_switch.lead_removed_around", list_id=list_id)
    tx.run("language_switch.keep_trails", list_id=list_id)


def hand_copies_on(tx: Transaction, giver_id: int, taker_id: int) -> int:
    """Give waiting and claimed copies to another subscription of the reader; returns how many.

    Copies of an issue that the other subscription already has stay.
    """
    return tx.run("language_switch.hand_copies_on", giver_id=giver_id, taker_id=taker_id)


def owed_editions(tx: Transaction, giver_list_id: int, taker_list_id: int) -> list[int]:
    """Editions that one list has sent, of issues that another list has yet to send.

    A reader who moves from that list now would get them from neither.
    """
    rows = tx.rows("language_switch.owed", giver_list_id=giver_list_id, taker_list_id=taker_list_id)
    return [row["id"] for row in rows]


def give_copy(tx: Transaction, edition_id: int, subscription_id: int, now: int) -> bool:
    """Queue a copy for one more reader; False for a reader who may not be mailed or already has the issue."""
    return tx.run("language_switch.give_copy", edition_id=edition_id, subscription_id=subscription_id, now=now) > 0
