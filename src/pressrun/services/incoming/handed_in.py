"""Bounces and complaints that a program hands in, because its provider reports to it and not to our return path.

A token of ours proves which copy it was, as in mail: the token of its return path, which is also its CFBL-Feedback-ID.
If a provider replaced both, the copy's Message-ID proves it together with the address, because it is a keyed hash.
Without proof, nothing changes for anybody.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from pressrun.core.addresses.address import Address
from pressrun.core.addresses.mail_routes import Route, RouteKind, read_local_part
from pressrun.core.bounces.classes import BounceClass
from pressrun.core.errors import NotFound, Refused, TryAgain
from pressrun.core.signing.tokens import AddressPurpose, AddressTokens, WebTokens
from pressrun.message.reports.report import RecipientReport, Report
from pressrun.message.reports.status import on_one_line, report_of_failed
from pressrun.services.bounces.bounce_handler import BounceHandler
from pressrun.services.context import ServiceContext
from pressrun.services.incoming.enclosed_tokens import EnclosedTokens
from pressrun.services.incoming.mail_acceptance import ACCEPTED, ArrivedMail
from pressrun.services.mail_results import MailResult, report_result
from pressrun.services.mails.copy_composer import message_id
from pressrun.services.ports import BounceCounter
from pressrun.smtp.reply import Reply
from pressrun.store.lists import lists
from pressrun.store.queue import copy_pages
from pressrun.store.readers import subscribers
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.bounces")

MAIL, COMPLAINT = "api", "abuse"  # the peer of a mail that is handed in, and the type of a complaint (RFC 5965 §7.3)

AcceptMail = Callable[[ArrivedMail], Awaitable[Sequence[Reply]]]
MayHandIn = Callable[[str], bool]
"""Whether the caller may hand in what concerns a list."""


class Proof(Struct, frozen=True, kw_only=True):
    """Which copy it was: by the token of its return path, or by its Message-ID and the address of its reader."""

    token: str = ""
    message_id: str = ""
    address: Address | None = None


class HandedInReturns:
    """Takes bounces and complaints of programs. Mail needs the processes that parse it, which `connect` brings."""

    def __init__(self, context: ServiceContext, bounces: BounceHandler, counter: BounceCounter) -> None:
        self._database = context.database
        self._site = context.site
        self._bounces = bounces
        self._counter = counter
        self._tokens = AddressTokens(context.keys)
        self._enclosed = EnclosedTokens(context.site, self._tokens, WebTokens(context.keys))
        self._accept: AcceptMail | None = None

    def connect(self, accept: AcceptMail) -> None:
        """Mail that is handed in is accepted by this, like mail from the network."""
        self._accept = accept

    async def report(self, proof: Proof, may: MayHandIn, *, status: str, text: str, is_complaint: bool) -> str:
        """Record that a copy has bounced, or that its reader has complained; returns what it was taken for.

        Raises NotFound where nothing proves which copy it was, or it is of a list that the caller may not hand in for.
        """
        route = await self._database.read(self._find_copy, proof)
        if route is None or not may(route.list_name):
            raise _unknown()
        report = Report(feedback_type=COMPLAINT) if is_complaint else Report(recipients=(_said(status, text),))
        result: MailResult = await self._database.write(self._bounces.process, route, report, "")
        report_result(log, self._counter, result)
        return result.outcome

    async def accept_mail(self, content: bytes, may: MayHandIn) -> None:
        """Accept a notification (RFC 3464) or feedback report (RFC 5965) that encloses a token of ours.

        It is stored durably and then processed as if it had come to the return path. Raises NotFound as `report` does,
        Refused where no mail is received, and TryAgain where no more can be stored now.
        """
        if self._accept is None:
            raise Refused("without [smtp], Pressrun parses no email. Send JSON with the token of the copy")
        route = self._enclosed.find_return_path(content)
        if route is None or not may(route.list_name):
            raise _unknown()
        (reply,) = await self._accept(ArrivedMail(mail_from="", recipients=(route,), content=content, peer=MAIL))
        if reply is not ACCEPTED:
            raise TryAgain(reply.text)

    def _find_copy(self, tx: Transaction, proof: Proof) -> Route | None:
        if proof.token:
            return self._route_of(tx, proof.token.strip().lower())
        person = None if proof.address is None else subscribers.find_subscriber(tx, proof.address)
        wanted = proof.message_id.strip().strip("<>")
        for row in [] if person is None else copy_pages.copies_of_reader(tx, person.id):
            if message_id(row["message_secret"], row["id"], self._site) == wanted:
                token = self._tokens.make(AddressPurpose.BOUNCES, row["list_name"], row["id"])
                return Route(RouteKind.BOUNCES, row["list_name"], token)
        return None

    def _route_of(self, tx: Transaction, token: str) -> Route | None:
        """The return path that a token belongs to, which may stand alone, as in CFBL-Feedback-ID."""
        local, _, domain = token.partition("@")
        whole = read_local_part(local) if domain in ("", self._site.mail_domain) else None
        named = [whole] if whole is not None and whole.kind is RouteKind.BOUNCES else []
        bare = [Route(RouteKind.BOUNCES, target.name, local) for target in lists.all_lists(tx)] if not named else []
        return next((route for route in (*named, *bare) if self._tokens.read_route(route) is not None), None)


def _said(status: str, text: str) -> RecipientReport:
    """What a status and the remote's words say, as a notification would."""
    waiting = {"2": BounceClass.DELIVERED, "4": BounceClass.DELAYED}.get(status[:1])
    if waiting is not None:
        return RecipientReport(bounce=waiting, status=status, text=on_one_line(text))
    return report_of_failed(status=status, diagnostic=text, text=text)


def _unknown() -> NotFound:
    return NotFound("nothing in it proves which copy of ours it is about, so nothing was done")
