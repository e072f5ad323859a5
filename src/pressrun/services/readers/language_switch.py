"""Another language of a newsletter: a subscription moves from one list of a family to another.

The reader chooses it by their own link. They have agreed to the newsletter, so they need not confirm again. The
evidence of that moves along, and so does a pause or a suspension for bounces, so that nobody starts to get mail by it.

Each issue comes once. A copy that waits or is in flight keeps its language and moves to the new subscription. If the
new list has already sent an issue that the old list has not, the reader gets a copy of it. A reader who has had an
issue is left out when the new list sends it. Links in mails of the old list lead to the new subscription, so
unsubscribing with one of them unsubscribes from the newsletter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.lifecycles.subscription import SYNC, SubscriptionState
from pressrun.services.editions.lifecycle import add_reader
from pressrun.services.readers.requests import ReaderRequest
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.queue import deliveries
from pressrun.store.readers import consent, language_switch, subscriptions
from pressrun.store.readers.subscriptions import Subscription, SubscriptionDetails
from pressrun.store.transaction import Transaction

_PROVEN_AT_ONCE = frozenset({"added", "imported", "moved"})
_CARRIED = ("event", "at", "list", "source", "language", "text", "mail", "message_id")  # the rest ages where it is


class FamilyChoice(Struct, frozen=True, kw_only=True):
    """A newsletter that a person reads in one or several languages, and the languages that it comes in.

    `lists` are those open to them, ordered by language; `current` is the only one that they are on, None if there are
    several.
    """

    name: str
    lists: tuple[MailingList, ...]
    current: MailingList | None


def find_choices(read: Sequence[MailingList], listed: Sequence[MailingList]) -> dict[str, FamilyChoice]:
    """The languages of each newsletter that somebody reads, by the name of the first of its lists that they are on.

    These are the public lists and those that they read.
    """
    mine: dict[str, list[MailingList]] = {}
    for target in read:
        if target.family is not None:
            mine.setdefault(target.family, []).append(target)
    choices = {}
    for family, known in mine.items():
        others = [target for target in listed if target.family == family and target not in known]
        open_lists = tuple(target for target in [*known, *others] if target.closed_at is None)
        current = known[0] if len(known) == 1 and known[0] in open_lists else None
        if len(open_lists) > 1 or (open_lists and current is None):
            ordered = tuple(sorted(open_lists, key=lambda target: target.language))
            choices[known[0].name] = FamilyChoice(name=family, lists=ordered, current=current)
    return choices


def switch_language(request: ReaderRequest, replaced: Sequence[SubscriptionDetails], wanted: MailingList) -> None:
    """Replace one or more live subscriptions of a person by one to another open list of the family."""
    tx, now = request.tx, request.now
    lists.lock_members(tx, [wanted.id, *(details.list.id for details in replaced)])
    held = lists.hold_list(tx, wanted.id)
    if held is None or held.closed_at is not None:
        return
    model, *_ = replaced = sorted(replaced, key=_mailed_first)
    person = model.person
    taker = subscriptions.find_subscription(tx, list_id=wanted.id, subscriber_id=person.id)
    if taker is None or not taker.is_live:
        proof = _proof(consent.consent_of(tx, person.id), model.list.name)
        taker = _copy_to(tx, _as_chosen(model.subscription, request.origin.source), taker, wanted, now)
        request.record("switched", wanted, person, carried=proof)
    for details in replaced:
        language_switch.move_copies(tx, details.subscription, taker, now)
        request.end(details)
        language_switch.redirect_links(tx, details.subscription.id, taker.id)
    if taker.state is not SubscriptionState.ACTIVE:
        deliveries.cancel_copies(tx, [taker.id], now)  # until its pause ends
    for details in replaced:
        for edition_id in language_switch.missed_editions(tx, details.list.id, wanted.id):
            add_reader(tx, edition_id, taker.id, now)


def _mailed_first(details: SubscriptionDetails) -> int:
    """Orders the models for the new subscription: one that gets mail, then one whose pause will end."""
    if details.subscription.state is SubscriptionState.ACTIVE:
        return 0
    return 1 if details.subscription.is_paused else 2


def _as_chosen(model: Subscription, source: str) -> Subscription:
    """A model for the new subscription: a reader who chooses it is not there because a sync's file says so."""
    return replace(model, source=source) if model.source == SYNC else model


def _copy_to(
    tx: Transaction, model: Subscription, taker: Subscription | None, wanted: MailingList, now: int
) -> Subscription:
    """A subscription to the wanted list that is otherwise like the model.

    An earlier one of the reader is active from now on, so that they are in no audience that is being taken: its edition
    has started without them.
    """
    is_back = taker is not None and model.state is SubscriptionState.ACTIVE
    if taker is None:
        taker = subscriptions.insert_subscription(
            tx,
            list_id=wanted.id,
            subscriber_id=model.subscriber_id,
            state=model.state,
            source=model.source,
            now=model.since,
        )
    copied = replace(
        taker,
        state=model.state,
        state_before=None,
        suspended_for=model.suspended_for,
        paused_until=model.paused_until,
        source=model.source,
        since=now if is_back else model.since,
    )
    subscriptions.record_subscription(tx, taker, copied, now)
    return copied


def _proof(evidence: Sequence[Mapping[str, object]], list_name: str) -> list[dict[str, object]]:
    """How a person agreed to a list: the request and its confirmation, however often they have switched since."""
    asked: list[dict[str, object]] = []
    proof: list[dict[str, object]] = []
    for row in evidence:
        if row.get("list") != list_name:
            continue
        event = row["event"]
        entry = {name: row[name] for name in _CARRIED if row.get(name) is not None}
        if event == "requested":
            asked = [entry]
        elif event == "confirmed":
            proof, asked = [*asked, entry], []
        elif event in _PROVEN_AT_ONCE:
            proof = [entry]
        elif event == "switched":
            carried = row.get("carried")
            proof = list(carried) if isinstance(carried, list) else []
    return proof
