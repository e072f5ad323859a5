"""Taking mail in: who gets what at RCPT, what is refused after the content, what is stored before 250 is said.

An accepted mail is a row in state `received`. What it asks for is done later and in order, in one transaction with
the note that it is done: a kill at any moment repeats nothing and loses nothing. The same mail handed over twice is
one row (see message.trace.same_mail_digest).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from pressrun.core.errors import Unavailable, UnreadableMail
from pressrun.core.keys import KeyRing
from pressrun.core.mail_routes import Route, RouteKind, read_local_part
from pressrun.core.site import Site
from pressrun.message.incoming import IncomingMail
from pressrun.message.trace import Glance, glance, own_digest, same_mail_digest
from pressrun.observe.log import event
from pressrun.services.answering import BOUNCE, FORWARD_BOUNCED, READ_KINDS, Answering, Settled
from pressrun.services.intake import Intake
from pressrun.services.ports import Clock, Entropy, Waker
from pressrun.services.settings import LimitSettings
from pressrun.services.subscribing import Subscribing
from pressrun.smtp.reply import Reply
from pressrun.store import inbound, lists
from pressrun.store.database import Database
from pressrun.store.inbound import InboundMail, InboundState, NewInbound

log = logging.getLogger("pressrun.inbound")

MOST_HOPS = 25
# Two mails of the same octets without a Message-ID are one mail handed over twice only when they come this close.
SAME_WITHIN_SECONDS = 600
_BATCH = 50
_AGAIN_SECONDS = 2.0  # after a fault of the database or the helper process
_LOOK_AGAIN_SECONDS = 60.0

ACCEPTED = Reply(250, "accepted", "2.6.0")
UNKNOWN = Reply(550, "there is no such address here", "5.1.1")
CLOSED = Reply(550, "this list is closed and takes no new subscriptions", "5.7.1")
NO_EDITIONS = Reply(550, "editions by mail are not taken by this list", "5.7.1")
LOOP = Reply(554, "too many hops, this mail is going round in circles", "5.4.6")

_COUNTED_AS = {
    RouteKind.POST: "post",
    RouteKind.BOUNCES: "bounce",
    RouteKind.OWNER: "forward",
    RouteKind.POSTMASTER: "forward",
    RouteKind.ABUSE: "forward",
}


class Reader(Protocol):
    """Reads hostile mail somewhere safe."""

    async def read(self, content: bytes) -> IncomingMail:
        """What a mail says; raises UnreadableMail, or Unavailable when nothing can be read now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A mail whose content has come whole, for recipients that `route` accepted.

    `mail_from` is "" for the null sender; `replies_each` says that each recipient gets a reply of its own (LMTP).
    """

    mail_from: str
    recipients: tuple[Route, ...]
    content: bytes
    peer: str
    utf8: bool = False
    replies_each: bool = False


class Receiving:
    """Inbound mail over one database; `run` deals with what was accepted."""

    def __init__(  # noqa: PLR0913 - it stands between the listeners and everything that a mail can ask for
        self,
        *,
        database: Database,
        keys: KeyRing,
        site: Site,
        subscribing: Subscribing,
        limits: LimitSettings,
        clock: Clock,
        entropy: Entropy,
        wake: Waker,
        reader: Reader,
        count: Callable[[str], None],
    ) -> None:
        self.site = site
        self._database = database
        self._clock = clock
        self._wake = wake
        self._reader = reader
        self._count = count
        self._intake = Intake(database)
        self._answering = Answering(
            keys=keys, site=site, subscribing=subscribing, limits=limits, clock=clock, entropy=entropy
        )
        self._wanted = asyncio.Event()
        self._pass = asyncio.Lock()

    def reload(self, limits: LimitSettings) -> None:
        """Go on under new limits."""
        self._answering.limits = limits

    # ------------------------------------------------------------------ while the client waits

    async def route(self, local: str) -> Route | Reply:
        """What a local part of mail_domain means, or the refusal for RCPT. Raises Unavailable."""
        route = read_local_part(local)
        if route is None:
            return UNKNOWN
        if route.token:
            return route if self._answering.is_signed(route) else UNKNOWN
        if not route.list_name:
            return route
        target = await self._database.read(lists.find_list, route.list_name)
        if target is None:
            return UNKNOWN
        return CLOSED if route.kind is RouteKind.SUBSCRIBE and target.closed_at is not None else route

    async def take(self, arrival: Arrival) -> list[Reply]:
        """Store a mail durably and answer for each recipient. Raises Unavailable: then nothing is stored."""
        seen = glance(arrival.content)
        verdicts = [self._verdict(route, seen) for route in arrival.recipients]
        is_taken = any(verdict is ACCEPTED for verdict in verdicts)
        own = own_digest(arrival.content, seen) if is_taken else b""  # once, however many recipients
        rows = [
            self._row(arrival, seen, own, route, verdict)
            for route, verdict in zip(arrival.recipients, verdicts, strict=True)
            if verdict is ACCEPTED or (is_taken and not arrival.replies_each)
        ]
        for route, verdict in zip(arrival.recipients, verdicts, strict=True):
            if verdict is not ACCEPTED:
                self._count("refused")
                event(log, "inbound.refused", list=route.list_name, kind=route.kind, reply=verdict.code)
        if rows:
            await self._store(arrival, rows)
        return verdicts

    def _verdict(self, route: Route, seen: Glance) -> Reply:
        if seen.received > MOST_HOPS:
            return LOOP
        if route.kind is RouteKind.POST and not self._answers_a_copy(seen):
            return NO_EDITIONS
        return ACCEPTED

    def _answers_a_copy(self, seen: Glance) -> bool:
        """Whether a mail is a reply to one of ours: its ids are of our making (services.composing.message_id)."""
        for value in seen.answers:
            left, _, domain = value.rpartition("@")
            if domain.lower() == self.site.mail_domain and len(left) == 24 and left.isalnum():
                return True
        return False

    def _row(self, arrival: Arrival, seen: Glance, own: bytes, route: Route, verdict: Reply) -> NewInbound:
        recipient = _local_part(route)
        refused = verdict is not ACCEPTED
        return NewInbound(
            digest=same_mail_digest(own, mail_from=arrival.mail_from, recipient=recipient),
            mail_from=arrival.mail_from,
            recipient=recipient,
            peer=arrival.peer,
            utf8=arrival.utf8,
            state=InboundState.KEPT if refused else InboundState.RECEIVED,
            outcome=verdict.text if refused else "",
            repeats_after=None if seen.has_message_id else SAME_WITHIN_SECONDS,
        )

    async def _store(self, arrival: Arrival, rows: list[NewInbound]) -> None:
        stored = await self._intake.store(rows, arrival.content, int(self._clock()))
        again = stored.count(False)
        for _ in range(again):
            self._count("repeated")
        event(
            log,
            "inbound.accepted",
            peer=arrival.peer,
            size=len(arrival.content),
            recipients=len(rows),
            repeated=again,
        )
        self._wanted.set()

    # ------------------------------------------------------------------ afterwards

    async def run(self) -> None:
        """Deal with accepted mail until cancelled."""
        while True:
            self._wanted.clear()
            try:
                is_through = await self._pass_through()
            except Unavailable as problem:
                event(log, "inbound.database_unavailable", level=logging.WARNING, problem=str(problem))
                is_through = False
            try:
                async with asyncio.timeout(_LOOK_AGAIN_SECONDS if is_through else _AGAIN_SECONDS):
                    await self._wanted.wait()
            except TimeoutError:
                pass

    async def recover(self) -> None:
        """Deal with all mail that was accepted and not dealt with, by whichever process. Raises Unavailable."""
        await self._pass_through()

    async def _pass_through(self) -> bool:
        """One pass over all that waits; False when something has to wait for another one."""
        after, is_through = 0, True
        async with self._pass:
            while numbers := await self._database.read(inbound.waiting_mail, after=after, limit=_BATCH):
                for number in numbers:
                    is_through = await self._deal_with(number) and is_through
                after = numbers[-1]
        return is_through

    async def _deal_with(self, number: int) -> bool:
        mail = await self._database.read(inbound.load_waiting, number)
        if mail is None:
            return True
        route = read_local_part(mail.recipient)
        incoming, problem = None, ""
        if route is not None and route.kind in READ_KINDS:
            try:
                incoming = await self._reader.read(mail.content)
            except UnreadableMail as found:
                problem = str(found)
            except Unavailable as found:
                event(log, "inbound.reader_unavailable", level=logging.ERROR, problem=str(found))
                return False
        try:
            settled = await self._database.record(self._answering.settle, mail, route, incoming, problem)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - the edge of the loop: one mail must not keep the others waiting
            event(log, "inbound.failed", level=logging.ERROR, error=True, mail=mail.id)
            await self._database.record(
                inbound.settle_mail, mail.id, InboundState.FAILED, "an error of ours, see the log", int(self._clock())
            )
            self._count("failed")
            return True
        self._report(mail, route, settled)
        self._wake()
        return True

    def _report(self, mail: InboundMail, route: Route | None, settled: Settled) -> None:
        list_name, kind = ("", "failed") if route is None else (route.list_name, route.kind.value)
        say = partial(event, log, mail=mail.id, list=list_name, kind=kind, outcome=settled.outcome)
        if settled.state is InboundState.UNREADABLE:
            say("inbound.unreadable", level=logging.WARNING)
        elif settled.outcome == FORWARD_BOUNCED:
            say("inbound.forward_bounced", level=logging.WARNING)
        elif settled.state is InboundState.DONE or settled.outcome == BOUNCE:
            say("inbound.processed")
        else:
            say("inbound.kept", level=logging.WARNING)
        unread = settled.state is InboundState.UNREADABLE
        self._count("unreadable" if unread else "failed" if route is None else _COUNTED_AS.get(route.kind, "command"))


def _local_part(route: Route) -> str:
    """A local part that means this route, always the same one."""
    if not route.list_name:
        return route.kind
    match route.kind:
        case RouteKind.POST:
            return route.list_name
        case RouteKind.LEAVE:
            return f"{route.list_name}-unsubscribe+{route.token}"
        case _:
            return f"{route.list_name}-{route.kind}" + (f"+{route.token}" if route.token else "")
