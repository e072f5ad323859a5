"""Signing up, on the web, by mail and by a program that asks for somebody.

Each request is one transaction that holds the change of state, the evidence of consent and the mail that follows.
The caller learns only what anybody may know: the answer to a sign-up is the same for a stranger, a member, somebody who
has not confirmed yet and somebody who is suppressed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import Struct, field

from pressrun.core.abuse.sign_up import Trust
from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.quantities import RateExceeded
from pressrun.core.signing.tokens import digests_of
from pressrun.services.context import ServiceContext
from pressrun.services.ports import UNOBSERVED, SignUpObserver
from pressrun.services.readers.abuse_limits import AbuseLimits
from pressrun.services.readers.confirmation_requests import MAILED, Wanted, request_confirmation, titles_of
from pressrun.services.readers.double_clicks import by_link, meter_of_requests
from pressrun.services.readers.requests import Origin, ReaderRequest
from pressrun.services.suppression import LIFTED_BY_READER, find_reason
from pressrun.store import limits
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.readers import held_sign_ups, subscribers, subscriptions
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.readers.subscriptions import Subscription
from pressrun.store.transaction import Transaction


class SignUpAnswer(StrEnum):
    """The answer to a sign-up: `ACCEPTED` whatever the address is to an open list."""

    ACCEPTED = "taken"
    CLOSED = "closed"
    UNKNOWN_LIST = "unknown list"


class Applicant(Struct, frozen=True):
    """Who signs up, and from where; name and attributes (columns) become the person's once they confirm."""

    address: Address
    origin: Origin
    name: str = ""
    trust: Trust = Trust.UNPROVEN
    attributes: Mapping[str, str] = field(default_factory=dict)


class SignUps:
    """The services behind sign-up forms and sign-up mails."""

    def __init__(self, context: ServiceContext, observer: SignUpObserver = UNOBSERVED) -> None:
        self._context = context
        self.abuse_limits = AbuseLimits(context, observer)

    async def request(
        self, names: Sequence[str], applicant: Applicant, network: str | None, reader: int | None = None
    ) -> SignUpAnswer | RateExceeded:
        """Sign up to these lists, except closed ones; the mail is about the first, and asks to confirm all.

        `sign_ups_per_ip` counts by `network`; None means that this limit does not apply. `reader` is the one whose
        link to preferences asks for it.
        """
        answer = await self._context.database.share(self._request, names, applicant, network, reader)
        self._context.wake()
        return answer

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
        self, tx: Transaction, names: Sequence[str], applicant: Applicant, network: str | None, reader: int | None
    ) -> SignUpAnswer | RateExceeded:
        now, sent = self._context.clock(), []
        if reader is not None:
            sent = [meter_of_requests(self._context, by_link(reader), applicant.address.typed, *sorted(names))]
        targets = self.choose_lists(tx, names, network)
        if isinstance(targets, RateExceeded) and limits.opens_at(tx, sent, now) is not None:
            return SignUpAnswer.ACCEPTED  # the second click on what was the last of its network
        if isinstance(targets, SignUpAnswer | RateExceeded):
            return targets
        if not sent or limits.spend(tx, sent, now):
            self.sign_up(tx, targets, applicant)
        return SignUpAnswer.ACCEPTED

    def sign_up(self, tx: Transaction, targets: Sequence[MailingList], applicant: Applicant) -> None:
        """Carry out a sign-up to open lists: its mail goes out unless a limit or a suppression forbids it.

        There is only one mail, however many lists a form names.
        """
        address, known = applicant.address, subscribers.find_subscriber(tx, applicant.address)
        verdict = self.abuse_limits.admit(tx, address, applicant.trust, self._context.clock())
        digests = digests_of(self._context.keys, address)
        reason = find_reason(tx, digests)
        if verdict not in MAILED or not (reason is None or reason in LIFTED_BY_READER):
            return
        request, language = ReaderRequest(tx, applicant.origin, self._context), applicant.origin.language
        person = known or subscribers.insert_subscriber(
            tx, address, digests=digests, now=request.now, language=language
        )
        wanted: list[Wanted] = []
        members: list[Subscription] = []
        for target in targets:
            subscription = None if known is None else _find_earlier(tx, target, known)
            request.record("requested", target, person)
            if subscription is not None and reason is None and subscription.reads:
                members.append(subscription)
            else:
                wanted.append((target, subscription))
        if wanted:
            name, attributes = applicant.name, applicant.attributes
            request_confirmation(request, wanted, person, verdict, name=name, attributes=attributes)
        else:
            first, *others = targets
            payload = {**titles_of(others), **_pause(members)}
            to = parse_address(person.address)
            request.answer("already_subscribed", first, person, payload, to=to, verdict=verdict)


def _find_earlier(tx: Transaction, target: MailingList, person: Subscriber) -> Subscription | None:
    """The subscription that a person has or had; an earlier sign-up that is held is forgotten."""
    held_sign_ups.forget_earlier(tx, list_id=target.id, subscriber_id=person.id)
    return subscriptions.find_subscription(tx, list_id=target.id, subscriber_id=person.id)


def _pause(members: Sequence[Subscription]) -> dict[str, int]:
    """The part of a payload that says when the pause of all these subscriptions ends; nothing where they differ."""
    ends = {subscription.paused_until for subscription in members}
    until = ends.pop() if len(ends) == 1 else None
    return {} if until is None else {"paused_until": until}
