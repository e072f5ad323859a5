"""Leaving by a link that others may have had: the reader is told, with a link that undoes it for a day.

An edition is passed on with its links, and whoever presses one leaves for the reader. So the reader hears of it, but
for those who are not to be written to: never confirmed, suspended for bounces, suppressed, or told too often already.
"""

from __future__ import annotations

from dataclasses import dataclass

from pressrun.core.address import parse_address
from pressrun.core.keys import KeyRing
from pressrun.core.subscription import SubscriptionState
from pressrun.core.tokens import suppression_digest
from pressrun.services.ports import Entropy
from pressrun.services.settings import LimitSettings, TokenSettings
from pressrun.store import leavings, limits, notices, suppressions
from pressrun.store.lists import MailingList
from pressrun.store.notices import NewNotice
from pressrun.store.subscribers import Subscriber
from pressrun.store.subscriptions import Subscription
from pressrun.store.transaction import Transaction

NOTE = "left"
LIMIT = "leaving_notes_per_address"
RESTORED_FIELDS = ("state", "suspended_for", "paused_until", "source", "since")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteTerms:
    """Under what readers are told that they were unsubscribed."""

    keys: KeyRing
    limits: LimitSettings
    tokens: TokenSettings
    entropy: Entropy


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """Somebody who has just left: `former` is the subscription as it was, `language` that of the request.

    `edition_id` is the edition by whose link they left, 0 for none.
    """

    former: Subscription
    person: Subscriber
    list: MailingList
    language: str = ""
    edition_id: int = 0


def note_leaving(tx: Transaction, gone: Departure, terms: NoteTerms, now: float) -> bool:
    """Queue the note and remember what undoing restores; False where no note goes out."""
    lifetime = terms.tokens.undo_leaving_seconds
    if not (lifetime and gone.list.leaving_note and gone.list.closed_at is None and _reads(gone.former)):
        return False
    if suppressions.find_suppression(tx, gone.person.suppression_digest) is not None:
        return False
    address = parse_address(gone.person.address)
    fold = suppression_digest(terms.keys, address.fold)
    if not limits.spend(tx, LIMIT, fold, terms.limits.leaving_notes_per_address, now):
        return False
    left_at, expires_at = int(now), int(now + lifetime)
    number = leavings.insert_leaving(
        tx,
        gone.former.id,
        {name: getattr(gone.former, name) for name in RESTORED_FIELDS},
        edition_id=gone.edition_id or None,
        left_at=left_at,
        expires_at=expires_at,
    )
    notices.insert_notice(
        tx,
        NewNotice(
            kind=NOTE,
            address=address,
            message_secret=terms.entropy(16),
            list_id=gone.list.id,
            subscriber_id=gone.person.id,
            language=gone.person.language or gone.language or gone.list.language,
            payload={"leaving": number, "expires_at": expires_at},
        ),
        left_at,
    )
    return True


def _reads(former: Subscription) -> bool:
    """Whether mail of the list went to them, or would again after a pause."""
    return former.state is SubscriptionState.ACTIVE or former.suspended_for == "paused"
