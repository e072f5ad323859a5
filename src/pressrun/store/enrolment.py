"""What adding, importing and exporting people need: statements for many rows."""

from __future__ import annotations

import json
from collections.abc import Iterable

from pressrun.store.transaction import Row, Transaction


def find_standings(tx: Transaction, *, list_id: int, keys: Iterable[str]) -> list[Row]:
    """The known ones of these address keys: address_key, subscriber_id, name, language, attributes (JSON), and
    subscription_id, state, state_before where they are something to the list (else None).
    """
    return tx.rows("enrolment.standings", list_id=list_id, keys=json.dumps(list(keys), ensure_ascii=False))


def export_page(tx: Transaction, *, list_id: int, state: str, after: int, limit: int) -> list[Row]:
    """Members in one state by id, `limit` of them after the id `after`; with the last event of their consent, its
    content and the network address that it came from.
    """
    return tx.rows("enrolment.export_page", list_id=list_id, state=state, after=after, limit=limit)


def list_columns(tx: Transaction, list_id: int) -> list[str]:
    """The imported columns that anybody on the list has, in any state, by name."""
    return [row["name"] for row in tx.rows("enrolment.columns", list_id=list_id)]


def count_audience(tx: Transaction, list_id: int) -> int:
    """How many readers an edition of this list would go to now."""
    found: int = tx.value("enrolment.count_audience", list_id=list_id)
    return found


def cancel_everything(tx: Transaction, subscriber_id: int, now: int) -> int:
    """Cancel the copies and notices of a person that nobody has claimed; returns how many."""
    return cancel_all_copies(tx, subscriber_id, now) + tx.run(
        "enrolment.cancel_notices", subscriber_id=subscriber_id, now=now
    )


def cancel_all_copies(tx: Transaction, subscriber_id: int, now: int) -> int:
    """Cancel the copies of a person on every list that nobody has claimed; returns how many."""
    return tx.run("enrolment.cancel_copies", subscriber_id=subscriber_id, now=now)
