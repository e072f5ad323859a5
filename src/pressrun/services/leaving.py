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
from pressrun.store import leavings, limits, notices, subscriptions, suppressions
from pressrun.store.leavings import Leaving
from pressrun.store.lists import MailingList
from pressrun.store.notices import NewNotice
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
    entropy: Entropy


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """Somebody who has just left: `former` is the subscription as it was, `language` that of the request.

    `edition_id` is the edition by whose link they left, 0 for none.
    """

    former: Subscription
    list: MailingList
    language: str = ""
    edition_id: int = 0


def remember_leaving(tx: Transaction, gone: Departure, tokens: TokenSettings, now: float) -> None:
    """Remember what undoing restores; the reader is told a moment later, by `note_leavings`.

    When an edition goes out very many leave at once, and the note costs several times what leaving does.
    """
    lifetime = tokens.undo_leaving_seconds
    if not (lifetime and gone.list.leaving_note and gone.list.closed_at is None and _reads(gone.former)):
        return
    leavings.insert_leaving(
        tx,
        gone.former.id,
        {name: getattr(gone.former, name) for name in RESTORED_FIELDS},
        edition_id=gone.edition_id or None,
        left_at=int(now),
        expires_at=int(now + lifetime),
        language=gone.language,
    )


def note_leavings(tx: Transaction, terms: NoteTerms, now: float) -> int:
    """Tell readers that they left, some at a time; returns how many leavings were dealt with."""
    found = leavings.leavings_to_note(tx)
    for leaving in found:
        if _note(tx, leaving, terms, now):
            leavings.mark_noted(tx, leaving.id)
        else:
            leavings.delete_leaving(tx, leaving.id)
    return len(found)


def _note(tx: Transaction, leaving: Leaving, terms: NoteTerms, now: float) -> bool:
    """Queue the note; False where none goes out."""
    standing = subscriptions.get_standing(tx, leaving.subscription_id)
    assert standing is not None  # the leaving holds it by a foreign key
    subscription, person, target = standing
    if subscription.state is not SubscriptionState.UNSUBSCRIBED:  # they are back already
        return False
    if suppressions.find_suppression(tx, person.suppression_digest) is not None:
        return False
    address = parse_address(person.address)
    fold = suppression_digest(terms.keys, address.fold)
    if not limits.spend(tx, LIMIT, fold, terms.limits.leaving_notes_per_address, now):
        return False
    notices.insert_notice(
        tx,
        NewNotice(
            kind=NOTE,
            address=address,
            message_secret=terms.entropy(16),
            list_id=target.id,
            subscriber_id=person.id,
            language=person.language or leaving.language or target.language,
            payload={"leaving": leaving.id, "expires_at": leaving.expires_at},
        ),
        int(now),
    )
    return True


def _reads(former: Subscription) -> bool:
    """Whether mail of the list went to them, or would again after a pause."""
    return former.state is SubscriptionState.ACTIVE or former.suspended_for == "paused"
