"""The one question to a reader who was suspended for bounces: still there? It has a link to come back."""

from __future__ import annotations

from pressrun.core.address import Address, read_stored_address
from pressrun.core.subscription import SubscriptionState
from pressrun.services.ports import Entropy
from pressrun.services.readers.suspension import FOR_BOUNCES
from pressrun.services.settings import BounceSettings
from pressrun.services.suppression import SuppressionReason, find_reason
from pressrun.store import bounces, lists, notices, subscribers, subscriptions
from pressrun.store.notices import NewNotice
from pressrun.store.subscribers import Subscriber
from pressrun.store.transaction import Row, Transaction

STILL_THERE = "still_there"
_BATCH = 100  # people asked in one transaction
_MISSED_AT_MOST = 10  # editions named in one question


def ask_suspended(tx: Transaction, settings: BounceSettings, entropy: Entropy, now: int) -> int:
    """Queue the question to those who were suspended `probe_after` ago, some at a time; returns how many were due."""
    due = bounces.readers_to_ask(tx, before=int(now - settings.probe_after_seconds), limit=_BATCH)
    for subscriber_id, first_edition_id in due:
        bounces.note_asked(tx, subscriber_id, now)
        person = subscribers.get_subscriber(tx, subscriber_id)
        assert person is not None  # the suspension holds it by a foreign key
        suspended = [row for row in subscriptions.subscriptions_of(tx, subscriber_id) if _waits(row)]
        reason = find_reason(tx, person.digests)
        address = read_stored_address(person.address)
        if suspended and address is not None and reason in (None, SuppressionReason.HARD_BOUNCE):
            _ask(tx, person, address, suspended[0], first_edition_id, settings, entropy(16), now)
    return len(due)


def _waits(row: Row) -> bool:
    is_suspended = row["state"] == SubscriptionState.SUSPENDED and row["suspended_for"] == FOR_BOUNCES
    return is_suspended and row["closed_at"] is None


def _ask(
    tx: Transaction,
    person: Subscriber,
    address: Address,
    row: Row,
    first_edition_id: int,
    settings: BounceSettings,
    secret: bytes,
    now: int,
) -> None:
    subscription = subscriptions.get_subscription(tx, row["id"])
    target = lists.get_list(tx, row["list_id"])
    assert subscription is not None
    assert target is not None
    expires_at = int(now + settings.probe_lifetime_seconds)
    number = subscriptions.insert_confirmation(tx, subscription, name="", language="", now=now, expires_at=expires_at)
    missed = bounces.missed_editions(tx, person.id, first_edition_id=first_edition_id, limit=_MISSED_AT_MOST)
    notices.insert_notice(
        tx,
        NewNotice(
            kind=STILL_THERE,
            address=address,
            message_secret=secret,
            list_id=target.id,
            subscriber_id=person.id,
            language=person.language or target.language,
            payload={
                "confirmation": number,
                "expires_at": expires_at,
                "missed": [[one["title"], one["list_name"], one["slug"]] for one in missed],
            },
        ),
        now,
    )
