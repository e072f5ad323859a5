"""What readers do by mail: an accepted mail becomes its effects, in one transaction with the note that it is done.

Nothing is answered or done for a mail that a machine wrote (RFC 3834 §2); only a signed address to unsubscribe is
honoured whoever wrote, because it proves whose subscription ends. An answer goes to the envelope sender alone, says the
same to members and strangers, and is counted against `replies_per_sender`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pressrun.core.address import Address, parse_address
from pressrun.core.current import Current
from pressrun.core.errors import MalformedAddress
from pressrun.core.keys import KeyRing
from pressrun.core.mail_queues import MailQueue
from pressrun.core.mail_routes import Route, RouteKind
from pressrun.core.site import Site
from pressrun.core.tokens import TEST_ID, AddressTokens, digests_of, suppression_digest
from pressrun.message.incoming.autoreply import FOR_SOMEBODY, silent_sender
from pressrun.message.incoming.commands import Command, CommandKind, parse_commands
from pressrun.message.incoming.header_scan import received_field
from pressrun.message.incoming.reading import IncomingMail
from pressrun.services.mail_results import MailResult, done, kept
from pressrun.services.mails.forwards import new_forward
from pressrun.services.ports import Clock, Entropy
from pressrun.services.readers.sign_ups import Confirmed, SignUpAnswer, SignUps
from pressrun.services.readers.subscription_records import Origin
from pressrun.services.readers.unsubscribes import UnsubscribeOutcome, UnsubscribeRequest, Unsubscribes
from pressrun.services.settings import ServiceSettings
from pressrun.services.suppression import find_reason
from pressrun.store import inbound, limits, lists, notices, subscribers, subscriptions
from pressrun.store.inbound import InboundMail, InboundState
from pressrun.store.lists import MailingList
from pressrun.store.notices import NewNotice
from pressrun.store.transaction import Transaction

NOBODY = (1 << 48) - 1  # an id that no subscription reaches: the link in an answer to a stranger is of the same form
READ_KINDS = frozenset(
    {RouteKind.SUBSCRIBE, RouteKind.UNSUBSCRIBE, RouteKind.LEAVE, RouteKind.CONFIRM, RouteKind.REQUEST}
)
_MOST_LISTS = 200  # named in one answer
# Tags that a sending system puts before the address for its own bounces (BATV).
_BATV = re.compile(r"(?:prvs=[0-9]{4}[0-9a-f]{6}=|btv1==[^=@]+==)(?=.+@)", re.IGNORECASE)


def sender_of(mail_from: str) -> Address | None:
    """The envelope sender without a BATV tag; None for the null sender and for what is no address."""
    try:
        return parse_address(_BATV.sub("", mail_from, count=1)) if mail_from else None
    except MalformedAddress:
        return None


class MailCommands:
    """Carries out what accepted mails ask for."""

    def __init__(
        self,
        *,
        keys: KeyRing,
        site: Site,
        sign_ups: SignUps,
        unsubscribes: Unsubscribes,
        settings: Current[ServiceSettings],
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._keys = keys
        self._tokens = AddressTokens(keys)
        self._site = site
        self._sign_ups = sign_ups
        self._unsubscribes = unsubscribes
        self._settings = settings
        self._clock = clock
        self._entropy = entropy

    def settle(
        self, tx: Transaction, mail: InboundMail, route: Route | None, incoming: IncomingMail | None, problem: str
    ) -> MailResult:
        """Carry out one mail; `incoming` None with `problem` says that it cannot be read."""
        if route is None:
            return MailResult(InboundState.FAILED, "no address of ours")
        if route.kind not in READ_KINDS:
            return self._forward(tx, mail, route)
        if incoming is None and route.kind is not RouteKind.LEAVE:
            return MailResult(InboundState.UNREADABLE, problem)
        return done(self._obey(tx, mail, route, incoming or IncomingMail()))

    # ------------------------------------------------------------------ commands

    def _obey(self, tx: Transaction, mail: InboundMail, route: Route, incoming: IncomingMail) -> str:
        origin = self._origin(mail, route, incoming)
        if route.kind is RouteKind.LEAVE:
            return self._leave(tx, route, incoming, origin)
        sender = sender_of(mail.mail_from)
        silence = incoming.automatic or silent_sender(sender, (self._site.mail_domain,))
        if silence is not None or sender is None:
            return f"not answered: {silence}"
        errand = _Errand(tx, route.list_name, sender, origin)
        match route.kind:
            case RouteKind.SUBSCRIBE:
                return self._subscribe(errand)
            case RouteKind.UNSUBSCRIBE:
                return self._send_unsubscribe_link(errand)
            case RouteKind.CONFIRM:
                return self._confirm(errand, route.token)
            case _:
                return self._obey_commands(errand, parse_commands(incoming.subject, incoming.text))

    def _obey_commands(self, errand: _Errand, commands: tuple[Command, ...]) -> str:
        if not commands:
            return self._answer(errand, "command_help", {"is_unknown": True})
        done = []
        for command in commands:
            match command.kind:
                case CommandKind.HELP:
                    done.append(self._answer(errand, "command_help"))
                case CommandKind.LISTS:
                    done.append(self._answer(errand, "list_of_lists", {"lists": self._public_lists(errand.tx)}))
                case CommandKind.SUBSCRIBE:
                    done.append(self._subscribe(errand))
                case CommandKind.UNSUBSCRIBE:
                    done.append(self._send_unsubscribe_link(errand))
                case CommandKind.CONFIRM:
                    done.append(self._confirm(errand, command.token))
        return ", ".join(done)

    def _subscribe(self, errand: _Errand) -> str:
        target = lists.find_list(errand.tx, errand.list_name)
        if target is None:
            return "list is gone"
        if target.closed_at is not None:
            return self._answer(errand, "list_closed")
        if not self._may_reply(errand):
            return "limited"
        answer = self._sign_ups.request_within(errand.tx, errand.list_name, errand.sender, errand.origin)
        return "asked to confirm" if answer is SignUpAnswer.ACCEPTED else str(answer)

    def _confirm(self, errand: _Errand, token: str) -> str:
        number = self._tokens.read_route(Route(RouteKind.CONFIRM, errand.list_name, token))
        if number == TEST_ID:
            return "test"
        outcome = Confirmed.INVALID
        if number is not None:
            outcome, _ = self._sign_ups.confirm_within(errand.tx, number, errand.origin)
        if outcome in (Confirmed.CONFIRMED, Confirmed.ALREADY):
            return outcome
        return self._answer(errand, "not_confirmed")

    def _leave(self, tx: Transaction, route: Route, incoming: IncomingMail, origin: Origin) -> str:
        if incoming.automatic is not None and incoming.automatic not in FOR_SOMEBODY:
            return f"not done: {incoming.automatic}"
        number = self._tokens.read_route(route)
        if number is None or number == TEST_ID:
            return "test" if number == TEST_ID else "not signed"
        (outcome,) = self._unsubscribes.unsubscribe_within(tx, [UnsubscribeRequest(number, origin)])
        return "left" if outcome is UnsubscribeOutcome.LEFT else "was not subscribed"

    def _send_unsubscribe_link(self, errand: _Errand) -> str:
        target = lists.find_list(errand.tx, errand.list_name)
        person = subscribers.find_subscriber(errand.tx, errand.sender)
        found = None
        if target is not None and person is not None:
            found = subscriptions.find_subscription(errand.tx, list_id=target.id, subscriber_id=person.id)
        return self._answer(errand, "unsubscribe_link", {"subscription": NOBODY if found is None else found.id})

    def _public_lists(self, tx: Transaction) -> list[list[str]]:
        found = lists.all_lists(tx, listed_only=True)[:_MOST_LISTS]
        return [[item.title, self._site.list_address(item.name, "subscribe")] for item in found]

    def _answer(self, errand: _Errand, kind: str, payload: dict[str, object] | None = None) -> str:
        """Queue one answer to the sender, within their limit; a suppressed address gets none."""
        target = lists.find_list(errand.tx, errand.list_name)
        if target is None:
            return "list is gone"
        if find_reason(errand.tx, digests_of(self._keys, errand.sender)) is not None:
            return "not answered: suppressed"
        if not self._may_reply(errand):
            return "limited"
        person = subscribers.find_subscriber(errand.tx, errand.sender)
        notices.insert_notice(
            errand.tx,
            NewNotice(
                kind=kind,
                address=errand.sender,
                message_secret=self._entropy(16),
                list_id=target.id,
                subscriber_id=None if person is None else person.id,
                language=(person.language if person is not None else "") or target.language,
                payload={**(payload or {}), "answers": "mail", "in_reply_to": errand.origin.in_reply_to},
            ),
            int(self._clock()),
        )
        return kind

    def _may_reply(self, errand: _Errand) -> bool:
        fold = suppression_digest(self._keys, errand.sender.fold)
        rate = self._settings.value.limits.replies_per_sender
        return limits.spend(errand.tx, "replies_per_sender", fold, rate, self._clock())

    def _origin(self, mail: InboundMail, route: Route, incoming: IncomingMail) -> Origin:
        words = f"mail to {self._site.list_address(route.list_name, route.kind)}"
        return Origin(
            source="mail",
            words=words,
            mail=f"sha256:{mail.content_digest.hex()}",
            in_reply_to=incoming.message_id,
        )

    # ------------------------------------------------------------------ what is passed on, and what comes back

    def _forward(self, tx: Transaction, mail: InboundMail, route: Route) -> MailResult:
        target = lists.find_list(tx, route.list_name) if route.list_name else None
        person = self._person_behind(target)
        if person is None:
            return kept("nobody to forward to: set `operator`, or the list's owner")
        if mail.queue is not MailQueue.STRANGERS and self._is_full(tx, len(mail.content)):
            return kept("too much mail waits to be forwarded already")  # it was taken in as a complaint, and is none
        trace = received_field(peer=mail.peer, by=self._site.mail_domain, number=mail.id, at=mail.received_at)
        forward = new_forward(mail, person, target, trace=trace, message_secret=self._entropy(16))
        notices.insert_notice(tx, forward, int(self._clock()))
        return done("forwarded")

    def _is_full(self, tx: Transaction, size: int) -> bool:
        return inbound.forwards_size(tx) + size > self._settings.value.limits.waiting_mail_bytes

    def _person_behind(self, target: MailingList | None) -> Address | None:
        given = (target.owner if target is not None else None) or self._site.operator
        return None if given is None else parse_address(given)


@dataclass(frozen=True, slots=True)
class _Errand:
    """One sender's wish about one list, in one transaction."""

    tx: Transaction
    list_name: str
    sender: Address
    origin: Origin
