"""Leaving a list, by whatever way: one transaction holds the end of the subscription, its evidence and what undoes it.

When an edition goes out very many leave at once, so what comes together is carried out together, by few statements for
all of them. The caller learns nothing but whether somebody left. Why readers are told of it stands in `leaving_notes`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from pressrun.core.subscription import SubscriptionState
from pressrun.services.readers.context import ReaderContext
from pressrun.services.readers.sign_ups import Origin, language_of_evidence
from pressrun.services.readers.unsubscribe_notices import NoticeTerms, queue_unsubscribe_notices
from pressrun.store import consent, language_switch, subscriptions, unsubscribes
from pressrun.store.consent import ConsentEvent
from pressrun.store.editions import count_unsubscribed
from pressrun.store.transaction import Transaction
from pressrun.store.unsubscribes import Unsubscriber


class UnsubscribeOutcome(StrEnum):
    """What leaving did."""

    LEFT = "left"
    NOT_SUBSCRIBED = "not subscribed"


class UnsubscribeRequest(msgspec.Struct, frozen=True):
    """Somebody's wish to leave. `edition_id` is the edition by whose link, 0 for none.

    `is_told` is false where it was certainly the reader, who then needs no note, and no link to undo it. `is_followed`
    is false where the reader saw this very subscription, and does not mean what it became in another language.
    """

    subscription_id: int
    origin: Origin
    edition_id: int = 0
    is_told: bool = True
    is_followed: bool = True


class Unsubscribes:
    """The use case of leaving, and of telling readers that they left."""

    def __init__(self, context: ReaderContext) -> None:
        self._context = context

    async def leave(self, subscription_id: int, origin: Origin, *, edition_id: int = 0) -> UnsubscribeOutcome:
        """End a subscription and its copies that are not claimed yet; doing it twice is as good as once.

        The reader is told by mail, and can undo it: the link may have been passed on.
        """
        departure = UnsubscribeRequest(subscription_id, origin, edition_id)
        answer = await self._context.database.share_set(self.leave_within, departure)
        self._context.asked.set()  # the loop of requests writes the notes
        return answer

    def leave_within(self, tx: Transaction, departures: Sequence[UnsubscribeRequest]) -> list[UnsubscribeOutcome]:
        """`leave` for several, as a part of somebody else's transaction: the answer to each."""
        return unsubscribe(tx, departures, self._context)

    def note_within(self, tx: Transaction) -> int:
        """Tell readers that they left, some at a time; returns how many leavings were dealt with."""
        context = self._context
        return queue_unsubscribe_notices(
            tx, NoticeTerms(keys=context.keys, limits=context.limits, entropy=context.entropy), context.clock()
        )


def unsubscribe(
    tx: Transaction, departures: Sequence[UnsubscribeRequest], context: ReaderContext
) -> list[UnsubscribeOutcome]:
    """Carry out wishes to leave; the first of two by one reader is the one that counts.

    A subscription that went over to another language stands for the one that it became: links in old mails work on. So
    it does while it waits for its proof once more, since anybody may have asked for it; that request ends, too.
    """
    wishes = [one.subscription_id for one in departures]
    present = unsubscribes.find_unsubscribers(tx, wishes)
    led_to: dict[int, int] = {}
    if over := [one.subscription_id for one in departures if one.is_followed and not _is_live(one, present)]:
        led_to = language_switch.follow(tx, over)
        present |= unsubscribes.find_unsubscribers(tx, list(led_to.values()))
    gone: list[tuple[UnsubscribeRequest, Unsubscriber]] = []
    answers = []
    for one in departures:
        number = one.subscription_id
        meant = (number, led_to.get(number, number)) if one.is_followed else (number,)
        unsubscribers = [unsubscriber for wanted in meant if (unsubscriber := present.pop(wanted, None)) is not None]
        gone += [(one, unsubscriber) for unsubscriber in unsubscribers]
        answers.append(UnsubscribeOutcome.LEFT if unsubscribers else UnsubscribeOutcome.NOT_SUBSCRIBED)
    if gone:
        now = context.clock()
        _end(tx, gone, int(now))
        consent.append_consent(
            tx, *(_evidence(one, unsubscriber, int(now), context.entropy(16)) for one, unsubscriber in gone)
        )
        _remember(tx, gone, context.tokens.undo_unsubscribe_seconds, now)
    return answers


def _is_live(one: UnsubscribeRequest, present: Mapping[int, Unsubscriber]) -> bool:
    unsubscriber = present.get(one.subscription_id)
    return unsubscriber is not None and unsubscriber.state is not SubscriptionState.PENDING


def _end(tx: Transaction, gone: Sequence[tuple[UnsubscribeRequest, Unsubscriber]], now: int) -> None:
    by_source: dict[str, list[int]] = {}
    for one, unsubscriber in gone:
        by_source.setdefault(one.origin.source, []).append(unsubscriber.id)
    for source, ids in by_source.items():
        subscriptions.end_subscriptions(tx, ids, source, now)
    subscriptions.cancel_copies(tx, [unsubscriber.id for _, unsubscriber in gone], now)
    counted = Counter(
        one.edition_id
        for one, unsubscriber in gone
        if one.edition_id and unsubscriber.state is not SubscriptionState.PENDING
    )
    for edition_id, number in counted.items():
        count_unsubscribed(tx, edition_id, now, number)


def _evidence(one: UnsubscribeRequest, unsubscriber: Unsubscriber, now: int, salt: bytes) -> ConsentEvent:
    origin = one.origin
    return ConsentEvent(
        subscriber_id=unsubscriber.subscriber_id,
        list_id=unsubscriber.list_id,
        list_name=unsubscriber.list_name,
        event="withdrawn",
        at=now,
        source=origin.source,
        salt=salt,
        address=unsubscriber.address,
        ip=origin.ip,
        language=language_of_evidence(origin, unsubscriber.list_language),
        text=origin.words,
        mail=origin.mail,
        message_id=origin.in_reply_to,
    )


def _remember(
    tx: Transaction, gone: Sequence[tuple[UnsubscribeRequest, Unsubscriber]], seconds: float, now: float
) -> None:
    """Remember what undoing restores, for so long; the reader is told a moment later."""
    told = [
        (unsubscriber, one.edition_id or None, one.origin.language)
        for one, unsubscriber in gone
        if seconds and one.is_told and unsubscriber.is_noted and _reads(unsubscriber)
    ]
    if told:
        unsubscribes.insert_unsubscribes(tx, told, left_at=int(now), expires_at=int(now + seconds))


def _reads(unsubscriber: Unsubscriber) -> bool:
    """Whether mail of the list went to them, or would again after a pause."""
    return unsubscriber.state is SubscriptionState.ACTIVE or unsubscriber.suspended_for == "paused"
