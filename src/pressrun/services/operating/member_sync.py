"""The sync of a list with a roster: its members of the source `sync` become what the roster says, and nobody else.

Members from other sources are not changed, and anyone who left or is suppressed is not added. Changes are made in
slices, each a transaction with its evidence, so a killed sync leaves a list that the next one completes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pressrun.core.subscription import SubscriptionState
from pressrun.services.operating.import_decision import SYNC
from pressrun.services.operating.subscriber_import import require_open_list
from pressrun.services.ports import Entropy
from pressrun.store import consent, deliveries, enrolment, subscriptions
from pressrun.store.consent import ConsentEvent
from pressrun.store.transaction import Transaction

_PAGE = 1000


def synced_members(tx: Transaction, list_name: str) -> Iterator[str]:
    """The address keys of all members that a sync has brought in, in their order. Raises NotFound, Refused."""
    target, after = require_open_list(tx, list_name), ""
    while page := enrolment.members_of_source(tx, list_id=target.id, source=SYNC, after=after, limit=_PAGE):
        yield from page
        after = page[-1]


def remove_synced(tx: Transaction, list_name: str, keys: Sequence[str], *, entropy: Entropy, now: int) -> int:
    """End the subscriptions of these people that a sync has brought in; returns how many. Raises NotFound, Refused."""
    target = require_open_list(tx, list_name)
    leaving = [
        row
        for row in enrolment.find_standings(tx, list_id=target.id, keys=sorted(keys))
        if row["source"] == SYNC and row["state"] != SubscriptionState.UNSUBSCRIBED
    ]
    ids = [row["subscription_id"] for row in leaving]
    if not ids:
        return 0
    enrolment.lock_subscriptions(tx, ids)
    subscriptions.end_subscriptions(tx, ids, SYNC, now)
    deliveries.cancel_copies(tx, ids, now)
    events = [
        ConsentEvent(
            subscriber_id=row["subscriber_id"],
            list_id=target.id,
            list_name=target.name,
            event="removed",
            at=now,
            source=SYNC,
            salt=entropy(16),
            address=row["address"],
        )
        for row in leaving
    ]
    consent.append_consent(tx, *events)
    return len(ids)


def leavers(listed: Iterator[str], members: Iterator[str]) -> Iterator[str]:
    """The members who are not listed; both are in the same order, and none comes twice among the members."""
    entry = next(listed, None)
    for member in members:
        while entry is not None and entry < member:
            entry = next(listed, None)
        if entry != member:
            yield member
