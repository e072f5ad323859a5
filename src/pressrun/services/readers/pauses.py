"""Pauses of subscriptions. A pause cancels the copies that wait, and ends by itself.

Readers who end it themselves get the cancelled copies whose editions are still being sent.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from pressrun.core.addresses.address import parse_address
from pressrun.core.lifecycles.subscription import SubscriptionEvent, SubscriptionState, move
from pressrun.services.readers.requests import ReaderRequest
from pressrun.services.readers.suspension import still_suspended
from pressrun.store.lists.lists import MailingList
from pressrun.store.queue import deliveries
from pressrun.store.readers import unsubscribes
from pressrun.store.readers.subscriptions import PAUSED, SubscriptionDetails, find_subscription_details

LONGEST_PAUSE_DAYS = 365
_DAY_SECONDS = 86400


def pause(
    request: ReaderRequest, memberships: Sequence[SubscriptionDetails], days: int, *, about: MailingList | None = None
) -> None:
    """Pause these subscriptions of one person for 1 to 365 days, and cancel their copies that are not claimed.

    The reader gets one notice about all lists whose pause begins, in the name of `about` if it is one of these.
    """
    if not 1 <= days <= LONGEST_PAUSE_DAYS:
        raise ValueError("a pause lasts 1 to 365 days")
    until, started = request.now + days * _DAY_SECONDS, []
    for item in memberships:
        state = move(item.subscription.state, SubscriptionEvent.PAUSE)
        # Any other suspension stays, because the end of a pause must not resume it.
        if state is None or not item.subscription.reads:
            continue
        begins = item.subscription.state is SubscriptionState.ACTIVE
        since = request.now if begins else item.subscription.since
        paused = replace(item.subscription, state=state, suspended_for=PAUSED, paused_until=until, since=since)
        request.change(item, paused, "paused", how=request.origin.source)
        deliveries.cancel_copies(request.tx, [paused.id], request.now)
        if begins and item.list.leaving_note:
            started.append(item)
    if started:
        chosen = next((item for item in started if item.list == about), started[0])
        also = [item.list.title for item in started if item is not chosen]
        if request.may_mail("pause_notes_per_address", parse_address(chosen.person.address)):
            request.mail("paused", chosen.list, chosen.person, {"until": until, "also": also})


def resume(request: ReaderRequest, memberships: Sequence[SubscriptionDetails]) -> None:
    """End the pauses of these subscriptions now, and queue the copies they cancelled of editions still being sent."""
    for item in memberships:
        state = move(item.subscription.state, SubscriptionEvent.RESUME)
        if state is None or not item.subscription.is_paused:
            continue
        resumed = replace(item.subscription, state=state, suspended_for=None, paused_until=None, since=request.now)
        back = still_suspended(request.tx, resumed, request.now)
        request.change(item, back, "resumed", how=request.origin.source)
        if back.state is SubscriptionState.ACTIVE:  # anybody with the link of an edition may have paused it
            unsubscribes.requeue_copies(request.tx, back.id, since=item.subscription.since, now=request.now)


def pause_subscription(request: ReaderRequest, subscription_id: int, days: int) -> SubscriptionDetails | None:
    """Pause one subscription, whatever link names it; None when it no longer exists."""
    details = find_subscription_details(request.tx, subscription_id)
    if details is None:
        return None
    pause(request, [details], days)
    return find_subscription_details(request.tx, subscription_id)
