"""Another language of a newsletter: a subscription goes over from one list of a family to another one.

The reader wishes it by a link of theirs. They agreed to the newsletter, so nobody asks them again; what they agreed to
goes along as evidence, and so does a pause, or that they are suspended for bounces: nobody is mailed by it who was not.

Each issue comes once. A copy that is waiting or on its way keeps its language and goes to the new subscription. If the
new list has already sent an issue that the old list has not, the reader gets a copy of it. A reader who has had an
issue is left out when the new list sends it. Links in mails of the old list lead to the new subscription, so
unsubscribing with one of them unsubscribes from the newsletter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pressrun.core.subscription import SubscriptionState
from pressrun.services.editions.lifecycle import add_reader
from pressrun.services.readers.context import ReaderContext
from pressrun.services.readers.sign_ups import Origin, end_subscription, record_consent
from pressrun.store import consent, language_switch, subscriptions
from pressrun.store.lists import MailingList
from pressrun.store.subscribers import Subscriber
from pressrun.store.subscriptions import Subscription
from pressrun.store.transaction import Transaction

LIVE = frozenset({SubscriptionState.ACTIVE, SubscriptionState.SUSPENDED})
_PROVEN_AT_ONCE = frozenset({"added", "imported", "moved"})
_CARRIED = ("event", "at", "list", "source", "language", "text", "mail", "message_id")  # what ages stays where it is


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyChoice:
    """A newsletter that a person reads in one of its languages, or in several, and the languages that there are.

    `lists` are those that can be had, in the order of their languages; `current` is the only one that they are on,
    None where there are several.
    """

    name: str
    lists: tuple[MailingList, ...]
    current: MailingList | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A wish: instead of the subscriptions `given`, live and to other lists of the family, the one to `wanted`."""

    person: Subscriber
    given: Sequence[tuple[Subscription, MailingList]]
    wanted: MailingList
    origin: Origin


def find_choices(read: Sequence[MailingList], listed: Sequence[MailingList]) -> dict[str, FamilyChoice]:
    """The languages of each newsletter that somebody reads, by the name of the first list of it that they are on.

    They are the public ones, and those that they read.
    """
    mine: dict[str, list[MailingList]] = {}
    for target in read:
        if target.family is not None:
            mine.setdefault(target.family, []).append(target)
    found = {}
    for family, known in mine.items():
        others = [target for target in listed if target.family == family and target not in known]
        there = tuple(target for target in [*known, *others] if target.closed_at is None)
        current = known[0] if len(known) == 1 and known[0] in there else None
        if len(there) > 1 or (there and current is None):
            ordered = tuple(sorted(there, key=lambda target: target.language))
            found[known[0].name] = FamilyChoice(name=family, lists=ordered, current=current)
    return found


def switch(tx: Transaction, wish: Switch, context: ReaderContext) -> None:
    """Carry out a wish for another language; the wanted list is open, and `given` is not empty."""
    now = int(context.clock())
    person, origin = wish.person, wish.origin
    given = sorted(wish.given, key=_mails_first)
    taker = subscriptions.find_subscription(tx, list_id=wish.wanted.id, subscriber_id=person.id)
    if taker is None or taker.state not in LIVE:
        model, its_list = given[0]
        proof = _proof(consent.consent_of(tx, person.id), its_list.name)
        taker = _take_over(tx, model, taker, wish.wanted)
        record_consent(tx, wish.wanted, person, "switched", origin, now=now, salt=context.entropy(16), carried=proof)
    for subscription, its_list in given:
        language_switch.hand_copies_on(tx, subscription.id, taker.id)
        end_subscription(tx, subscription, origin.source, now)
        language_switch.lead_on(tx, subscription.id, taker.id)
        record_consent(tx, its_list, person, "withdrawn", origin, now=now, salt=context.entropy(16))
    for _, its_list in given:
        for edition_id in language_switch.owed_editions(tx, its_list.id, wish.wanted.id):
            add_reader(tx, edition_id, taker.id, now)


def _mails_first(item: tuple[Subscription, MailingList]) -> int:
    """Which of several subscriptions the new one is like: one that gets mail, else one that a pause will end."""
    subscription = item[0]
    if subscription.state is SubscriptionState.ACTIVE:
        return 0
    return 1 if subscription.suspended_for == "paused" else 2


def _take_over(tx: Transaction, model: Subscription, taker: Subscription | None, wanted: MailingList) -> Subscription:
    """A subscription to the wanted list that is in all else as the model was."""
    if taker is None:
        number = subscriptions.insert_subscription(
            tx,
            list_id=wanted.id,
            subscriber_id=model.subscriber_id,
            state=model.state,
            source=model.source,
            now=model.since,
        )
        taker = subscriptions.get_subscription(tx, number)
        assert taker is not None
    taken = replace(
        taker,
        state=model.state,
        state_before=None,
        suspended_for=model.suspended_for,
        paused_until=model.paused_until,
        source=model.source,
        since=model.since,
    )
    subscriptions.record_subscription(tx, taken)
    return taken


def _proof(evidence: Sequence[Mapping[str, object]], list_name: str) -> list[dict[str, object]]:
    """What a person agreed to when they came to a list: the request and its answer, however often they switched."""
    asked: list[dict[str, object]] = []
    proof: list[dict[str, object]] = []
    for row in evidence:
        if row.get("list") != list_name:
            continue
        event = row["event"]
        told = {name: row[name] for name in _CARRIED if row.get(name) is not None}
        if event == "requested":
            asked = [told]
        elif event == "confirmed":
            proof, asked = [*asked, told], []
        elif event in _PROVEN_AT_ONCE:
            proof = [told]
        elif event == "switched":
            found = row.get("carried")
            proof = list(found) if isinstance(found, list) else []
    return proof
