"""Requests that wait for confirmation: by one person, for one list or several, with a single mail that asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from pressrun.core.abuse.sign_up import Verdict
from pressrun.core.addresses.address import parse_address
from pressrun.core.lifecycles.subscription import SubscriptionEvent, SubscriptionState, move
from pressrun.services.readers.requests import ReaderRequest
from pressrun.store.lists.lists import MailingList
from pressrun.store.readers import subscriptions
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.readers.subscriptions import Subscription

MAILED = frozenset({Verdict.ACCEPTED, Verdict.HELD})
"""Verdicts of the abuse limits with which the mail goes out, now or once an operator releases it."""

Wanted = tuple[MailingList, Subscription | None]
"""A list that somebody asks for, with their subscription so far, if any."""


def request_confirmation(
    request: ReaderRequest,
    wanted: Sequence[Wanted],
    person: Subscriber,
    verdict: Verdict,
    *,
    name: str,
    attributes: Mapping[str, str] | None = None,
    answers: str | None = None,
) -> Subscription:
    """Make subscriptions pending, with requests that wait for confirmation, and post the mail that asks for it.

    Once confirmed, `name` and `attributes` become the person's. The `verdict` of the abuse limits says whether the mail
    goes out, is held, or is not made at all. `answers` is what the mail answers, if that is not the request.
    Returns the first subscription; the mail is about its list.
    """
    made = [_make_pending(request, target, person, earlier) for target, earlier in wanted]
    leader_id = None
    for pending in made:
        number = subscriptions.insert_confirmation(
            request.tx,
            pending,
            name=name,
            language=request.origin.language,
            now=request.now,
            expires_at=request.confirm_until,
            leader_id=leader_id,
            attributes=attributes,
        )
        leader_id = leader_id or number
    if verdict in MAILED:
        (first, _), *others = wanted
        titles = titles_of(target for target, _ in others)
        payload = {"confirmation": leader_id, "expires_at": request.confirm_until, **titles}
        answered = {} if answers is None else {"answers": answers}
        address = parse_address(person.address)
        request.answer("confirmation", first, person, {**payload, **answered}, to=address, verdict=verdict)
    return made[0]


def titles_of(others: Iterable[MailingList]) -> dict[str, list[str]]:
    """The part of a payload that names the other lists of a mail."""
    titles = [target.title for target in others]
    return {"also": titles} if titles else {}


def _make_pending(
    request: ReaderRequest, target: MailingList, person: Subscriber, subscription: Subscription | None
) -> Subscription:
    tx, source, now = request.tx, request.origin.source, request.now
    if subscription is None:
        return subscriptions.insert_subscription(
            tx, list_id=target.id, subscriber_id=person.id, state=SubscriptionState.PENDING, source=source, now=now
        )
    state = move(subscription.state, SubscriptionEvent.SIGN_UP)
    if state is None:  # suspended for bounces: it stays so until the confirmation comes
        return subscription
    had_left = subscription.state is SubscriptionState.UNSUBSCRIBED
    before = subscription.state if had_left else subscription.state_before
    pending = replace(subscription, state=state, state_before=before, source=source, since=now)
    subscriptions.record_subscription(tx, subscription, pending, now)
    return pending
