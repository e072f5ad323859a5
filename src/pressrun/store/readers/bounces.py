"""Bounces, which are stored with their copies, and readers who are suspended for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec import Struct
from msgspec.structs import asdict

from pressrun.core.bounces.classes import BounceClass
from pressrun.core.bounces.scores import Past
from pressrun.core.lifecycles.delivery import REFUSALS, DeliveryState, FailureKind
from pressrun.core.lifecycles.events import EventType
from pressrun.store.programs import events
from pressrun.store.queue import deliveries
from pressrun.store.queue.copy_counts import count_move
from pressrun.store.transaction import Row, Transaction, in_json

_NOT_ENDED = frozenset({"queued", "claimed", "deferred", "delivered"})  # states that a notification may still end
_HOW = "bounces"  # subscriptions are suspended here
_LONGEST_HISTORY = 1000  # no limit in [bounces] can be higher


class Failure(Struct, frozen=True, kw_only=True):
    """What a notification says about a copy; `code` and `enhanced` are None when the remote server gave none."""

    kind: FailureKind
    bounce: BounceClass
    code: int | None
    enhanced: str | None
    reply: str


class ReportedCopy(Struct, frozen=True, kw_only=True):
    """A copy of an edition, or a notice, to which a bounce or complaint may refer."""

    id: int
    state: DeliveryState
    edition_id: int | None
    notice_id: int | None
    notice_kind: str | None
    list_name: str | None  # of a notice
    domain: str
    recorded_at: int | None
    subscriber_id: int | None  # None if the reader is gone, or a notice went to somebody else
    address: str | None


class BouncedCopy(Struct, frozen=True, kw_only=True):
    """A copy of an edition that failed."""

    id: int
    edition_id: int
    list_id: int
    title: str  # of the edition
    domain: str
    subscriber_id: int | None  # None if the reader is gone, or is already suspended for bounces


def find_copy(tx: Transaction, delivery_id: int) -> ReportedCopy | None:
    """A copy or notice by its id."""
    return find_copies(tx, [delivery_id]).get(delivery_id)


def find_copies(tx: Transaction, delivery_ids: Collection[int]) -> dict[int, ReportedCopy]:
    """Copies and notices by their ids."""
    return {copy.id: copy for copy in tx.parsed_rows(ReportedCopy, "bounces.copies", ids=in_json(list(delivery_ids)))}


def find_failed_copies(tx: Transaction, delivery_ids: Collection[int]) -> list[BouncedCopy]:
    """Those of these ids that are copies of editions, in the same order."""
    failed = tx.parsed_rows(BouncedCopy, "bounces.failed_copies", ids=in_json(list(delivery_ids)))
    copies = {copy.id: copy for copy in failed}
    return [copies[number] for number in delivery_ids if number in copies]


def fail_copy(tx: Transaction, delivery_id: int, failure: Failure, now: int) -> bool:
    """Record that a copy has failed after all; False when it already had another final state."""
    copy = find_copy(tx, delivery_id)
    if copy is None or copy.state not in _NOT_ENDED:
        return False
    tx.run("bounces.keep_handover", id=delivery_id, state=copy.state)
    failed = tx.run("bounces.fail", id=delivery_id, state=copy.state, **asdict(failure), now=now)
    refused = failed if failure.kind in REFUSALS else 0
    count_move(tx, copy.edition_id, copy.state, DeliveryState.FAILED, failed, refused=refused)
    if failed:
        events.record_failed_copies(tx, [delivery_id])
    return failed > 0


def histories(tx: Transaction, subscriber_ids: Collection[int]) -> dict[int, list[Past]]:
    """The results of each person's copies on all lists since they last came back, newest first."""
    results: dict[int, list[Past]] = {number: [] for number in subscriber_ids}
    for row in tx.rows("bounces.histories", ids=in_json(list(results)), limit=_LONGEST_HISTORY):
        results[row["subscriber_id"]].append(_past(row))
    return results


def _past(row: Row) -> Past:
    if row["state"] == DeliveryState.DELIVERED:
        return Past(edition_id=row["edition_id"], delivered_at=row["recorded_at"])
    return Past(edition_id=row["edition_id"], bounce=None if row["bounce"] is None else BounceClass(row["bounce"]))


def suspend(tx: Transaction, first_editions: Mapping[int, int], *, suppressed: Collection[int], now: int) -> list[int]:
    """Suspend people for bounces on every list, and cancel their waiting copies; returns their ids.

    Those who are suspended for bounces already are left alone. `first_editions` has the first edition that bounced, by
    the person; the addresses of those in `suppressed` get no mail at all, unless there is a stronger reason for that
    already.
    """
    pairs = in_json(sorted(first_editions.items()))
    rows = tx.rows("bounces.suspend", suspensions=pairs, now=now)
    taken = {row["subscriber_id"] for row in rows}
    if not taken:
        return []
    ids, hard = in_json(sorted(taken)), in_json(sorted(taken.intersection(suppressed)))
    suspended = [
        (row["list_id"], row["subscriber_id"])
        for row in tx.rows("bounces.suspend_subscriptions", ids=ids, now=now)
        if row["suspended_for"] is not None
    ]
    events.record_for_readers(tx, EventType.SUBSCRIPTION_SUSPENDED, suspended, _HOW)
    if not taken.isdisjoint(suppressed):
        tx.run("bounces.suppress", ids=hard, now=now)
        suppressible = sorted(row["subscriber_id"] for row in rows if row["is_suppressible"])
        readers = [(None, number) for number in suppressible if number in suppressed]
        events.record_for_readers(tx, EventType.SUBSCRIBER_SUPPRESSED, readers, "hard-bounce")
    deliveries.cancel_rows(tx, tx.rows("bounces.waiting_copies", ids=ids, suppressed=hard), now)
    return [number for number in first_editions if number in taken]


def end_suspension(tx: Transaction, subscriber_id: int, now: int) -> bool:
    """Record that a person came back; False when they were not suspended for bounces."""
    return tx.run("bounces.end_suspension", subscriber_id=subscriber_id, now=now) > 0


def begin_history(tx: Transaction, subscriber_id: int, now: int) -> None:
    """Let no copy that was attempted before this moment count against a person, who is not suspended for bounces."""
    tx.run("bounces.begin_history", subscriber_id=subscriber_id, now=now)


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
