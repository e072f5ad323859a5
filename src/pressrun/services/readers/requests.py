"""A request on behalf of a reader, in one transaction: where it came from, and what it records and mails.

Every change of a subscription leaves evidence of consent, and may mail the reader. The use cases beside this file
decide what happens to whom; this file records, mails and commits it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

import msgspec

from pressrun.core.abuse.sign_up import Verdict
from pressrun.core.addresses.address import Address, parse_address
from pressrun.services.context import AddressLimit, ServiceContext
from pressrun.services.readers.subscription_records import end_subscription
from pressrun.store import limits
from pressrun.store.lists.lists import MailingList
from pressrun.store.queue import notices
from pressrun.store.queue.notices import NewNotice
from pressrun.store.readers import consent, held_sign_ups, subscriptions
from pressrun.store.readers.consent import ConsentEvent
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.readers.subscriptions import Subscription, SubscriptionDetails
from pressrun.store.transaction import Transaction

P = ParamSpec("P")
T = TypeVar("T")


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request came from: `source` is web or mail, `words` what the person was shown, `mail` its digest.

    `words_language` is the language of the words if it differs from that of the request or the list.
    `in_reply_to` is the Message-ID that a reply by mail answers. `url` and `given_at` are where and when the person
    consented, according to the program that made the request.
    """

    source: str
    ip: str | None = None
    language: str = ""
    words: str = ""
    words_language: str = ""
    mail: str | None = None
    in_reply_to: str | None = None
    url: str = ""
    given_at: int | None = None

    def evidence(self, list_language: str) -> dict[str, Any]:
        """What evidence of consent records of it, with the language of what the person was shown.

        That is the language of the words, or else of the request, or else, on the web, of the list.
        """
        return {
            "source": self.source,
            "ip": self.ip,
            "language": self.words_language or self.language or (list_language if self.source == "web" else ""),
            "text": self.words,
            "mail": self.mail,
            "message_id": self.in_reply_to,
            "url": self.url,
            "given_at": self.given_at,
        }


class ReaderRequest:
    """One request, within its transaction: all that it changes has the same time and the same origin."""

    def __init__(self, tx: Transaction, origin: Origin, context: ServiceContext) -> None:
        self.tx = tx
        self.origin = origin
        self.context = context
        self.now = context.now

    # ------------------------------------------------------------------ subscriptions, and the evidence for them

    def change(self, details: SubscriptionDetails, changed: Subscription, event: str, *, how: str = "") -> None:
        """Write the new state of a subscription, with its evidence; raises Conflict if it has changed since.

        `how` says how it came about, if the source does not.
        """
        subscriptions.record_subscription(self.tx, details.subscription, changed, self.now, how=how)
        self.record(event, details.list, details.person)

    def end(self, details: SubscriptionDetails, event: str = "withdrawn") -> Subscription:
        """End a subscription for the reader or on their behalf, with its evidence."""
        ended = end_subscription(self.tx, details.subscription, self.origin.source, self.now)
        self.record(event, details.list, details.person)
        return ended

    def record(
        self, event: str, target: MailingList, person: Subscriber, carried: Sequence[Mapping[str, object]] = ()
    ) -> None:
        """Add to the evidence what a person, or somebody on their behalf, requested or answered.

        `carried` is the evidence for the list that this one replaces.
        """
        consent.append_consent(
            self.tx,
            ConsentEvent(
                subscriber_id=person.id,
                list_id=target.id,
                list_name=target.name,
                event=event,
                at=self.now,
                salt=self.context.entropy(16),
                address=person.address,
                carried=carried,
                **self.origin.evidence(target.language),
            ),
        )

    # ------------------------------------------------------------------ mail to the reader

    def may_mail(self, limit: AddressLimit, address: Address) -> bool:
        """Count one more mail to an address against a limit; False if it is exceeded."""
        return limits.spend(self.tx, [self.context.meter_of(limit, address)], self.context.clock())

    def mail(self, kind: str, target: MailingList, person: Subscriber, payload: Mapping[str, object]) -> None:
        """Queue a mail in the reader's own language, or in that of the request if they have none."""
        language = person.language or self.origin.language
        address = parse_address(person.address)
        notices.insert_notice(self.tx, self._notice(kind, target, person, address, payload, language), self.now)

    def answer(
        self,
        kind: str,
        target: MailingList,
        person: Subscriber | None,
        payload: Mapping[str, object],
        *,
        to: Address,
        verdict: Verdict = Verdict.ACCEPTED,
    ) -> None:
        """Queue a mail in the language of the request, or in the reader's own if it has none; None for a stranger.

        A mail that the abuse limits hold waits for an operator until a confirmation would have expired.
        """
        language = self.origin.language or ("" if person is None else person.language)
        notice = self._notice(kind, target, person, to, payload, language)
        if verdict is Verdict.HELD:
            held_sign_ups.hold_notice(self.tx, notice, now=self.now, expires_at=self.confirm_until)
        else:
            notices.insert_notice(self.tx, notice, self.now)

    @property
    def confirm_until(self) -> int:
        """When a confirmation that this request asks for expires."""
        return int(self.now + self.context.tokens.confirm_lifetime_seconds)

    def _notice(
        self,
        kind: str,
        target: MailingList,
        person: Subscriber | None,
        address: Address,
        payload: Mapping[str, object],
        language: str,
    ) -> NewNotice:
        origin = self.origin
        return NewNotice(
            kind=kind,
            address=address,
            message_secret=self.context.entropy(16),
            list_id=target.id,
            subscriber_id=None if person is None else person.id,
            language=language or target.language,
            payload={"answers": origin.source, "in_reply_to": origin.in_reply_to, **payload},
        )


async def carry_out(
    context: ServiceContext,
    origin: Origin,
    work: Callable[Concatenate[ReaderRequest, P], T],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Carry out a request in a transaction that it shares with others, and wake the dispatcher for what follows."""
    value = await context.database.share(lambda tx: work(ReaderRequest(tx, origin, context), *args, **kwargs))
    context.wake()
    return value
