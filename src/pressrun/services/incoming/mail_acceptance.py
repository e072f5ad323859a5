"""Taking mail in: who gets what at RCPT, what is refused after the content, what is stored before 250 is said.

An accepted mail is a row in state `received`; mail_processing deals with it. The same mail handed over
twice is one row (see message.trace.same_mail_digest).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pressrun.core.current import Current
from pressrun.core.keys import KeyRing
from pressrun.core.mail_queues import MailQueue, queue_of
from pressrun.core.mail_routes import Route, RouteKind, read_local_part
from pressrun.core.site import Site
from pressrun.core.tokens import AddressTokens, WebTokens
from pressrun.core.windows import Windows
from pressrun.message.incoming.header_scan import HeaderScan, own_digest, same_mail_digest, scan_header
from pressrun.observe.log import event
from pressrun.services.incoming.enclosed_tokens import EnclosedTokens
from pressrun.services.incoming.mail_quota import MailQuota
from pressrun.services.incoming.posting_rules import answers_a_copy, judge_posts
from pressrun.services.ports import Clock, Waker
from pressrun.services.settings import ServiceSettings
from pressrun.smtp.reply import Reply
from pressrun.store import lists
from pressrun.store.database import Database
from pressrun.store.inbound import InboundState, NewInbound, store_mail

log = logging.getLogger("pressrun.inbound")

MOST_HOPS = 25
# Two mails of the same octets without a Message-ID are one mail handed over twice only when they come this close.
SAME_WITHIN_SECONDS = 600

_MAY_COMPLAIN = frozenset({RouteKind.ABUSE, RouteKind.POSTMASTER})

ACCEPTED = Reply(250, "accepted", "2.6.0")
UNKNOWN = Reply(550, "there is no such address here", "5.1.1")
CLOSED = Reply(550, "this list is closed and takes no new subscriptions", "5.7.1")
QUEUE_FULL = Reply(452, "too much mail is waiting, try again later", "4.3.1")
LOOP = Reply(554, "too many hops, this mail is going round in circles", "5.4.6")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivedMail:
    """A mail whose content has come whole, for recipients that `route` accepted.

    `mail_from` is "" for the null sender; `replies_each` says that each recipient gets a reply of its own (LMTP).
    """

    mail_from: str
    recipients: tuple[Route, ...]
    content: bytes
    peer: str
    utf8: bool = False
    replies_each: bool = False


class MailAcceptance:
    """Takes mail in over one database; `accepted` tells who deals with it."""

    def __init__(
        self,
        *,
        database: Database,
        keys: KeyRing,
        site: Site,
        settings: Current[ServiceSettings],
        clock: Clock,
        count: Callable[[str], None],
        accepted: Waker,
    ) -> None:
        self.site = site
        self._settings = settings
        self._database = database
        self._clock = clock
        self._count = count
        self._accepted = accepted
        self._tokens = AddressTokens(keys)
        self._by_token = Windows()
        self._proofs = EnclosedTokens(site, self._tokens, WebTokens(keys))
        self._room = MailQuota(database, settings.part(lambda every: every.limits), clock)

    async def find_route(self, local: str) -> Route | Reply:
        """What a local part of mail_domain means, or the refusal for RCPT. Raises Unavailable."""
        route = read_local_part(local)
        if route is None:
            return UNKNOWN
        if route.token:
            return UNKNOWN if self._tokens.read_route(route) is None else route
        if not route.list_name:
            return route
        target = await self._database.read(lists.find_list, route.list_name)
        if target is None:
            return UNKNOWN
        return CLOSED if route.kind is RouteKind.SUBSCRIBE and target.closed_at is not None else route

    async def has_room(self, route: Route, earlier: Sequence[Route], size: int) -> bool:
        """Whether one more recipient of a transaction may be accepted, for a mail of `size` octets (0: not announced).

        What may turn out to be a complaint is judged when its content has come. Raises Unavailable.
        """
        queue = queue_of(route.kind)
        if route.kind in _MAY_COMPLAIN:
            return True
        number = 1 + sum(queue_of(one.kind) is queue for one in earlier)
        return not await self._room.full({queue: number}, size)

    async def accept(self, arrival: ArrivedMail) -> list[Reply]:
        """Store a mail durably and answer for each recipient. Raises Unavailable: then nothing is stored."""
        seen = scan_header(arrival.content)
        posts = await self._judge_posts(arrival, seen)
        verdicts = [_verdict(route, seen, posts) for route in arrival.recipients]
        queues = self._queues_of(arrival)
        size = len(arrival.content)
        copies = _copies(queues, verdicts)
        full = await self._room.full(copies, size)
        if full:
            verdicts = _without_room(arrival, verdicts, queues, full)
            copies = _copies(queues, verdicts)
        is_taken = any(verdict is ACCEPTED for verdict in verdicts)
        own = own_digest(arrival.content, seen) if is_taken else b""  # once, however many recipients
        rows = [
            self._row(arrival, seen, own, route, verdict, queue)
            for route, verdict, queue in zip(arrival.recipients, verdicts, queues, strict=True)
            if verdict is ACCEPTED or (is_taken and not arrival.replies_each)
        ]
        for route, verdict in zip(arrival.recipients, verdicts, strict=True):
            if verdict is not ACCEPTED:
                self._count("refused")
                event(log, "inbound.refused", list=route.list_name, kind=route.kind, reply=verdict.code)
        if rows:
            with self._room.taken(copies, size):
                await self._store(arrival, rows)
        return verdicts

    async def _judge_posts(self, arrival: ArrivedMail, seen: HeaderScan) -> Mapping[str, Reply | None]:
        """What lists answer to an edition by mail; nothing is asked about a reply to a copy of ours."""
        names = {route.list_name for route in arrival.recipients if route.kind is RouteKind.POST}
        if not names or seen.received > MOST_HOPS or answers_a_copy(seen, self.site):
            return {}
        return await self._database.read(judge_posts, sorted(names), seen, site=self.site, mail_from=arrival.mail_from)

    def _row(
        self, arrival: ArrivedMail, seen: HeaderScan, own: bytes, route: Route, verdict: Reply, queue: MailQueue
    ) -> NewInbound:
        recipient = _local_part(route)
        refused = verdict is not ACCEPTED
        return NewInbound(
            digest=same_mail_digest(own, mail_from=arrival.mail_from, recipient=recipient),
            mail_from=arrival.mail_from,
            recipient=recipient,
            peer=arrival.peer,
            utf8=arrival.utf8,
            queue=queue,
            state=InboundState.KEPT if refused else InboundState.RECEIVED,
            outcome=verdict.text if refused else "",
            repeats_after=None if seen.has_message_id else SAME_WITHIN_SECONDS,
        )

    def _queues_of(self, arrival: ArrivedMail) -> list[MailQueue]:
        """Where a mail waits for each recipient."""
        enclosed = None
        if any(route.kind in _MAY_COMPLAIN for route in arrival.recipients):
            enclosed = self._proofs.find(arrival.content)
        return [self._queue_of(route, enclosed) for route in arrival.recipients]

    def _queue_of(self, route: Route, enclosed: str | None) -> MailQueue:
        """By what proves that a reader of ours is behind it; each has some, so it goes before others only so often."""
        queue, proof = queue_of(route.kind), _local_part(route)
        if route.kind in _MAY_COMPLAIN and enclosed is not None:
            queue, proof = MailQueue.BOUNCES, enclosed
        if queue is MailQueue.STRANGERS:
            return queue
        opens_at = self._by_token.spend(proof, self._settings.value.limits.mails_per_token, self._clock())
        return queue if opens_at is None else MailQueue.STRANGERS

    async def _store(self, arrival: ArrivedMail, rows: list[NewInbound]) -> None:
        stored = await self._database.share(store_mail, rows, arrival.content, int(self._clock()))
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
        self._accepted()


def _copies(queues: Sequence[MailQueue], verdicts: Sequence[Reply]) -> dict[MailQueue, int]:
    """How many recipients get the mail, by where it waits for them."""
    copies: dict[MailQueue, int] = {}
    for queue, verdict in zip(queues, verdicts, strict=True):
        if verdict is ACCEPTED:
            copies[queue] = copies.get(queue, 0) + 1
    return copies


def _without_room(
    arrival: ArrivedMail, verdicts: Sequence[Reply], queues: Sequence[MailQueue], full: frozenset[MailQueue]
) -> list[Reply]:
    """The verdicts where some queues are full. SMTP has one reply for all: then the client keeps the whole mail."""
    return [
        QUEUE_FULL if verdict is ACCEPTED and (queue in full or not arrival.replies_each) else verdict
        for verdict, queue in zip(verdicts, queues, strict=True)
    ]


def _verdict(route: Route, seen: HeaderScan, posts: Mapping[str, Reply | None]) -> Reply:
    if seen.received > MOST_HOPS:
        return LOOP
    refusal = posts.get(route.list_name) if route.kind is RouteKind.POST else None
    return ACCEPTED if refusal is None else refusal


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
