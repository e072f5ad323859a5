"""Confirming what somebody has asked for, by the link of the mail or an answer to it.

A link may stand for requests to several lists. It works as long as it would confirm one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.lifecycles.subscription import SubscriptionEvent, SubscriptionState, move
from pressrun.services.context import ServiceContext
from pressrun.services.editions.welcome_edition import greet
from pressrun.services.readers.requests import Origin, ReaderRequest, carry_out
from pressrun.services.readers.suspension import resume_after_bounces
from pressrun.services.suppression import LIFTED_BY_READER, SuppressionReason, find_reason, lift_for_reader
from pressrun.store.readers import subscribers, subscriptions, suppressions
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.readers.subscriptions import PendingConfirmation, SubscriptionDetails, find_subscription_details
from pressrun.store.transaction import Transaction


class Confirmed(StrEnum):
    """What a confirmation did."""

    CONFIRMED = "confirmed"
    ALREADY = "already confirmed"
    LEFT_SINCE = "left since"
    USED = "used before"  # it worked once, and the subscription has been suspended for bounces since
    INVALID = "invalid"


class Confirmations:
    """The services behind confirmation links."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def find(self, confirmation_id: int) -> tuple[Confirmed, SubscriptionDetails | None]:
        """What confirming would do now, and for whom. If that is CONFIRMED, the page offers the button."""
        return await self._context.database.read(check_link, confirmation_id, self._context.clock())

    async def confirm(self, confirmation_id: int, origin: Origin) -> tuple[Confirmed, SubscriptionDetails | None]:
        """Confirm a request; a second time changes nothing."""
        return await carry_out(self._context, origin, confirm_request, confirmation_id)


# ---------------------------------------------------------------- in a transaction; the caller wakes the dispatcher


def check_link(tx: Transaction, confirmation_id: int, now: float) -> tuple[Confirmed, SubscriptionDetails | None]:
    """What a link would do for all of its requests, and for whom."""
    return _sum_up(_check_requests(tx, confirmation_id, now))


def confirm_request(request: ReaderRequest, confirmation_id: int) -> tuple[Confirmed, SubscriptionDetails | None]:
    """Confirm what a link requests; returns what that did, and for whom."""
    # All are checked before the first is confirmed: confirming lifts a suppression on which the other checks depend.
    checks = _check_requests(request.tx, confirmation_id, request.now)
    outcome, details = _sum_up(checks)
    if outcome is not Confirmed.CONFIRMED or details is None:
        return outcome, details
    first, *others = [check for check in checks if check.outcome is Confirmed.CONFIRMED]
    confirmed = _confirm_one(request, first)
    for other in others:  # confirming the first may have changed the person, and resumed this subscription
        current = find_subscription_details(request.tx, other.asked.subscription_id)
        assert current is not None
        _confirm_one(request, replace(other, details=current))
    return Confirmed.CONFIRMED, replace(confirmed, also=details.also)


def _confirm_one(request: ReaderRequest, checked: _CheckedRequest) -> SubscriptionDetails:
    """Make one subscription active, and give the person what was requested with it, now that mail has reached them."""
    tx, source, asked, details = request.tx, request.origin.source, checked.asked, checked.details
    state = move(details.subscription.state, SubscriptionEvent.CONFIRM)
    assert state is not None
    active = replace(
        details.subscription,
        state=state,
        state_before=None,
        suspended_for=None,
        paused_until=None,
        source=source,
        since=request.now,
    )
    request.change(details, active, "confirmed")
    person = replace(
        details.person,
        name=asked.name or details.person.name,
        language=asked.language or details.person.language,
        attributes={**details.person.attributes, **asked.attributes},
    )
    if person != details.person:
        subscribers.update_profile(tx, details.person, person, how=source)
    resume_after_bounces(tx, person, request.now)
    if checked.reason is not None:
        lift_for_reader(tx, person.digests)
    if details.subscription.state is SubscriptionState.PENDING:  # others have been members before
        greet(tx, details.list.id, active.id, request.now)
    return replace(details, person=person, subscription=active)


def _check_requests(tx: Transaction, confirmation_id: int, now: float) -> list[_CheckedRequest]:
    """What a link would do for each of its requests, except those for lists that have been closed since."""
    checks = []
    for asked, details in subscriptions.find_requests_of_link(tx, confirmation_id):
        if details.list.closed_at is not None:
            continue
        reason = None if asked.expires_at <= now else find_reason(tx, details.person.digests)
        outcome = Confirmed.INVALID if asked.expires_at <= now else _judge(tx, asked, details, reason)
        checks.append(_CheckedRequest(asked=asked, details=details, reason=reason, outcome=outcome))
    return checks


class _CheckedRequest(Struct, frozen=True, kw_only=True):
    """One request of a link, why its address is suppressed if it is, and what the link would do for it."""

    asked: PendingConfirmation
    details: SubscriptionDetails
    reason: SuppressionReason | None
    outcome: Confirmed


def _judge(
    tx: Transaction, asked: PendingConfirmation, details: SubscriptionDetails, reason: SuppressionReason | None
) -> Confirmed:
    """What a link that has not expired would do."""
    subscription = details.subscription
    if subscription.round != asked.round or (reason is not None and reason not in LIFTED_BY_READER):
        return Confirmed.LEFT_SINCE
    if subscription.reads and not _asked_while_suppressed(tx, details.person, asked.created_at):
        return Confirmed.ALREADY
    if move(subscription.state, SubscriptionEvent.CONFIRM) is None:
        return Confirmed.LEFT_SINCE
    if subscription.state is SubscriptionState.SUSPENDED and asked.created_at < subscription.since:
        return Confirmed.USED
    return Confirmed.CONFIRMED


def _sum_up(checks: Sequence[_CheckedRequest]) -> tuple[Confirmed, SubscriptionDetails | None]:
    outcomes = [check.outcome for check in checks]
    outcome = Confirmed.CONFIRMED if Confirmed.CONFIRMED in outcomes else next(iter(outcomes), Confirmed.INVALID)
    alike = [check.details for check in checks if check.outcome is outcome and outcome is not Confirmed.INVALID]
    if not alike:
        return outcome, None
    return outcome, replace(alike[0], also=tuple(details.list for details in alike[1:]))


def _asked_while_suppressed(tx: Transaction, person: Subscriber, asked_at: int) -> bool:
    """Whether a member asked again while suppressed. Confirming such a request lifts the suppression."""
    suppression = suppressions.find_suppression(tx, person.suppression_digest)
    return suppression is not None and asked_at >= suppression.since
