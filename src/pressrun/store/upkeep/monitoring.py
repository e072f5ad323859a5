"""What monitoring measures in the database, each with a few index lookups or a slice at a time, at any size."""

from __future__ import annotations

from msgspec import Struct

from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.store.transaction import Transaction

SLICE = 50_000  # subscriptions counted in one transaction, so that nobody waits for more than that
MOST_NOTICES = 10_000  # searched for the latest alert, because there is no index by kind
MOST_WAITING = 10_000  # mails counted; with more of them the number says enough


class AlertTries(Struct, frozen=True):
    """How many mails of an alert failed, when the latest did (UTC seconds), and how many others there are."""

    failed: int
    failed_at: int | None
    others: int


def list_names(tx: Transaction) -> dict[int, str]:
    """The names of all lists by id, the oldest first."""
    return {row["id"]: row["name"] for row in tx.rows("monitoring.lists")}


def oldest_due_at(tx: Transaction, now: int) -> int | None:
    """Since when (UTC seconds) the oldest copy of an edition that is being sent has been due; None if none is."""
    due_at: int | None = tx.value("monitoring.oldest_due")
    return None if due_at is None or due_at > now else due_at


def count_waiting_mail(tx: Transaction, before: int) -> dict[str, int]:
    """How many of the first MOST_WAITING mails that came before `before` still wait to be processed, by queue."""
    rows = tx.rows("monitoring.waiting_mail", before=before, most=MOST_WAITING)
    return {row["queue"]: row["number"] for row in rows}


def count_paused(tx: Transaction, on_purpose: tuple[str, str]) -> tuple[int, int]:
    """How many editions are paused: for one of these two reasons, and for any other."""
    by_hand, after_canary = on_purpose
    row = tx.row("monitoring.paused", by_hand=by_hand, after_canary=after_canary)
    assert row is not None  # an aggregate always has a row
    return int(row["on_purpose"]), int(row["number"]) - int(row["on_purpose"])


def count_readers(tx: Transaction, list_id: int, state: SubscriptionState, after: int) -> tuple[int, int]:
    """How many readers a slice of a list has in a state, and its last subscription; the slice begins after `after`."""
    row = tx.row("monitoring.readers", list_id=list_id, state=state, after=after, most=SLICE)
    assert row is not None  # an aggregate always has a row
    return int(row["number"]), int(row["last_id"] or after)


def database_bytes(tx: Transaction) -> int:
    """The size of the database as its engine sees it, without SQLite's write-ahead log."""
    return int(tx.value("monitoring.size"))


def refusal_of_latest_alert(tx: Transaction, operator: str) -> str | None:
    """The mail server's reply if the latest alert by email to the operator did not arrive; None if it did."""
    row = tx.row("monitoring.latest_alert", address=operator, most=MOST_NOTICES)
    return None if row is None or row["state"] != DeliveryState.FAILED else row["reply"] or ""


def count_alert_tries(tx: Transaction, kind: str, *, key: str, subject: str, since: int) -> AlertTries:
    """The mails of this kind since a time about the same `subject`, which is in their payload under `key`."""
    row = tx.row("monitoring.alert_tries", kind=kind, key=key, subject=subject, since=since, most=MOST_NOTICES)
    assert row is not None  # an aggregate always has a row
    return AlertTries(row["failed"], row["failed_at"], row["others"])
