"""Accepting mail: what each recipient means at RCPT, what is refused after the content, what is stored before 250.

An accepted mail is a row in state `received`, which mail_processing deals with. The same mail delivered twice is one
row (see message.incoming.header_scan.same_mail_digest).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.abuse.windows import Windows
from pressrun.core.addresses.mail_queues import MailQueue, queue_of
from pressrun.core.addresses.mail_routes import Route, RouteKind, read_local_part
from pressrun.core.addresses.old_links import read_command
from pressrun.core.signing.tokens import AddressTokens, WebTokens
from pressrun.message.incoming.header_scan import HeaderScan, header_fields, own_digest, same_mail_digest, scan_header
from pressrun.observe.log import event
from pressrun.services.context import ServiceContext
from pressrun.services.incoming.enclosed_tokens import EnclosedTokens
from pressrun.services.incoming.mail_quota import MailQuota
from pressrun.services.incoming.posting_rules import UNKNOWN, check_posts, is_reply_to_copy
from pressrun.services.ports import Waker
from pressrun.services.readers.old_links import find_old_route
from pressrun.smtp.reply import Reply
from pressrun.store.lists import lists
from pressrun.store.queue.inbound import InboundState, NewInbound, store_mail

log = logging.getLogger("pressrun.inbound")

MOST_HOPS = 25
# Two mails with the same octets and no Message-ID are one mail, delivered twice, only when they come this close.
SAME_WITHIN_SECONDS = 600
# Unless they ask for something: people and scripts ask again in the same words, and the limits on answers hold anyway.
_ASKING = frozenset({RouteKind.SUBSCRIBE, RouteKind.UNSUBSCRIBE, RouteKind.LEAVE, RouteKind.REQUEST})

# Mail by which people leave is stored even when the disk is nearly full: it is small, and nobody may be kept in. What a
# mail to the address of a whole server asks for is known, and looked at, once its subject has been read.
_LEAVING = frozenset({RouteKind.LEAVE, RouteKind.UNSUBSCRIBE, RouteKind.REQUEST, RouteKind.COMMANDS})
LARGEST_LEAVING = 64 * 1024  # octets; a mail program adds a signature and its own headers

_MAY_COMPLAIN = frozenset({RouteKind.ABUSE, RouteKind.POSTMASTER})

ACCEPTED = Reply(250, "accepted", "2.6.0")
CLOSED = Reply(550, "this list is closed to new subscriptions", "5.7.1")
QUEUE_FULL = Reply(452, "too much mail is waiting, try again later", "4.3.1")
DISK_FULL = Reply(452, "insufficient system storage, try again later", "4.3.1")
NO_COMMAND = Reply(550, "the subject has no command: write to LIST-subscribe or LIST-unsubscribe", "5.7.1")
LOOP = Reply(554, "too many hops, possible mail loop", "5.4.6")


class ArrivedMail(Struct, frozen=True, kw_only=True):
    """A mail whose content has arrived completely, for recipients that `resolve_route` accepted.

    `mail_from` is "" for the null sender; with `replies_each` every recipient gets a reply of its own (LMTP).
    """

    mail_from: str
    recipients: tuple[Route, ...]
    content: bytes
    peer: str
    utf8: bool = False
    replies_each: bool = False


class MailAcceptance:
    """Accepts mail, and tells `accepted` about it."""

    def __init__(self, context: ServiceContext, *, count: Callable[[str], None], accepted: Waker) -> None:
        self.site = context.site
        self._context = context
        self._database = context.database
        self._count = count
        self._accepted = accepted
        self._tokens = AddressTokens(context.keys)
        self._by_token = Windows()
        self._enclosed = EnclosedTokens(context.site, self._tokens, WebTokens(context.keys))
        self._quota = MailQuota(context)

    async def resolve_route(self, local: str) -> Route | Reply:
        """What a local part of mail_domain means, or the reply that refuses it. Raises Unavailable."""
        route = read_local_part(local)
        if route is None:
            return await self.resolve_old_route(local, self.site.mail_domain) or UNKNOWN
        if route.token:
            return UNKNOWN if self._tokens.read_route(route) is None else route
        if not route.list_name:
            return route
        target = await self._database.read(lists.find_list, route.list_name)
        if target is None:
            return await self.resolve_old_route(local, self.site.mail_domain) or UNKNOWN
        return CLOSED if route.kind is RouteKind.SUBSCRIBE and target.closed_at is not None else route

    async def resolve_old_route(self, local: str, domain: str) -> Route | Reply | None:
        """The same for an address that a list may have had before it was moved here; None if none had it."""
        route = await self._database.read(find_old_route, local, domain)
        if route is None or route.kind is not RouteKind.SUBSCRIBE:
            return route
        return await self.resolve_route(_local_part(route))

    async def has_room(self, route: Route, earlier: Sequence[Route], size: int) -> bool:
        """Whether a transaction may have one more recipient, for a mail of `size` octets (0: not announced).

        What may turn out to be a complaint is decided once its content has come. Raises Unavailable.
        """
        queue = queue_of(route.kind)
        if not self._may_be_stored([route], size):
            return False
        if route.kind in _MAY_COMPLAIN:
            return True
        number = 1 + sum(queue_of(other.kind) is queue for other in earlier)
        return not await self._quota.list_full({queue: number}, size)

    async def accept(self, arrived: ArrivedMail) -> list[Reply]:
        """Store a mail durably; returns the reply for each recipient. Raises Unavailable when nothing was stored."""
        header = scan_header(arrived.content)
        arrived = await self._read_commands(arrived)
        posts = await self._check_posts(arrived, header)
        replies = [_reply_to(route, header, posts) for route in arrived.recipients]
        queues = self._queues_of(arrived)
        size = len(arrived.content)
        full = await self._quota.list_full(_count_copies(queues, replies), size)
        if full:
            replies = _without_room(arrived, replies, queues, full)
        if not self._may_be_stored(arrived.recipients, size):
            replies = [DISK_FULL if reply is ACCEPTED else reply for reply in replies]
        for route, reply in zip(arrived.recipients, replies, strict=True):
            if reply is not ACCEPTED:
                self._count("refused")
                event(log, "inbound.refused", list=route.list_name, kind=route.kind, reply=reply.code)
        if ACCEPTED in replies:
            own = own_digest(arrived.content, header)
            rows = [
                _new_row(arrived, header, own, route, reply, queue)
                for route, reply, queue in zip(arrived.recipients, replies, queues, strict=True)
                if reply is ACCEPTED or not arrived.replies_each
            ]
            with self._quota.reserve(_count_copies(queues, replies), size):
                await self._store(arrived, rows)
        return replies

    def _may_be_stored(self, routes: Sequence[Route], size: int) -> bool:
        """Whether there is room for a mail; on a nearly full disk, for small ones by which people leave."""
        is_leaving = all(route.kind in _LEAVING for route in routes) and size <= LARGEST_LEAVING
        return is_leaving or self._database.growth.is_allowed

    async def _check_posts(self, arrived: ArrivedMail, header: HeaderScan) -> Mapping[str, Reply | None]:
        """What lists reply to an edition by mail; a reply to a copy of ours needs no check."""
        names = {route.list_name for route in arrived.recipients if route.kind is RouteKind.POST}
        if not names or header.received > MOST_HOPS or is_reply_to_copy(header, self.site):
            return {}
        return await self._database.read(
            check_posts, sorted(names), header, site=self.site, mail_from=arrived.mail_from
        )

    async def _read_commands(self, arrived: ArrivedMail) -> ArrivedMail:
        """Send what came to the address of a whole server to the list that its subject names, if it names one."""
        if all(route.kind is not RouteKind.COMMANDS for route in arrived.recipients):
            return arrived
        subject = next((value for name, value in header_fields(arrived.content) if name == "subject"), "")
        command = read_command(subject)
        if command is None:
            return arrived
        kind, name = command
        routes = []
        for route in arrived.recipients:
            if route.kind is RouteKind.COMMANDS:
                old = await self._database.read(find_old_route, f"{name}-{kind}", route.token)
                routes.append(old if old is not None and old.list_name else route)
            else:
                routes.append(route)
        return replace(arrived, recipients=tuple(routes))

    def _queues_of(self, arrived: ArrivedMail) -> list[MailQueue]:
        """Where a mail waits for each recipient."""
        enclosed = None
        if any(route.kind in _MAY_COMPLAIN for route in arrived.recipients):
            enclosed = self._enclosed.find(arrived.content)
        return [self._queue_of(route, enclosed) for route in arrived.recipients]

    def _queue_of(self, route: Route, enclosed: str | None) -> MailQueue:
        """The queue for mail that a token of ours proves; each token is good for a limited number of mails."""
        queue, proof = queue_of(route.kind), _local_part(route)
        if route.kind in _MAY_COMPLAIN and enclosed is not None:
            queue, proof = MailQueue.BOUNCES, enclosed
        if queue is MailQueue.STRANGERS:
            return queue
        opens_at = self._by_token.spend(proof, self._context.limits.mails_per_token, self._context.clock())
        return queue if opens_at is None else MailQueue.STRANGERS

    async def _store(self, arrived: ArrivedMail, rows: list[NewInbound]) -> None:
        stored = await self._database.share(store_mail, rows, arrived.content, self._context.now)
        repeated = stored.count(False)
        for _ in range(repeated):
            self._count("repeated")
        event(
            log,
            "inbound.accepted",
            peer=arrived.peer,
            size=len(arrived.content),
            recipients=len(rows),
            repeated=repeated,
        )
        self._accepted()


def _new_row(
    arrived: ArrivedMail, header: HeaderScan, own: bytes, route: Route, reply: Reply, queue: MailQueue
) -> NewInbound:
    recipient = _local_part(route)
    refused = reply is not ACCEPTED
    return NewInbound(
        digest=same_mail_digest(own, mail_from=arrived.mail_from, recipient=recipient),
        mail_from=arrived.mail_from,
        recipient=recipient,
        peer=arrived.peer,
        utf8=arrived.utf8,
        queue=queue,
        state=InboundState.KEPT if refused else InboundState.RECEIVED,
        outcome=reply.text if refused else "",
        repeats_after=_repeats_after(header, route),
    )


def _repeats_after(header: HeaderScan, route: Route) -> int | None:
    """After how many seconds the same octets are another mail; None: never."""
    if header.has_message_id:
        return None
    return 0 if route.kind in _ASKING else SAME_WITHIN_SECONDS


def _count_copies(queues: Sequence[MailQueue], replies: Sequence[Reply]) -> Counter[MailQueue]:
    """How many recipients get the mail, by the queue where it waits for them."""
    return Counter(queue for queue, reply in zip(queues, replies, strict=True) if reply is ACCEPTED)


def _without_room(
    arrived: ArrivedMail, replies: Sequence[Reply], queues: Sequence[MailQueue], full: frozenset[MailQueue]
) -> list[Reply]:
    """The replies where some queues are full. SMTP has one reply for all, so its client keeps the whole mail."""
    return [
        QUEUE_FULL if reply is ACCEPTED and (queue in full or not arrived.replies_each) else reply
        for reply, queue in zip(replies, queues, strict=True)
    ]


def _reply_to(route: Route, header: HeaderScan, posts: Mapping[str, Reply | None]) -> Reply:
    if header.received > MOST_HOPS:
        return LOOP
    if route.kind is RouteKind.COMMANDS:
        return NO_COMMAND
    refusal = posts.get(route.list_name) if route.kind is RouteKind.POST else None
    return ACCEPTED if refusal is None else refusal


def _local_part(route: Route) -> str:
    """The canonical local part of a route."""
    if not route.list_name:
        return route.kind
    match route.kind:
        case RouteKind.POST:
            return route.list_name
        case RouteKind.LEAVE:
            return f"{route.list_name}-unsubscribe+{route.token}"
        case _:
            return f"{route.list_name}-{route.kind}" + (f"+{route.token}" if route.token else "")
