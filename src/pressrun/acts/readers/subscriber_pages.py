"""Actions that show programs the subscribers of a list."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta
from msgspec.structs import replace

from pressrun.acts.act import OF_LIST, ActList, Doing, Http
from pressrun.acts.arguments import Arguments, ListAddress
from pressrun.acts.http import CsvPage, Page, PageLength, Since, faults_of
from pressrun.core.access.rights import Right
from pressrun.core.addresses.address import parse_address
from pressrun.core.timestamps import parse_time
from pressrun.services.reports import exported_members, members
from pressrun.services.reports.members import Member
from pressrun.services.reports.subscriber_listing import MOST_READ, SubscriberSelection, parse_domain

ONE = "lists/{list}/subscribers/{address}"
_LENGTH_OF_STREAM = 2000  # of each page of a whole list: others wait while it is read

State = Literal["pending", "active", "suspended", "unsubscribed"]
Domain = Annotated[str, Meta(max_length=253, extra_json_schema={"pattern": "^([a-z0-9]{1,20}[.]){1,3}[a-z]{2,10}$"})]


class SubscribersOfList(Arguments, frozen=True, kw_only=True):
    """Some of the subscribers of a list: in a state, since a time, at a domain, or found by a search.

    `q` is the beginning of an address if it has an @ or ends in *, and otherwise text that an address or name contains.
    """

    list: str
    limit: PageLength = 100
    after: str = ""
    state: State | None = None
    since: Since | None = None
    domain: Domain | None = None
    q: Annotated[str, Meta(max_length=100)] = ""
    count: bool = False
    whole: bool = False
    table: bool = False


async def _count(doing: Doing, list_name: str, selection: SubscriberSelection) -> int:
    """How many subscribers are chosen, on all pages. A search counts part by part, so that it holds up nobody else."""
    if not (selection.search or selection.since):
        return await doing.cases.database.read(members.count_members, list_name, selection.state)
    total, part = 0, replace(selection, after="", limit=MOST_READ)
    while True:
        count, following = await doing.cases.database.read(members.count_part, list_name, part)
        total += count
        if following is None:
            return total
        part = replace(part, after=following)


def _search(args: SubscribersOfList) -> str:
    """The search of `subscriber ls`; a program chooses the kind of search itself."""
    if args.domain is not None:
        return f"@{args.domain}"
    text = args.q.strip().lstrip("@")
    return f"{text}*" if "@" in text and not text.endswith("*") else text


SUBSCRIBER_PAGES = ActList()


@SUBSCRIBER_PAGES.add(
    "subscriber.list",
    "Show the subscribers of a list, page by page or all of them",
    Right.SEE_READERS,
    OF_LIST,
    answer=Page[Member],
    http=Http(
        method="GET",
        path="lists/{list}/subscribers",
        query=("limit", "after", "state", "since", "domain", "q", "count"),
        check=lambda values: faults_of(values, domain=parse_domain),
    ),
)
async def _page(doing: Doing, args: SubscribersOfList) -> Page[Any]:
    if args.whole:
        doing.require(Right.EXPORT_READERS, args.list)
    selection = SubscriberSelection(
        state=args.state,
        since=0 if args.since is None else parse_time(args.since),
        search=_search(args),
        after=args.after,
        limit=_LENGTH_OF_STREAM if args.whole else args.limit,
    )
    if args.table:
        table = await doing.cases.database.read(exported_members.table_of_members, args.list, selection)
        return CsvPage(items=table.members, next=table.following, columns=tuple(table.columns))
    items, following = await doing.cases.database.read(members.page_of_members, args.list, selection)
    total: Any = await _count(doing, args.list, selection) if args.count else UNSET
    return Page(items=items, next=following, total=total)


@SUBSCRIBER_PAGES.add(
    "subscriber.get", "Show one subscriber of a list", Right.SEE_READERS, OF_LIST, http=Http(method="GET", path=ONE)
)
async def _get(doing: Doing, args: ListAddress) -> Member:
    return await doing.cases.database.read(
        members.show_member, doing.cases.keys, args.list, parse_address(args.address)
    )
