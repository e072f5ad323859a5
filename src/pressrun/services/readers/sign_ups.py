"""Signing up and confirming, on the web and by mail.

Each request is one transaction that holds the change of state, the evidence of consent and the mail that follows.
The caller learns only what anybody may know: the answer to a sign-up is the same for a stranger, a member, somebody who
has not confirmed yet and somebody who is suppressed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import partial

from msgspec import Struct, field
from msgspec.structs import replace

from pressrun.core.abuse.sign_up import Trust, Verdict
from pressrun.core.addresses.address import Address
from pressrun.core.lifecycles.subscription import SubscriptionEvent, SubscriptionState, move
from pressrun.core.quantities import RateExceeded
from pressrun.core.signing.tokens import digests_of
from pressrun.services.context import ServiceContext
from pressrun.services.editions.welcome_edition import greet
from pressrun.services.ports import UNOBSERVED, SignUpObserver
from pressrun.services.readers.abuse_limits import AbuseLimits
from pressrun.services.readers.reader_notices import Post, ReaderNotice, hold_notice, queue_notice
from pressrun.services.readers.subscription_records import (
    Origin,
    SubscriptionDetails,
    find_subscription_details,
    record_consent,
)
from pressrun.services.readers.suspension import resume_after_bounces
from pressrun.services.suppression import LIFTED_BY_READER, SuppressionReason, find_reason, lift_for_reader
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.readers import held_sign_ups, language_switch, subscribers, subscriptions, suppressions
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.readers.subscriptions import PendingConfirmation, Subscription
from pressrun.store.transaction import Transaction


class SignUpAnswer(StrEnum):
    """The answer to a sign-up: `ACCEPTED` whatever the address is to an open list."""

    ACCEPTED = "taken"
    CLOSED = "closed"
    UNKNOWN_LIST = "unknown list"


class Confirmed(StrEnum):
    """What a confirmation did."""

    CONFIRMED = "confirmed"
    ALREADY = "already confirmed"
    LEFT_SINCE = "left since"
    USED = "used before"  # it worked once, and the subscription has been suspended for bounces since
    INVALID = "invalid"


class SignUps:
    """The services behind sign-up forms, sign-up mails and confirmation links."""

    def __init__(self, context: ServiceContext, observer: SignUpObserver = UNOBSERVED) -> None:
        self._context = context
        self.abuse_limits = AbuseLimits(context, observer)

    async def request(
        self,
        list_name: str,
        address: Address,
        origin: Origin,
        *,
        network: str | None,
        name: str = "",
        also: Sequence[str] = (),
    ) -> SignUpAnswer | RateExceeded:
        """Sign up; `network` is what `sign_ups_per_ip` counts by, None where that limit does not apply.

        `also` names further lists that the same mail asks to confirm; closed ones are left out.
        """
        names = (list_name, *also)
        answer = await self._context.database.share(self._request, names, address, origin, network, name)
        self._context.wake()
        return answer

    async def confirm(self, confirmation_id: int, origin: Origin) -> tuple[Confirmed, SubscriptionDetails | None]:
        """Confirm a request; a second time changes nothing."""
        answer = await self._context.database.share(self.confirm_request, confirmation_id, origin)
        self._context.wake()  # a welcome mail may wait
        return answer

    async def find_by_subscription(self, subscription_id: int) -> SubscriptionDetails | None:
        """The subscription that an unsubscribe link is for, or what it became in another language."""
        return await self._context.database.read(_find_followed, subscription_id)

    async def find_by_confirmation(self, confirmation_id: int) -> tuple[Confirmed, SubscriptionDetails | None]:
        """What confirming would do now, and for whom. CONFIRMED: the page offers the button."""
        return await self._context.database.read(self._check_link, confirmation_id)

    # ------------------------------------------------------------ in a transaction; its caller wakes the dispatcher

    def choose_lists(
        self, tx: Transaction, names: Sequence[str], network: str | None
    ) -> list[MailingList] | SignUpAnswer | RateExceeded:
        """The open ones of these lists, or why nobody may sign up to them; counts the sign-up against its network."""
        targets = [target for name in dict.fromkeys(names) if (target := lists.find_list(tx, name)) is not None]
        open_ones = [target for target in targets if target.closed_at is None]
        if not open_ones:
            return SignUpAnswer.CLOSED if targets else SignUpAnswer.UNKNOWN_LIST
        retry_at = None if network is None else self.abuse_limits.throttle(tx, network, self._context.clock())
        return open_ones if retry_at is None else RateExceeded(retry_at)

    def _request(
        self, tx: Transaction, names: Sequence[str], address: Address, origin: Origin, network: str | None, name: str
    ) -> SignUpAnswer | RateExceeded:
        targets = self.choose_lists(tx, names, network)
        if isinstance(targets, SignUpAnswer | RateExceeded):
            return targets
        self.sign_up(tx, targets[0], address, origin, name=name, also=targets[1:])
        return SignUpAnswer.ACCEPTED

    def sign_up(
        self,
        tx: Transaction,
        target: MailingList,
        address: Address,
        origin: Origin,
        *,
        name: str = "",
        trust: Trust = Trust.UNPROVEN,
        also: Sequence[MailingList] = (),
        attributes: Mapping[str, str] | None = None,
    ) -> None:
        """Carry out a sign-up to open lists: its mail goes out unless a limit or a suppression forbids it.

        It is one mail, however many lists are in `also`, so a longer form causes no more mail. Name and attributes
        (columns) become the person's once they confirm.
        """
        now = self._context.clock()
        known = subscribers.find_subscriber(tx, address)
        verdict = self.abuse_limits.admit(tx, address, trust, now)
        digests = digests_of(self._context.keys, address)
        reason = find_reason(tx, digests)
        if verdict not in (Verdict.ACCEPTED, Verdict.HELD) or not (reason is None or reason in LIFTED_BY_READER):
            return
        at = int(now)
        person = known or subscribers.insert_subscriber(tx, address, digests=digests, now=at, language=origin.language)
        wanted, members = [], []
        for mailing_list in (target, *also):
            subscription = None if known is None else _find_earlier(tx, mailing_list, known)
            record_consent(tx, mailing_list, person, "requested", origin, self._context)
            if subscription is not None and reason is None and subscription.reads:
                members.append(subscription)
            else:
                wanted.append((mailing_list, subscription))
        expires_at = int(now + self._context.tokens.confirm_lifetime_seconds)
        post = queue_notice if verdict is Verdict.ACCEPTED else partial(hold_notice, expires_at=expires_at)
        secret = self._context.entropy(16)
        if not wanted:
            notice = ReaderNotice(
                kind="already_subscribed", secret=secret, payload={**_titles(also), **_pause(members)}
            )
            post(tx, notice, target, person, origin, at)
            return
        (first, subscription), *others = wanted
        terms = ConfirmationTerms(
            name=name, expires_at=expires_at, mail_secret=secret, also=others, attributes=attributes or {}
        )
        request_confirmation(tx, first, person, subscription, origin, terms, now=at, post=post)

    def can_confirm(self, tx: Transaction, confirmation_id: int) -> bool:
        """Whether the link of a request would subscribe somebody now."""
        return self._check_link(tx, confirmation_id)[0] is Confirmed.CONFIRMED

    def confirm_request(
        self, tx: Transaction, confirmation_id: int, origin: Origin
    ) -> tuple[Confirmed, SubscriptionDetails | None]:
        """Confirm what a link requests; returns what that did, and for whom."""
        # All are checked before the first is confirmed, because that lifts a suppression which the others depend on.
        checks = self._check_requests(tx, confirmation_id)
        outcome, details = _sum_up(checks)
        if outcome is not Confirmed.CONFIRMED or details is None:
            return outcome, details
        first, *others = [check for check in checks if check.outcome is Confirmed.CONFIRMED]
        confirmed = self._confirm_one(tx, first, origin)
        for other in others:  # confirming the first may have changed the person, and resumed this subscription
            current = find_subscription_details(tx, other.request.subscription_id)
            assert current is not None
            self._confirm_one(tx, replace(other, details=current), origin)
        return Confirmed.CONFIRMED, replace(confirmed, also=details.also)

    def _confirm_one(self, tx: Transaction, checked: _CheckedRequest, origin: Origin) -> SubscriptionDetails:
        request, details, now = checked.request, checked.details, self._context.now
        state = move(details.subscription.state, SubscriptionEvent.CONFIRM)
        assert state is not None
        active = replace(
            details.subscription,
            state=state,
            state_before=None,
            suspended_for=None,
            paused_until=None,
            source=origin.source,
            since=now,
        )
        subscriptions.record_subscription(tx, details.subscription, active, now)
        person = replace(
            details.person,
            name=request.name or details.person.name,
            language=request.language or details.person.language,
            attributes={**details.person.attributes, **request.attributes},
        )
        if person != details.person:
            subscribers.update_profile(tx, details.person, person, how=origin.source)
        resume_after_bounces(tx, person, now)
        if checked.reason is not None:
            lift_for_reader(tx, person.digests)
        record_consent(tx, details.list, person, "confirmed", origin, self._context)
        if details.subscription.state is SubscriptionState.PENDING:  # others have been members before
            greet(tx, details.list.id, active.id, now)
        return replace(details, person=person, subscription=active)

    def _check_link(self, tx: Transaction, confirmation_id: int) -> tuple[Confirmed, SubscriptionDetails | None]:
        """What a link would do for all of its requests; it works as long as it would confirm one of them."""
        return _sum_up(self._check_requests(tx, confirmation_id))

    def _check_requests(self, tx: Transaction, confirmation_id: int) -> list[_CheckedRequest]:
        """What a link would do for each of its requests, but for those to lists that have been closed since."""
        now, checks = self._context.clock(), []
        for request, subscription, person, its_list in subscriptions.find_requests_of_link(tx, confirmation_id):
            if its_list.closed_at is not None:
                continue
            details = SubscriptionDetails(list=its_list, person=person, subscription=subscription)
            reason = None if request.expires_at <= now else find_reason(tx, person.digests)
            outcome = Confirmed.INVALID if request.expires_at <= now else _judge(tx, request, details, reason)
            checks.append(_CheckedRequest(request=request, details=details, reason=reason, outcome=outcome))
        return checks


class _CheckedRequest(Struct, frozen=True, kw_only=True):
    """One request of a link, why its address is suppressed if it is, and what the link would do for it."""

    request: PendingConfirmation
    details: SubscriptionDetails
    reason: SuppressionReason | None
    outcome: Confirmed


def _judge(
    tx: Transaction, request: PendingConfirmation, details: SubscriptionDetails, reason: SuppressionReason | None
) -> Confirmed:
    """What a link that has not expired would do."""
    subscription = details.subscription
    if subscription.round != request.round or (reason is not None and reason not in LIFTED_BY_READER):
        return Confirmed.LEFT_SINCE
    if subscription.reads and not _asked_while_suppressed(tx, details.person, request.created_at):
        return Confirmed.ALREADY
    if move(subscription.state, SubscriptionEvent.CONFIRM) is None:
        return Confirmed.LEFT_SINCE
    if subscription.state is SubscriptionState.SUSPENDED and request.created_at < subscription.since:
        return Confirmed.USED
    return Confirmed.CONFIRMED


def _sum_up(checks: Sequence[_CheckedRequest]) -> tuple[Confirmed, SubscriptionDetails | None]:
    outcomes = [check.outcome for check in checks]
    outcome = Confirmed.CONFIRMED if Confirmed.CONFIRMED in outcomes else next(iter(outcomes), Confirmed.INVALID)
    alike = [check.details for check in checks if check.outcome is outcome and outcome is not Confirmed.INVALID]
    if not alike:
        return outcome, None
    return outcome, replace(alike[0], also=tuple(details.list for details in alike[1:]))


def _find_earlier(tx: Transaction, target: MailingList, person: Subscriber) -> Subscription | None:
    """The subscription that a person has or had; an earlier sign-up that is held is forgotten."""
    held_sign_ups.forget_earlier(tx, list_id=target.id, subscriber_id=person.id)
    return subscriptions.find_subscription(tx, list_id=target.id, subscriber_id=person.id)


def _titles(also: Sequence[MailingList]) -> dict[str, list[str]]:
    """The part of a payload that names the other lists of a mail."""
    return {"also": [target.title for target in also]} if also else {}


def _pause(members: Sequence[Subscription]) -> dict[str, int]:
    """The part of a payload that says when the pause of all these subscriptions ends; nothing where they differ."""
    ends = {subscription.paused_until for subscription in members}
    until = ends.pop() if len(ends) == 1 else None
    return {} if until is None else {"paused_until": until}


def _asked_while_suppressed(tx: Transaction, person: Subscriber, asked_at: int) -> bool:
    """Whether a member asked again while suppressed: confirming that lifts the suppression."""
    row = suppressions.find_suppression(tx, person.suppression_digest)
    return row is not None and asked_at >= row["since"]


def _find_followed(tx: Transaction, subscription_id: int) -> SubscriptionDetails | None:
    followed = language_switch.follow(tx, [subscription_id]).get(subscription_id, subscription_id)
    return find_subscription_details(tx, followed)


class ConfirmationTerms(Struct, frozen=True, kw_only=True):
    """Until when a request waits for its confirmation; then `name` and `attributes` become the person's.

    `also` are further lists that the same mail asks for, each with the person's subscription so far.
    `mail_secret` (16 random octets) goes into the Message-ID. With None no mail goes out.
    """

    name: str
    expires_at: int
    mail_secret: bytes | None
    also: Sequence[tuple[MailingList, Subscription | None]] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)


def request_confirmation(
    tx: Transaction,
    target: MailingList,
    person: Subscriber,
    subscription: Subscription | None,
    origin: Origin,
    terms: ConfirmationTerms,
    *,
    now: int,
    post: Post = queue_notice,
) -> Subscription:
    """Make a subscription pending, with a request that waits for its confirmation, and post the mail that asks."""
    pending, leader_id = None, None
    for mailing_list, earlier in ((target, subscription), *terms.also):
        made = _make_pending(tx, mailing_list, person, earlier, origin.source, now)
        number = subscriptions.insert_confirmation(
            tx,
            made,
            name=terms.name,
            language=origin.language,
            now=now,
            expires_at=terms.expires_at,
            leader_id=leader_id,
            attributes=terms.attributes,
        )
        pending, leader_id = pending or made, leader_id or number
    assert pending is not None
    if terms.mail_secret is not None:
        titles = _titles([mailing_list for mailing_list, _ in terms.also])
        payload = {"confirmation": leader_id, "expires_at": terms.expires_at, **titles}
        notice = ReaderNotice(kind="confirmation", secret=terms.mail_secret, payload=payload)
        post(tx, notice, target, person, origin, now)
    return pending


def _make_pending(
    tx: Transaction,
    target: MailingList,
    person: Subscriber,
    subscription: Subscription | None,
    source: str,
    now: int,
) -> Subscription:
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
