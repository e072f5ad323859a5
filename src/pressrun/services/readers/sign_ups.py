"""Signing up and confirming: what readers do, by whatever way they come.

Each request is one transaction that holds the change of state, the evidence of consent and the mail that follows.
The caller learns only what anybody may know: the answer to a sign-up is the same for a stranger, a member, somebody
who waits for a confirmation and somebody who is suppressed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

import msgspec

from pressrun.core.address import Address
from pressrun.core.sign_up import Trust, Verdict
from pressrun.core.subscription import SubscriptionEvent, SubscriptionState, move
from pressrun.core.tokens import digests_of
from pressrun.services.editions.welcome_edition import greet
from pressrun.services.ports import UNOBSERVED, SignUpObserver
from pressrun.services.readers.abuse_limits import AbuseLimits
from pressrun.services.readers.context import ReaderContext
from pressrun.services.readers.reader_notices import Post, ReaderNotice, hold_notice, queue_notice
from pressrun.services.readers.suspension import welcome_back
from pressrun.services.suppression import LIFTED_BY_READER, find_reason, lift_for_reader
from pressrun.services.throttled import Throttled
from pressrun.store import consent, held_sign_ups, language_switch, lists, subscribers, subscriptions, suppressions
from pressrun.store.consent import ConsentEvent
from pressrun.store.lists import MailingList
from pressrun.store.subscribers import Subscriber
from pressrun.store.subscriptions import PendingConfirmation, Subscription
from pressrun.store.transaction import Transaction


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request came from: `source` is web or mail, `words` what the person was shown, `mail` its digest.

    `words_language` is that of the words where it is not the language of the request or of the list.
    `in_reply_to` is the Message-ID that an answer by mail goes back to.
    """

    source: str
    ip: str | None = None
    language: str = ""
    words: str = ""
    words_language: str = ""
    mail: str | None = None
    in_reply_to: str | None = None


class SignUpAnswer(StrEnum):
    """The answer to a sign-up; `TAKEN` whatever the address is to the list."""

    TAKEN = "taken"
    CLOSED = "closed"
    UNKNOWN_LIST = "unknown list"


class Confirmed(StrEnum):
    """What a confirmation did."""

    CONFIRMED = "confirmed"
    ALREADY = "already confirmed"
    LEFT_SINCE = "left since"
    USED = "used before"  # it was of use once; the subscription was suspended for bounces since
    INVALID = "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionDetails:
    """What a link's page shows: the list and the person, as far as they still exist.

    `also` are further lists that the same link confirms.
    """

    list: MailingList
    person: Subscriber
    subscription: Subscription
    also: tuple[MailingList, ...] = ()

    @property
    def titles(self) -> Sequence[str]:
        """What the lists are called."""
        return [self.list.title, *(one.title for one in self.also)]


class SignUps:
    """The use cases of readers, over one database."""

    def __init__(self, context: ReaderContext, observer: SignUpObserver = UNOBSERVED) -> None:
        self._context = context
        self.abuse_limits = AbuseLimits(context, observer)

    async def request(
        self, list_name: str, address: Address, origin: Origin, *, network: str | None, name: str = ""
    ) -> SignUpAnswer | Throttled:
        """Take a request to subscribe; `network` is what `sign_ups_per_ip` counts by, None when it does not apply."""
        answer = await self._context.database.share(self._request, list_name, address, origin, network, name)
        self._context.wake()
        return answer

    async def confirm(self, confirmation_id: int, origin: Origin) -> tuple[Confirmed, SubscriptionDetails | None]:
        """Prove a request; doing it twice is as good as once."""
        answer = await self._context.database.share(self._confirm, confirmation_id, origin)
        self._context.wake()  # a welcome mail may wait
        return answer

    async def find_by_subscription(self, subscription_id: int) -> SubscriptionDetails | None:
        """What the page of an unsubscribe link shows: that subscription, or what it became in another language."""
        return await self._context.database.read(_find_followed, subscription_id)

    async def find_by_confirmation(self, confirmation_id: int) -> tuple[Confirmed, SubscriptionDetails | None]:
        """What confirming would do now (CONFIRMED: the button is offered), and for whom."""
        return await self._context.database.read(self._look, confirmation_id)

    def request_within(
        self, tx: Transaction, list_name: str, address: Address, origin: Origin
    ) -> SignUpAnswer | Throttled:
        """`request` as a part of somebody else's transaction, who then wakes the dispatcher."""
        return self._request(tx, list_name, address, origin, None, "")

    def confirm_within(
        self, tx: Transaction, confirmation_id: int, origin: Origin
    ) -> tuple[Confirmed, SubscriptionDetails | None]:
        """`confirm` as a part of somebody else's transaction, who then wakes the dispatcher."""
        return self._confirm(tx, confirmation_id, origin)

    def _request(
        self, tx: Transaction, list_name: str, address: Address, origin: Origin, network: str | None, name: str
    ) -> SignUpAnswer | Throttled:
        now = self._context.clock()
        target = lists.find_list(tx, list_name)
        if target is None:
            return SignUpAnswer.UNKNOWN_LIST
        if target.closed_at is not None:
            return SignUpAnswer.CLOSED
        if network is not None:
            retry_at = self.abuse_limits.throttle(tx, network, now)
            if retry_at is not None:
                return Throttled(retry_at)
        self.take_within(tx, target, address, origin, name=name)
        return SignUpAnswer.TAKEN

    def take_within(
        self,
        tx: Transaction,
        target: MailingList,
        address: Address,
        origin: Origin,
        *,
        name: str = "",
        trust: Trust = Trust.UNPROVEN,
        also: Sequence[MailingList] = (),
    ) -> None:
        """Carry out a sign-up to open lists: its mail goes out unless a limit or a suppression stands against it.

        It is one mail, however many lists there are in `also`: nobody gets more mail for a longer form.
        """
        now = self._context.clock()
        verdict = self.abuse_limits.admit(tx, address, trust, now)
        digests = digests_of(self._context.keys, address)
        reason = find_reason(tx, digests)
        if verdict not in (Verdict.TAKEN, Verdict.HELD) or not (reason is None or reason in LIFTED_BY_READER):
            return
        at = int(now)
        person = subscribers.find_subscriber(tx, address)
        if person is None:
            number = subscribers.insert_subscriber(tx, address, digests=digests, now=at, language=origin.language)
            person = subscribers.get_subscriber(tx, number)
            assert person is not None
        wanted = []
        for one in (target, *also):
            subscription = subscriptions.find_subscription(tx, list_id=one.id, subscriber_id=person.id)
            record_consent(tx, one, person, "requested", origin, now=at, salt=self._context.entropy(16))
            held_sign_ups.forget_earlier(tx, list_id=one.id, subscriber_id=person.id)
            if reason is not None or not is_member(subscription):
                wanted.append((one, subscription))
        expires_at = int(now + self._context.tokens.confirm_lifetime_seconds)
        post = queue_notice if verdict is Verdict.TAKEN else partial(hold_notice, expires_at=expires_at)
        secret = self._context.entropy(16)
        if not wanted:
            mailing = ReaderNotice(kind="already_subscribed", secret=secret, payload=_titles(also))
            post(tx, mailing, target, person, origin, at)
            return
        (first, standing), *others = wanted
        proof = ConfirmationRequest(name=name, expires_at=expires_at, mail_secret=secret, also=others)
        ask_for_confirmation(tx, first, person, standing, origin, proof, now=at, post=post)

    def can_confirm(self, tx: Transaction, confirmation_id: int) -> bool:
        """Whether the link of a request would subscribe somebody now."""
        return self._look(tx, confirmation_id)[0] is Confirmed.CONFIRMED

    def _confirm(
        self, tx: Transaction, confirmation_id: int, origin: Origin
    ) -> tuple[Confirmed, SubscriptionDetails | None]:
        outcome, standing = self._look(tx, confirmation_id)
        if outcome is not Confirmed.CONFIRMED or standing is None:
            return outcome, standing
        # All are judged before any is confirmed: the first lifts a suppression, which the others are judged by.
        of_use = [
            request
            for request in _together(tx, confirmation_id)
            if self._look_at(tx, request)[0] is Confirmed.CONFIRMED
        ]
        confirmed = [self._confirm_one(tx, request, origin) for request in of_use]
        return Confirmed.CONFIRMED, replace(confirmed[0], also=standing.also)

    def _confirm_one(self, tx: Transaction, request: PendingConfirmation, origin: Origin) -> SubscriptionDetails:
        standing = find_subscription_details(tx, request.subscription_id)
        assert standing is not None
        now = int(self._context.clock())
        state = move(standing.subscription.state, SubscriptionEvent.CONFIRM)
        assert state is not None
        active = replace(
            standing.subscription,
            state=state,
            state_before=None,
            suspended_for=None,
            paused_until=None,
            source=origin.source,
            since=now,
        )
        subscriptions.record_subscription(tx, active)
        person = replace(
            standing.person,
            name=request.name or standing.person.name,
            language=request.language or standing.person.language,
        )
        subscribers.update_profile(tx, person)
        welcome_back(tx, person, now)
        lift_for_reader(tx, person.digests)
        record_consent(tx, standing.list, person, "confirmed", origin, now=now, salt=self._context.entropy(16))
        if standing.subscription.state is SubscriptionState.PENDING:  # others have been members before
            greet(tx, standing.list.id, active.id, now)
        return replace(standing, person=person, subscription=active)

    def _look(self, tx: Transaction, confirmation_id: int) -> tuple[Confirmed, SubscriptionDetails | None]:
        """What a link would do for all of its requests; as long as it would do something for one, it is of use."""
        looks = [self._look_at(tx, request) for request in _together(tx, confirmation_id)]
        outcomes = [outcome for outcome, _ in looks]
        outcome = Confirmed.CONFIRMED if Confirmed.CONFIRMED in outcomes else next(iter(outcomes), Confirmed.INVALID)
        alike = [standing for found, standing in looks if found is outcome and standing is not None]
        if not alike:
            return outcome, None
        return outcome, replace(alike[0], also=tuple(one.list for one in alike[1:]))

    def _look_at(self, tx: Transaction, request: PendingConfirmation) -> tuple[Confirmed, SubscriptionDetails | None]:
        if request.expires_at <= self._context.clock():
            return Confirmed.INVALID, None
        standing = find_subscription_details(tx, request.subscription_id)
        if standing is None:
            return Confirmed.INVALID, None
        if standing.subscription.round != request.round:
            return Confirmed.LEFT_SINCE, standing
        reason = find_reason(tx, standing.person.digests)
        if reason is not None and reason not in LIFTED_BY_READER:
            return Confirmed.LEFT_SINCE, standing
        if is_member(standing.subscription) and not _is_kept_out_since(tx, standing.person, request.created_at):
            return Confirmed.ALREADY, standing
        if move(standing.subscription.state, SubscriptionEvent.CONFIRM) is None:
            return Confirmed.LEFT_SINCE, standing
        is_suspended = standing.subscription.state is SubscriptionState.SUSPENDED
        if is_suspended and request.created_at < standing.subscription.since:
            return Confirmed.USED, standing
        return Confirmed.CONFIRMED, standing


def _together(tx: Transaction, confirmation_id: int) -> list[PendingConfirmation]:
    """The requests that a link confirms, as far as they are there."""
    first = subscriptions.get_confirmation(tx, confirmation_id)
    return [*([] if first is None else [first]), *subscriptions.led_confirmations(tx, confirmation_id)]


def _titles(also: Sequence[MailingList]) -> dict[str, list[str]]:
    """What a mail is about besides its own list."""
    return {"also": [one.title for one in also]} if also else {}


def _is_kept_out_since(tx: Transaction, person: Subscriber, asked_at: int) -> bool:
    """Whether somebody asked again, being suppressed: confirming that lets their address in."""
    row = suppressions.get_suppression(tx, person.suppression_digest)
    return row is not None and asked_at >= row["since"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationRequest:
    """What a request waits for, and until when; `name` is taken over once proven.

    `also` are further lists, each with what the person is to it so far, that the same mail asks for.
    `mail_secret` (16 random octets) goes into the Message-ID; None: no mail goes out, the request waits for its end.
    """

    name: str
    expires_at: int
    mail_secret: bytes | None
    also: Sequence[tuple[MailingList, Subscription | None]] = ()


def ask_for_confirmation(
    tx: Transaction,
    target: MailingList,
    person: Subscriber,
    subscription: Subscription | None,
    origin: Origin,
    proof: ConfirmationRequest,
    *,
    now: int,
    post: Post = queue_notice,
) -> Subscription:
    """Make a subscription pending with a request that waits for its proof, and post the mail that asks for it."""
    subscription = _make_pending(tx, target, person, subscription, origin.source, now)
    number = subscriptions.insert_confirmation(
        tx, subscription, name=proof.name, language=origin.language, now=now, expires_at=proof.expires_at
    )
    for one, standing in proof.also:
        pending = _make_pending(tx, one, person, standing, origin.source, now)
        subscriptions.insert_confirmation(
            tx,
            pending,
            name=proof.name,
            language=origin.language,
            now=now,
            expires_at=proof.expires_at,
            leader_id=number,
        )
    if proof.mail_secret is not None:
        titles = _titles([one for one, _ in proof.also])
        payload = {"confirmation": number, "expires_at": proof.expires_at, **titles}
        mailing = ReaderNotice(kind="confirmation", secret=proof.mail_secret, payload=payload)
        post(tx, mailing, target, person, origin, now)
    return subscription


def _make_pending(
    tx: Transaction,
    target: MailingList,
    person: Subscriber,
    subscription: Subscription | None,
    source: str,
    now: int,
) -> Subscription:
    if subscription is None:
        number = subscriptions.insert_subscription(
            tx, list_id=target.id, subscriber_id=person.id, state=SubscriptionState.PENDING, source=source, now=now
        )
        found = subscriptions.get_subscription(tx, number)
        assert found is not None
        return found
    state = move(subscription.state, SubscriptionEvent.SIGN_UP)
    if state is None:  # suspended by bounces: it stays so until the confirmation comes
        return subscription
    had_left = subscription.state is SubscriptionState.UNSUBSCRIBED
    before = subscription.state if had_left else subscription.state_before
    pending = replace(subscription, state=state, state_before=before, source=source, since=now)
    subscriptions.record_subscription(tx, pending)
    return pending


def record_consent(
    tx: Transaction,
    target: MailingList,
    person: Subscriber,
    event: str,
    origin: Origin,
    *,
    now: int,
    salt: bytes,
    carried: Sequence[Mapping[str, object]] = (),
) -> None:
    """Add to the evidence what a person, or somebody for them, asked or answered; `salt` is 16 random octets.

    `carried` is the evidence for another list in whose place this one comes.
    """
    consent.append_consent(
        tx,
        ConsentEvent(
            subscriber_id=person.id,
            list_id=target.id,
            list_name=target.name,
            event=event,
            at=now,
            source=origin.source,
            salt=salt,
            address=person.address,
            ip=origin.ip,
            language=language_of_evidence(origin, target.language),
            text=origin.words,
            mail=origin.mail,
            message_id=origin.in_reply_to,
            carried=carried,
        ),
    )


def language_of_evidence(origin: Origin, list_language: str) -> str:
    """The language of what a person was shown: that of the words or the request, else as the page spoke."""
    return origin.words_language or origin.language or (list_language if origin.source == "web" else "")


def end_subscription(tx: Transaction, subscription: Subscription, source: str, now: int) -> Subscription:
    """End a subscription: its requests are void, its copies that nobody claimed are cancelled."""
    assert move(subscription.state, SubscriptionEvent.LEAVE) is not None
    subscriptions.end_subscriptions(tx, [subscription.id], source, now)
    subscriptions.cancel_copies(tx, [subscription.id], now)
    gone = subscriptions.get_subscription(tx, subscription.id)
    assert gone is not None
    return gone


def is_member(subscription: Subscription | None) -> bool:
    if subscription is None:
        return False
    if subscription.state is SubscriptionState.SUSPENDED:
        return subscription.suspended_for == "paused"
    return subscription.state is SubscriptionState.ACTIVE


def _find_followed(tx: Transaction, subscription_id: int) -> SubscriptionDetails | None:
    return find_subscription_details(
        tx, language_switch.follow(tx, [subscription_id]).get(subscription_id, subscription_id)
    )


def find_subscription_details(tx: Transaction, subscription_id: int) -> SubscriptionDetails | None:
    """A subscription with its list and person; None when it is gone."""
    found = subscriptions.get_with_details(tx, subscription_id)
    return None if found is None else SubscriptionDetails(subscription=found[0], person=found[1], list=found[2])
