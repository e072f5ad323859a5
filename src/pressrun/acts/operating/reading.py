"""Actions by which operators look at suppressions, the queue, kept mail, held sign-ups and the audit log."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from pressrun.acts.act import ActList, Doing, Http
from pressrun.acts.arguments import AddressOnly, Arguments, MailId
from pressrun.acts.http import Content, Page, PageLength, Since
from pressrun.core.access.rights import Right
from pressrun.core.addresses.address import parse_address
from pressrun.core.timestamps import parse_time
from pressrun.runtime.clock import utc_now
from pressrun.services.reports.audit_rows import AuditInfo, list_audit_rows
from pressrun.services.reports.queue_listing import QueueInfo, list_queue
from pressrun.services.reports.suppression_listing import SuppressionInfo, page_of_suppressions, show_suppression
from pressrun.services.upkeep import held_sign_ups, kept_mail
from pressrun.store.paging import AFTER_ALL, place_after
from pressrun.store.queue.inbound import KeptMailInfo
from pressrun.store.readers.held_sign_ups import HeldInfo

MAIL = "message/rfc822"
After = Annotated[int, Meta(ge=0)]
"""The id of the last item of the page before; 0 begins."""


class SuppressionPage(Arguments, frozen=True, kw_only=True):
    """Suppressions, in no meaningful order."""

    limit: PageLength = 100
    after: str = ""


class KeptMailPage(Arguments, frozen=True, kw_only=True):
    """Kept mail, newest first."""

    state: Literal["kept", "unreadable", "failed"] | None = None
    limit: PageLength = 100
    after: After = 0


class HeldPage(Arguments, frozen=True, kw_only=True):
    """Held sign-ups, oldest first."""

    list: str | None = None
    limit: PageLength = 100
    after: After = 0


class AuditPage(Arguments, frozen=True, kw_only=True):
    """Rows of the audit log, newest first."""

    who: str | None = None
    list: str | None = None
    since: Since | None = None
    limit: PageLength = 100
    after: After = 0


OPERATOR_ACTS = ActList()


@OPERATOR_ACTS.add(
    "suppression.list",
    "Show the addresses that get no email",
    Right.OPERATE,
    http=Http(method="GET", path="suppressions", query=("limit", "after")),
)
async def _suppressions(doing: Doing, args: SuppressionPage) -> Page[SuppressionInfo]:
    items, following = await doing.cases.database.read(page_of_suppressions, after=args.after, limit=args.limit)
    return Page(items=items, next=following)


@OPERATOR_ACTS.add(
    "suppression.show",
    "Show why an address gets no email",
    Right.OPERATE,
    http=Http(method="GET", path="suppressions/{address}"),
)
async def _show_suppression(doing: Doing, args: AddressOnly) -> SuppressionInfo:
    return await doing.cases.database.read(show_suppression, doing.cases.keys, parse_address(args.address))


@OPERATOR_ACTS.add(
    "queue.list",
    "Show what waits to go out, by the domain of the recipients, and why",
    Right.OPERATE,
    http=Http(method="GET", path="queue"),
)
async def _queue(doing: Doing, _: Arguments) -> Page[QueueInfo]:
    return Page(items=await doing.cases.database.read(list_queue, int(utc_now())))


@OPERATOR_ACTS.add(
    "inbound.list",
    "Show the mail that is kept for a person, newest first",
    Right.OPERATE,
    http=Http(method="GET", path="inbound", query=("state", "limit", "after")),
)
async def _kept(doing: Doing, args: KeptMailPage) -> Page[KeptMailInfo]:
    before = args.after or AFTER_ALL
    items = await doing.cases.database.read(kept_mail.list_kept, args.state, before=before, limit=args.limit)
    return Page(items=items, next=place_after(items, args.limit, lambda mail: mail.id))


@OPERATOR_ACTS.add(
    "inbound.show", "Show a kept mail as it came", Right.OPERATE, http=Http(method="GET", path="inbound/{id}")
)
async def _mail(doing: Doing, args: MailId) -> Content:
    return Content(octets=await doing.cases.database.read(kept_mail.show_kept, args.id), media_type=MAIL)


@OPERATOR_ACTS.add(
    "held.list",
    "Show the sign-ups that are held, oldest first",
    Right.OPERATE,
    http=Http(method="GET", path="held", query=("list", "limit", "after")),
)
async def _held(doing: Doing, args: HeldPage) -> Page[HeldInfo]:
    items = await doing.cases.database.read(held_sign_ups.list_held, args.list, after=args.after, limit=args.limit)
    return Page(items=items, next=place_after(items, args.limit, lambda held: held.id))


@OPERATOR_ACTS.add(
    "audit.list",
    "Show who did what, newest first",
    Right.OPERATE,
    http=Http(method="GET", path="audit", query=("who", "list", "since", "limit", "after")),
)
async def _audit(doing: Doing, args: AuditPage) -> Page[AuditInfo]:
    items = await doing.cases.database.read(
        list_audit_rows,
        before=args.after or AFTER_ALL,
        limit=args.limit,
        who=args.who,
        list_name=args.list,
        since=0 if args.since is None else parse_time(args.since),
    )
    return Page(items=items, next=place_after(items, args.limit, lambda row: row.number))
