"""Statements for many people at once, as adding, importing and exporting need them."""

from __future__ import annotations

from collections.abc import Iterable

from pressrun.store.transaction import Row, Transaction, in_json


def find_standings(tx: Transaction, *, list_id: int, keys: Iterable[str]) -> list[Row]:
    """address_key, subscriber_id, name, language and attributes (JSON) of the people with these address keys.

    With the subscription_id, state and state_before of their subscription to the list, None without one.
    """
    return tx.rows("enrolment.standings", list_id=list_id, keys=in_json([(key,) for key in keys]))


def export_page(tx: Transaction, *, list_id: int, state: str, after: int, limit: int) -> list[Row]:
    """Members in one state, ordered by id: `limit` of them after the id `after`.

    With the last event of their consent, its content and the network address that it came from.
    """
    return tx.rows("enrolment.export_page", list_id=list_id, state=state, after=after, limit=limit)


def list_columns(tx: Transaction, list_id: int) -> list[str]:
    """The imported columns that subscribers of a list have, in any state, by name."""
    return [row["name"] for row in tx.rows("enrolment.columns", list_id=list_id)]


def count_audience(tx: Transaction, list_id: int) -> int:
    """How many readers would get an edition of a list now."""
    return int(tx.value("enrolment.count_audience", list_id=list_id))


def cancel_everything(tx: Transaction, subscriber_id: int, now: int) -> int:
    """Cancel the unclaimed copies and notices of a person; returns how many."""
    return cancel_all_copies(tx, subscriber_id, now) + tx.run(
        "enrolment.cancel_notices", subscriber_id=subscriber_id, now=now
    )


def cancel_all_copies(tx: Transaction, subscriber_id: int, now: int) -> int:
    """Cancel the unclaimed copies of a person on every list; returns how many."""
    return tx.run("enrolment.cancel_copies", subscriber_id=subscriber_id, now=now)
