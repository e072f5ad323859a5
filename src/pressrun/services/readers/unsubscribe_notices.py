"""Telling readers that they left, with a link that undoes it for a day.

An edition is passed on with its links, and whoever presses one leaves for the reader. So the reader hears of it, but
for those who are back already, suppressed, or told too often. Nobody waits for it: it is done a moment later, some at a
time, since very many leave at once when an edition goes out.
"""

from __future__ import annotations

from dataclasses import dataclass

from pressrun.core.address import Address, read_stored_address
from pressrun.core.keys import KeyRing
from pressrun.core.tokens import suppression_digest
from pressrun.services.ports import Entropy
from pressrun.services.settings import LimitSettings
from pressrun.store import limits, notices, unsubscribes
from pressrun.store.notices import NewNotice
from pressrun.store.transaction import Transaction
from pressrun.store.unsubscribes import PendingUnsubscribeNotice

NOTE = "left"
LIMIT = "leaving_notes_per_address"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeTerms:
    """Under what readers are told that they were unsubscribed."""

    keys: KeyRing
    limits: LimitSettings
    entropy: Entropy


def queue_unsubscribe_notices(tx: Transaction, terms: NoticeTerms, now: float) -> int:
    """Tell readers that they left, some at a time; returns how many leavings were dealt with."""
    found = unsubscribes.due_notices(tx)
    addresses = [(one, read_stored_address(one.address)) for one in found if not one.is_over]
    candidates = [(one, address) for one, address in addresses if address is not None]
    folds = [suppression_digest(terms.keys, address.fold) for _, address in candidates]
    spent = limits.spend_each(tx, LIMIT, folds, terms.limits.unsubscribe_notes_per_address, now)
    told = [pair for pair, is_spent in zip(candidates, spent, strict=True) if is_spent]
    if told:
        notices.insert_notices(tx, [_note(one, address, terms.entropy(16)) for one, address in told], int(now))
        unsubscribes.mark_notified(tx, [one.id for one, _ in told])
    kept = {one.id for one, _ in told}
    if len(kept) < len(found):
        unsubscribes.delete_unsubscribes(tx, [one.id for one in found if one.id not in kept])
    return len(found)


def _note(one: PendingUnsubscribeNotice, address: Address, secret: bytes) -> NewNotice:
    return NewNotice(
        kind=NOTE,
        address=address,
        message_secret=secret,
        list_id=one.list_id,
        subscriber_id=one.subscriber_id,
        language=one.language,
        payload={"leaving": one.id, "expires_at": one.expires_at},
    )
