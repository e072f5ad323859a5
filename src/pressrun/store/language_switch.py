"""Subscriptions that go over to another language of their family, with the copies and the issues that are owed them."""

from __future__ import annotations

from collections.abc import Sequence

from pressrun.store.transaction import Transaction, in_json


def follow(tx: Transaction, ids: Sequence[int]) -> dict[int, int]:
    """Where the subscriptions of these ids are now: one that went over stands for the one that it became.

    Ids of subscriptions that are not there, and went nowhere, are left out.
    """
    return {row["first"]: row["last"] for row in tx.rows("language_switch.follow", ids=in_json(ids))}


def lead_on(tx: Transaction, giver_id: int, taker_id: int) -> None:
    """Let the links of a subscription that is over lead to another one of the same reader."""
    tx.run("language_switch.lead_on", giver_id=giver_id, taker_id=taker_id)


def keep_trails(tx: Transaction, list_id: int) -> None:
    """Let the links of subscriptions that went over lead on as before once their list is gone, with which they go."""
    tx.run("language_switch.lead_around", list_id=list_id)
    tx.run("language_switch.lead_removed_around", list_id=list_id)
    tx.run("language_switch.keep_trails", list_id=list_id)


def hand_copies_on(tx: Transaction, giver_id: int, taker_id: int) -> int:
    """Let copies that wait or are on their way be those of another subscription of the reader; returns how many.

    Copies of an issue that the other one has already are left alone.
    """
    return tx.run("language_switch.hand_copies_on", giver_id=giver_id, taker_id=taker_id)


def owed_editions(tx: Transaction, giver_list_id: int, taker_list_id: int) -> list[int]:
    """Editions that one list has had, of issues that another list has yet to get: who changes over now gets neither."""
    rows = tx.rows("language_switch.owed", giver_list_id=giver_list_id, taker_list_id=taker_list_id)
    return [row["id"] for row in rows]


def give_copy(tx: Transaction, edition_id: int, subscription_id: int, now: int) -> bool:
    """Queue a copy for one more reader; False for who may not be mailed, or has the issue already."""
    return tx.run("language_switch.give_copy", edition_id=edition_id, subscription_id=subscription_id, now=now) > 0
