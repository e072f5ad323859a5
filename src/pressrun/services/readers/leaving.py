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
from pressrun.services.ports import Waker
from pressrun.services.readers.desk import Desk
from pressrun.services.readers.leaving_notes import NoteTerms, note_leavings
from pressrun.services.readers.subscribing import Origin, language_of_evidence
from pressrun.store import consent, leavings, subscriptions, switching
from pressrun.store.consent import ConsentEvent
from pressrun.store.editions import count_unsubscribed
from pressrun.store.leavings import Leaver
from pressrun.store.transaction import Transaction


class Left(StrEnum):
    """What leaving did."""

    LEFT = "left"
    NOT_SUBSCRIBED = "not subscribed"


class Departure(msgspec.Struct, frozen=True):
    """Somebody's wish to leave. `edition_id` is the edition by whose link, 0 for none.

    `is_told` is false where it was certainly the reader, who then needs no note, and no link to undo it. `is_followed`
    is false where the reader saw this very subscription, and does not mean what it became in another language.
    """

    subscription_id: int
    origin: Origin
    edition_id: int = 0
    is_told: bool = True
    is_followed: bool = True


class Leaving:
    """The use case of leaving, and of telling readers that they left."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.after: Waker = lambda: None  # tells whoever writes the notes

    async def leave(self, subscription_id: int, origin: Origin, *, edition_id: int = 0) -> Left:
        """End a subscription and its copies that are not claimed yet; doing it twice is as good as once.

        The reader is told by mail, and can undo it: the link may have been passed on.
        """
        departure = Departure(subscription_id, origin, edition_id)
        answer = await self._desk.database.share_set(self.leave_within, departure)
        self.after()
        return answer

    def leave_within(self, tx: Transaction, departures: Sequence[Departure]) -> list[Left]:
        """`leave` for several, as a part of somebody else's transaction: the answer to each."""
        return depart(tx, departures, self._desk)

    def note_within(self, tx: Transaction) -> int:
        """Tell readers that they left, some at a time; returns how many leavings were dealt with."""
        desk = self._desk
        return note_leavings(tx, NoteTerms(keys=desk.keys, limits=desk.limits, entropy=desk.entropy), desk.clock())


def depart(tx: Transaction, departures: Sequence[Departure], desk: Desk) -> list[Left]:
    """Carry out wishes to leave; the first of two by one reader is the one that counts.

    A subscription that went over to another language stands for the one that it became: links in old mails work on. So
    it does while it waits for its proof once more, since anybody may have asked for it; that request ends, too.
    """
    wishes = [one.subscription_id for one in departures]
    present = leavings.find_leavers(tx, wishes)
    led_to: dict[int, int] = {}
    if over := [one.subscription_id for one in departures if one.is_followed and not _is_live(one, present)]:
        led_to = switching.follow(tx, over)
        present |= leavings.find_leavers(tx, list(led_to.values()))
    gone: list[tuple[Departure, Leaver]] = []
    answers = []
    for one in departures:
        number = one.subscription_id
        meant = (number, led_to.get(number, number)) if one.is_followed else (number,)
        leavers = [leaver for wanted in meant if (leaver := present.pop(wanted, None)) is not None]
        gone += [(one, leaver) for leaver in leavers]
        answers.append(Left.LEFT if leavers else Left.NOT_SUBSCRIBED)
    if gone:
        now = desk.clock()
        _end(tx, gone, int(now))
        consent.append_consent(tx, *(_evidence(one, leaver, int(now), desk.entropy(16)) for one, leaver in gone))
        _remember(tx, gone, desk.tokens.undo_unsubscribe_seconds, now)
    return answers


def _is_live(one: Departure, present: Mapping[int, Leaver]) -> bool:
    leaver = present.get(one.subscription_id)
    return leaver is not None and leaver.state is not SubscriptionState.PENDING


def _end(tx: Transaction, gone: Sequence[tuple[Departure, Leaver]], now: int) -> None:
    by_source: dict[str, list[int]] = {}
    for one, leaver in gone:
        by_source.setdefault(one.origin.source, []).append(leaver.id)
    for source, ids in by_source.items():
        subscriptions.end_subscriptions(tx, ids, source, now)
    subscriptions.cancel_copies(tx, [leaver.id for _, leaver in gone], now)
    counted = Counter(
        one.edition_id for one, leaver in gone if one.edition_id and leaver.state is not SubscriptionState.PENDING
    )
    for edition_id, number in counted.items():
        count_unsubscribed(tx, edition_id, now, number)


def _evidence(one: Departure, leaver: Leaver, now: int, salt: bytes) -> ConsentEvent:
    origin = one.origin
    return ConsentEvent(
        subscriber_id=leaver.subscriber_id,
        list_id=leaver.list_id,
        list_name=leaver.list_name,
        event="withdrawn",
        at=now,
        source=origin.source,
        salt=salt,
        address=leaver.address,
        ip=origin.ip,
        language=language_of_evidence(origin, leaver.list_language),
        text=origin.words,
        mail=origin.mail,
        message_id=origin.in_reply_to,
    )


def _remember(tx: Transaction, gone: Sequence[tuple[Departure, Leaver]], seconds: float, now: float) -> None:
    """Remember what undoing restores, for so long; the reader is told a moment later."""
    told = [
        (leaver, one.edition_id or None, one.origin.language)
        for one, leaver in gone
        if seconds and one.is_told and leaver.is_noted and _reads(leaver)
    ]
    if told:
        leavings.insert_leavings(tx, told, left_at=int(now), expires_at=int(now + seconds))


def _reads(leaver: Leaver) -> bool:
    """Whether mail of the list went to them, or would again after a pause."""
    return leaver.state is SubscriptionState.ACTIVE or leaver.suspended_for == "paused"
