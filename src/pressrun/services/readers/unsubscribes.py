"""Unsubscribing, by link, one-click request or mail, and the notice that tells the reader about it.

One transaction holds the end of the subscription, its evidence and what undoes it. Very many readers leave at once when
an edition goes out, so requests that arrive together are carried out together, by few statements for all of them.

Editions are passed on with their links, and anybody who follows one unsubscribes the reader. So the reader gets a
notice with a link that undoes it for a day, unless they are back already, suppressed, or notified too often. It is
queued a moment later, in batches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from pressrun.core.addresses.address import Address, find_address
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.core.signing.tokens import suppression_digest
from pressrun.services.context import ServiceContext
from pressrun.services.ports import Waker
from pressrun.services.readers.requests import Origin
from pressrun.store import limits
from pressrun.store.editions.editions import count_unsubscribed
from pressrun.store.queue import deliveries, notices
from pressrun.store.queue.notices import NewNotice
from pressrun.store.readers import consent, language_switch, subscriptions, unsubscribes
from pressrun.store.readers.consent import ConsentEvent
from pressrun.store.readers.subscriptions import PAUSED, SubscriptionDetails, find_subscription_details
from pressrun.store.readers.unsubscribes import PendingUnsubscribeNotice, Unsubscriber
from pressrun.store.transaction import Transaction

NOTICE = "left"
NOTICE_LIMIT = "leaving_notes_per_address"  # its scope in the database


class UnsubscribeOutcome(StrEnum):
    """What a request to unsubscribe did."""

    LEFT = "left"
    NOT_SUBSCRIBED = "not subscribed"


class UsedLink(StrEnum):
    """The link that was used, which tells how sure it is that the reader used it, and what they meant."""

    MAILED = "mailed"  # of an edition, or an address to write to: may be passed on, and means the whole newsletter
    LASTING = "lasting"  # the preferences link of an edition: may be passed on, and shows this very subscription
    OWN = "own"  # the preferences link that only the reader can have: needs no notice and no link to undo it


class UnsubscribeRequest(msgspec.Struct, frozen=True):
    """A request to unsubscribe. `edition_id` is the edition that counts it: the one whose link was used or, for a mail,
    the latest one that they got; 0 for none. `how` says how they left, if the source of the request does not.
    """

    subscription_id: int
    origin: Origin
    edition_id: int = 0
    link: UsedLink = UsedLink.MAILED
    how: str = ""

    @property
    def is_followed(self) -> bool:
        """Whether it also ends the subscription in another language that has replaced this one."""
        return self.link is UsedLink.MAILED


class Unsubscribes:
    """The services behind unsubscribe links and mails; `notify` wakes the loop that queues notices."""

    def __init__(self, context: ServiceContext, notify: Waker) -> None:
        self._context = context
        self._notify = notify

    async def unsubscribe(
        self, subscription_id: int, origin: Origin, *, edition_id: int = 0, how: str = ""
    ) -> UnsubscribeOutcome:
        """End a subscription and its copies that nobody has claimed; a second time changes nothing.

        The reader is notified and can undo it, because the link may have been passed on.
        """
        request = UnsubscribeRequest(subscription_id, origin, edition_id, how=how)
        answer = await self._context.database.share_set(self._unsubscribe, request)
        self._notify()
        return answer

    async def find(self, subscription_id: int) -> SubscriptionDetails | None:
        """The subscription that an unsubscribe link is for, or what it became in another language."""
        return await self._context.database.read(_find_followed, subscription_id)

    def _unsubscribe(self, tx: Transaction, requests: Sequence[UnsubscribeRequest]) -> list[UnsubscribeOutcome]:
        return unsubscribe(tx, requests, self._context)


def notify_unsubscribers(tx: Transaction, context: ServiceContext) -> int:
    """Queue the notices of a batch of unsubscribes; returns how many unsubscribes the batch had."""
    now = context.clock()
    due = unsubscribes.claim_notices(tx)
    candidates = [
        (pending, address)
        for pending in due
        if not pending.is_over and (address := find_address(pending.address)) is not None
    ]
    folds = [suppression_digest(context.keys, address.fold) for _, address in candidates]
    spent = limits.spend_each(tx, NOTICE_LIMIT, folds, context.limits.unsubscribe_notes_per_address, now)
    notified = [pair for pair, is_spent in zip(candidates, spent, strict=True) if is_spent]
    if notified:
        made = [_new_notice(pending, address, context.entropy(16)) for pending, address in notified]
        notices.insert_notices(tx, made, int(now))
    kept = {pending.id for pending, _ in notified}
    if len(kept) < len(due):
        unsubscribes.delete_unsubscribes(tx, [pending.id for pending in due if pending.id not in kept])
    return len(due)


def unsubscribe(
    tx: Transaction, requests: Sequence[UnsubscribeRequest], context: ServiceContext
) -> list[UnsubscribeOutcome]:
    """Carry out requests to unsubscribe; the first of two by one reader is the one that counts.

    A subscription that moved to another language stands for what it became, so links in old mails keep working. So does
    one that waits for a new confirmation, since anybody may have asked for that; the pending request ends, too. Where a
    sync has removed the reader before, it is on record now that they do not want to come back.
    """
    present = unsubscribes.find_unsubscribers(tx, [request.subscription_id for request in requests])
    led_to: dict[int, int] = {}
    moved = [request.subscription_id for request in requests if request.is_followed and not _is_live(request, present)]
    if moved:
        led_to = language_switch.follow(tx, moved)
        present |= unsubscribes.find_unsubscribers(tx, list(led_to.values()))
    gone: list[tuple[UnsubscribeRequest, Unsubscriber]] = []
    answers = []
    for request in requests:
        number = request.subscription_id
        meant = (number, led_to.get(number, number)) if request.is_followed else (number,)
        readers = [reader for subscription_id in meant if (reader := present.pop(subscription_id, None)) is not None]
        gone += [(request, reader) for reader in readers]
        has_left = any(reader.state is not SubscriptionState.UNSUBSCRIBED for reader in readers)
        answers.append(UnsubscribeOutcome.LEFT if has_left else UnsubscribeOutcome.NOT_SUBSCRIBED)
    if gone:
        now = context.clock()
        _end(tx, gone, int(now))
        evidence = [_evidence(request, reader, int(now), context.entropy(16)) for request, reader in gone]
        consent.append_consent(tx, *evidence)
        _remember(tx, gone, context.tokens.undo_unsubscribe_seconds, now)
    return answers


def _is_live(request: UnsubscribeRequest, present: Mapping[int, Unsubscriber]) -> bool:
    reader = present.get(request.subscription_id)
    return reader is not None and reader.state not in (SubscriptionState.PENDING, SubscriptionState.UNSUBSCRIBED)


def _end(tx: Transaction, gone: Sequence[tuple[UnsubscribeRequest, Unsubscriber]], now: int) -> None:
    alike: dict[tuple[str, str], dict[int, int]] = {}
    for request, reader in gone:
        alike.setdefault((request.origin.source, request.how), {})[reader.id] = request.edition_id
    for (source, how), ended in alike.items():
        counting = {number: edition_id for number, edition_id in ended.items() if edition_id}
        subscriptions.end_subscriptions(tx, list(ended), source, now, how=how, editions=counting)
    deliveries.cancel_copies(tx, [reader.id for _, reader in gone], now)
    counted = Counter(
        request.edition_id
        for request, reader in gone
        if request.edition_id and reader.state not in (SubscriptionState.PENDING, SubscriptionState.UNSUBSCRIBED)
    )
    for edition_id, number in counted.items():
        count_unsubscribed(tx, edition_id, now, number)


def _evidence(request: UnsubscribeRequest, reader: Unsubscriber, now: int, salt: bytes) -> ConsentEvent:
    return ConsentEvent(
        subscriber_id=reader.subscriber_id,
        list_id=reader.list_id,
        list_name=reader.list_name,
        event="withdrawn",
        at=now,
        salt=salt,
        address=reader.address,
        **request.origin.evidence(reader.list_language),
    )


def _remember(
    tx: Transaction, gone: Sequence[tuple[UnsubscribeRequest, Unsubscriber]], seconds: float, now: float
) -> None:
    """Keep what undoing restores, for this long; the reader is notified a moment later."""
    kept = [
        (reader, request.edition_id or None, request.origin.language)
        for request, reader in gone
        if seconds and request.link is not UsedLink.OWN and reader.is_noted and _reads(reader)
    ]
    if kept:
        unsubscribes.insert_unsubscribes(tx, kept, left_at=int(now), expires_at=int(now + seconds))


def _reads(reader: Unsubscriber) -> bool:
    """Whether mail of the list went to them, or would again after a pause."""
    return reader.state is SubscriptionState.ACTIVE or reader.suspended_for == PAUSED


def _new_notice(pending: PendingUnsubscribeNotice, address: Address, secret: bytes) -> NewNotice:
    return NewNotice(
        kind=NOTICE,
        address=address,
        message_secret=secret,
        list_id=pending.list_id,
        subscriber_id=pending.subscriber_id,
        language=pending.language,
        payload={"unsubscribe": pending.id, "expires_at": pending.expires_at},
    )


def _find_followed(tx: Transaction, subscription_id: int) -> SubscriptionDetails | None:
    followed = language_switch.follow(tx, [subscription_id]).get(subscription_id, subscription_id)
    return find_subscription_details(tx, followed)
