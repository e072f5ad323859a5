"""Bounces, which are stored with their copies, and readers who are suspended for them."""

from __future__ import annotations

from dataclasses import dataclass

from pressrun.core.bounces import BounceClass
from pressrun.core.delivery import REFUSALS, DeliveryState, FailureKind
from pressrun.core.scores import Past
from pressrun.store.copy_counts import count_move
from pressrun.store.transaction import Row, Transaction, columns_of

_NOT_ENDED = frozenset({"queued", "claimed", "deferred", "delivered"})  # states that a notification may still end
_LONGEST_HISTORY = 1000  # no limit in [bounces] can be higher


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What a notification says about a copy; `code` and `enhanced` are None when the remote server gave none."""

    kind: FailureKind
    bounce: BounceClass
    code: int | None
    enhanced: str | None
    reply: str


def find_copy(tx: Transaction, delivery_id: int) -> Row | None:
    """A copy or notice: id, state, edition_id, notice_id, domain, subscriber_id, address; kind and list of a notice."""
    return tx.row("bounces.copy", id=delivery_id)


def fail_copy(tx: Transaction, delivery_id: int, failure: Failure, now: int) -> bool:
    """Record that a copy has failed after all; False when it already had another final state."""
    copy = find_copy(tx, delivery_id)
    if copy is None or copy["state"] not in _NOT_ENDED:
        return False
    state = DeliveryState(copy["state"])
    tx.run("bounces.keep_handover", id=delivery_id)
    failed = tx.run("bounces.fail", id=delivery_id, state=state, **columns_of(failure), now=now)
    refused = failed if failure.kind in REFUSALS else 0
    count_move(tx, copy["edition_id"], state, DeliveryState.FAILED, failed, refused=refused)
    return failed > 0


def history(tx: Transaction, subscriber_id: int) -> list[Past]:
    """The results of a person's copies on all lists since they last came back, newest first."""
    rows = tx.rows("bounces.history", subscriber_id=subscriber_id, limit=_LONGEST_HISTORY)
    return [_past(row) for row in rows]


def _past(row: Row) -> Past:
    if row["state"] == DeliveryState.DELIVERED:
        return Past(edition_id=row["edition_id"], delivered_at=row["settled_at"])
    return Past(edition_id=row["edition_id"], bounce=None if row["bounce"] is None else BounceClass(row["bounce"]))


def suspend(tx: Transaction, subscriber_id: int, *, first_edition_id: int, now: int) -> bool:
    """Record that a person is suspended for bounces, before the effects; False when they are already."""
    return tx.run("bounces.suspend", subscriber_id=subscriber_id, first_edition_id=first_edition_id, now=now) > 0


def end_suspension(tx: Transaction, subscriber_id: int, now: int) -> bool:
    """Record that a person came back; False when they were not suspended for bounces."""
    return tx.run("bounces.end_suspension", subscriber_id=subscriber_id, now=now) > 0


def is_suspended(tx: Transaction, subscriber_id: int) -> bool:
    """Whether a person is suspended for bounces."""
    return bool(tx.value("bounces.is_suspended", subscriber_id=subscriber_id))


def is_probe_due(tx: Transaction, before: int) -> bool:
    """Whether a reader was suspended before `before` and got no probe yet."""
    return bool(tx.value("bounces.is_probe_due", before=before))


def claim_probes(tx: Transaction, *, before: int, limit: int, now: int) -> list[tuple[int, int]]:
    """Take a batch of readers suspended before `before` for their only probe, which the same transaction queues.

    Returns (person, first edition that bounced) of each.
    """
    rows = tx.rows("bounces.claim_probes", before=before, limit=limit, now=now)
    return sorted((row["subscriber_id"], row["first_edition_id"]) for row in rows)


def missed_editions(tx: Transaction, subscriber_id: int, *, first_edition_id: int, limit: int) -> list[Row]:
    """list_name, slug and title of public editions that a suspended person did not get, newest first."""
    return tx.rows("bounces.missed", subscriber_id=subscriber_id, first_edition_id=first_edition_id, limit=limit)


def count_by_class(tx: Transaction, edition_id: int) -> dict[str, int]:
    """How many copies of an edition bounced, by class, without classes that have none."""
    return {row["bounce"]: row["number"] for row in tx.rows("bounces.count_by_class", edition_id=edition_id)}


def count_handovers(tx: Transaction, edition_id: int) -> dict[int, int]:
    """How many copies of an edition the relay had accepted in each second and that bounced later."""
    return {row["at"]: row["number"] for row in tx.rows("bounces.count_handovers", edition_id=edition_id)}
