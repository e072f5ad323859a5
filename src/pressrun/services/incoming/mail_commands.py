"""What readers do by mail, each mail in one transaction together with the record that it is done.

A mail that a program wrote is neither answered nor obeyed (RFC 3834 §2). Only a signed address to unsubscribe works
whoever wrote, because it proves whose subscription ends. An answer goes to the envelope sender alone, says the same to
members and strangers, and counts against `replies_per_sender`.
"""

from __future__ import annotations

import re

from pressrun.core.addresses.address import Address, find_address, parse_address
from pressrun.core.addresses.mail_queues import MailQueue
from pressrun.core.addresses.mail_routes import Route, RouteKind
from pressrun.core.signing.tokens import TEST_ID, AddressTokens, digests_of
from pressrun.message.incoming.autoreply import silent_sender
from pressrun.message.incoming.commands import Command, CommandKind, parse_commands
from pressrun.message.incoming.header_scan import received_field
from pressrun.message.incoming.reading import IncomingMail
from pressrun.message.incoming.refusing import acknowledges, refuses
from pressrun.services.context import ServiceContext
from pressrun.services.mail_results import MailResult, done, kept
from pressrun.services.mails.forwards import new_forward
from pressrun.services.readers.confirmations import Confirmed, confirm_request
from pressrun.services.readers.requests import Origin, ReaderRequest
from pressrun.services.readers.sign_ups import Applicant, SignUps
from pressrun.services.readers.unsubscribes import UnsubscribeOutcome, UnsubscribeRequest, unsubscribe
from pressrun.services.suppression import find_reason
from pressrun.store import limits
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.lists.redirects import NOBODY
from pressrun.store.queue import deliveries, inbound, notices
from pressrun.store.queue.inbound import InboundMail, InboundState
from pressrun.store.readers import subscribers, subscriptions
from pressrun.store.transaction import Transaction

READ_KINDS = frozenset(
    {RouteKind.SUBSCRIBE, RouteKind.UNSUBSCRIBE, RouteKind.LEAVE, RouteKind.CONFIRM, RouteKind.REQUEST}
)
_MOST_LISTS = 200  # named in one answer
# Tags that a sending system puts before the address for its own bounces (BATV).
_BATV = re.compile(r"(?:prvs=[0-9]{4}[0-9a-f]{6}=|btv1==[^=@]+==)(?=.+@)", re.IGNORECASE)


def sender_of(mail_from: str) -> Address | None:
    """The envelope sender without a BATV tag; None for the null sender and for an invalid address."""
    return find_address(_BATV.sub("", mail_from, count=1))


class _Request(ReaderRequest):
    """What the sender of a mail asks one list to do."""

    def __init__(
        self, tx: Transaction, origin: Origin, context: ServiceContext, *, list_name: str, sender: Address
    ) -> None:
        super().__init__(tx, origin, context)
        self.list_name = list_name
        self.sender = sender


class MailCommands:
    """Carries out what accepted mails ask for."""

    def __init__(self, context: ServiceContext, *, sign_ups: SignUps) -> None:
        self._context = context
        self._tokens = AddressTokens(context.keys)
        self._site = context.site
        self._sign_ups = sign_ups

    def carry_out(
        self, tx: Transaction, mail: InboundMail, route: Route | None, incoming: IncomingMail | None, problem: str
    ) -> MailResult:
        """Carry out one mail; `incoming` is None, with the `problem`, for a mail that cannot be read."""
        if route is None:
            return MailResult(InboundState.FAILED, "no address of ours")
        if route.kind not in READ_KINDS:
            return self._forward(tx, mail, route)
        if incoming is None and route.kind is not RouteKind.LEAVE:
            return MailResult(InboundState.UNREADABLE, problem)
        return done(self._obey(tx, mail, route, incoming or IncomingMail()))

    # ------------------------------------------------------------------ commands

    def _obey(self, tx: Transaction, mail: InboundMail, route: Route, incoming: IncomingMail) -> str:
        origin = Origin(
            source="mail",
            words=f"mail to {self._site.list_address(route.list_name, route.kind)}",
            mail=f"sha256:{mail.content_digest.hex()}",
            in_reply_to=incoming.message_id,
        )
        if route.kind is RouteKind.LEAVE:
            return self._unsubscribe(tx, route, origin)
        sender = sender_of(mail.mail_from)
        silence = incoming.automatic or silent_sender(sender, (self._site.mail_domain,))
        if silence is not None or sender is None:
            return f"not answered: {silence}"
        request = _Request(tx, origin, self._context, list_name=route.list_name, sender=sender)
        match route.kind:
            case RouteKind.SUBSCRIBE:
                return self._sign_up(request)
            case RouteKind.UNSUBSCRIBE:
                return self._send_unsubscribe_link(request)
            case RouteKind.CONFIRM if refuses(incoming.text):
                return "not done: they refuse"
            case RouteKind.CONFIRM if acknowledges(incoming.text):
                return "not done: words of a program"
            case RouteKind.CONFIRM:
                return self._confirm(request, route.token)
            case _:
                commands = parse_commands(incoming.subject, incoming.text)
                if not commands:
                    return self._answer(request, "command_help", {"is_unknown": True})
                return ", ".join([self._obey_command(request, command) for command in commands])

    def _obey_command(self, request: _Request, command: Command) -> str:
        match command.kind:
            case CommandKind.HELP:
                return self._answer(request, "command_help")
            case CommandKind.LISTS:
                return self._answer(request, "list_of_lists", {"lists": self._public_lists(request.tx)})
            case CommandKind.SUBSCRIBE:
                return self._sign_up(request)
            case CommandKind.UNSUBSCRIBE:
                return self._send_unsubscribe_link(request)
            case CommandKind.CONFIRM:
                return self._confirm(request, command.token)

    def _sign_up(self, request: _Request) -> str:
        target = lists.find_list(request.tx, request.list_name)
        if target is None:
            return "list is gone"
        if target.closed_at is not None:
            return self._answer(request, "list_closed")
        if not self._may_reply(request):
            return "limited"
        self._sign_ups.sign_up(request.tx, [target], Applicant(request.sender, request.origin))
        return "asked to confirm"

    def _confirm(self, request: _Request, token: str) -> str:
        number = self._tokens.read_route(Route(RouteKind.CONFIRM, request.list_name, token))
        if number == TEST_ID:
            return "test"
        outcome = Confirmed.INVALID
        if number is not None:
            outcome, _ = confirm_request(request, number)
        if outcome in (Confirmed.CONFIRMED, Confirmed.ALREADY):
            return outcome
        return self._answer(request, "not_confirmed")

    def _unsubscribe(self, tx: Transaction, route: Route, origin: Origin) -> str:
        # Automatic replies do not come here, since no mail names this address as its sender. Programs that unsubscribe
        # for a reader mark their mail as some vacation programs do. So marks are ignored.
        number = self._tokens.read_route(route)
        if number is None or number == TEST_ID:
            return "test" if number == TEST_ID else "not signed"
        # The address says no edition: it is the last one they got, as far as anybody can tell.
        request = UnsubscribeRequest(number, origin, deliveries.latest_edition(tx, number))
        (outcome,) = unsubscribe(tx, [request], self._context)
        return "left" if outcome is UnsubscribeOutcome.LEFT else "was not subscribed"

    def _send_unsubscribe_link(self, request: _Request) -> str:
        target = lists.find_list(request.tx, request.list_name)
        person = subscribers.find_subscriber(request.tx, request.sender)
        subscription = None
        if target is not None and person is not None:
            subscription = subscriptions.find_subscription(request.tx, list_id=target.id, subscriber_id=person.id)
        # A stranger's answer has a link of the same form.
        payload: dict[str, object] = {"subscription": NOBODY if subscription is None else subscription.id}
        return self._answer(request, "unsubscribe_link", payload)

    def _public_lists(self, tx: Transaction) -> list[list[str]]:
        listed = lists.all_lists(tx, listed_only=True)[:_MOST_LISTS]
        return [[target.title, self._site.list_address(target.name, "subscribe")] for target in listed]

    def _answer(self, request: _Request, kind: str, payload: dict[str, object] | None = None) -> str:
        """Queue an answer to the sender, within their limit; a suppressed address gets none."""
        target = lists.find_list(request.tx, request.list_name)
        if target is None:
            return "list is gone"
        if find_reason(request.tx, digests_of(self._context.keys, request.sender)) is not None:
            return "not answered: suppressed"
        if not self._may_reply(request):
            return "limited"
        person = subscribers.find_subscriber(request.tx, request.sender)
        request.answer(kind, target, person, payload or {}, to=request.sender)
        return kind

    def _may_reply(self, request: _Request) -> bool:
        meter = self._context.meter_of("replies_per_sender", request.sender)
        return limits.spend(request.tx, [meter], self._context.clock())

    # ------------------------------------------------------------------ mail for the owner or the operator

    def _forward(self, tx: Transaction, mail: InboundMail, route: Route) -> MailResult:
        target = lists.find_list(tx, route.list_name) if route.list_name else None
        recipient = self._owner_of(target)
        if recipient is None:
            return kept("nobody to forward to: set `operator`, or the list's owner")
        if mail.queue is not MailQueue.STRANGERS and self._is_full(tx, len(mail.content)):
            return kept("too much mail waits to be forwarded already")  # it was accepted as a complaint, and is not one
        trace = received_field(peer=mail.peer, by=self._site.mail_domain, number=mail.id, at=mail.received_at)
        forward = new_forward(mail, recipient, target, trace=trace, message_secret=self._context.entropy(16))
        notices.insert_notice(tx, forward, self._context.now)
        return done("forwarded")

    def _is_full(self, tx: Transaction, size: int) -> bool:
        return inbound.forwards_size(tx) + size > self._context.limits.waiting_mail_bytes

    def _owner_of(self, target: MailingList | None) -> Address | None:
        owner = (target.owner if target is not None else None) or self._site.operator
        return None if owner is None else parse_address(owner)
